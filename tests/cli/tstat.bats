load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >in.weir
}

setup() { cd "$BATS_FILE_TMPDIR"; }

w='weir-text 1
tensor w [2, 4] role=mlp.up layer=0
part norm2 F32 [4]
1 2 3 4
term dense
part dense F32 [2, 4]
1 -2 0 4
-0 0.5 nan inf
tensor v [2] role=norm
term dense
part dense F32 [2]
3 3
end'

@test "figures by hand" {
    # finite values: 1 -2 0 4 -0 0.5; mean 3.5/6; sum of squares 21.25
    echo "$w" | tload | tstat -m n,zeros,nonfinite,min,max,mean,l1,l2,rownorm,q0.5,q0.8,q1 --only w >got
    printf 'name\tn\tzeros\tnonfinite\tmin\tmax\tmean\tl1\tl2\trownorm\tq0.5\tq0.8\tq1\nw\t6\t2\t2\t-2\t4\t0.583333333\t7.5\t4.60977223\t4.58257569\t0.5\t2\t4\n' >want
    diff want got
}

@test "a constant has no kurtosis; companions and the total have lines of their own" {
    echo "$w" | tload | tstat -m n,mean,kurt --parts --total >got
    printf 'name\tn\tmean\tkurt\nw:norm2\t4\t2.5\t1.64\nw\t6\t0.583333333\t2.94457959\nv\t2\t3\tnan\ntotal\t8\t1.1875\t1.95932586\n' >want
    diff want got
}

@test "against Python, over the whole model" {
    tstat in.weir -m n,mean,std,kurt,l2,q0.99 >got
    tshow --data in.weir | python3 -c '
import sys, math
name = None
rows = {}
for l in sys.stdin:
    f = l.split()
    if f[0] == "tensor": name = f[1]; rows[name] = []
    elif f[0] == "part": take = name
    elif f[0] in ("blob", "end"): take = None
    elif name and f and l[0] in "-0123456789": rows[name] += map(float, f)
got = {l.split("\t")[0]: [float(x) for x in l.split("\t")[1:]] for l in open("got") if not l.startswith("name")}
import struct
def bf16(x):
    u = struct.unpack("<I", struct.pack("<f", x))[0]
    return struct.unpack("<f", struct.pack("<I", (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000))[0]
for k, g in got.items():
    v = [bf16(x) for x in rows[k]]
    n = len(v); m = math.fsum(v) / n
    c = [math.fsum((x - m) ** p for x in v) for p in (2, 4)]
    want = [n, m, math.sqrt(c[0] / n), n * c[1] / c[0] ** 2 if c[0] else math.nan, math.sqrt(math.fsum(x * x for x in v)),
            sorted(map(abs, v))[math.ceil(0.99 * n) - 1]]
    for a, b in zip(g, want):
        assert abs(a - b) <= 1e-8 * abs(b) or (a != a and b != b), (k, g, want)
assert len(got) == len(rows) > 10
'
}

@test "the histogram counts every value once" {
    tstat in.weir -m n --hist 10 | awk -F'\t' 'NR > 1 { n = split($3, c, ","); s = 0; for (i = 1; i <= n; i++) s += c[i]; if (n != 10 || s != $2) exit 1 }'
    echo "$w" | tload | tstat -m n --hist 3 --only w | tail -n 1 | diff - <(printf 'w\t6\t1,4,1\n')
    echo "$w" | tload | tstat -m n --hist 3 --only v | tail -n 1 | diff - <(printf 'v\t2\t2,0,0\n')
}

@test "the same for any number of threads and any way the chunks are stored" {
    tstat --total in.weir >one
    tstat --total -j 2 in.weir | cmp one -
    tcat -z --split-bytes in.weir | tstat -j 3 --total | cmp one -
    [ "$(tail -n 1 one | cut -f 1)" = total ]
}

@test "an empty tensor has no figures" {
    printf 'weir-text 1\ntensor w [0]\nterm dense\npart dense F32 [0]\nend\n' | tload | tstat -m n,min,mean,rms,q0.5,l2 | tail -n 1 | diff - <(printf 'w\t0\tnan\tnan\tnan\tnan\t0\n')
}

@test "wrong measures" {
    tstat --list | grep -q '^kurt	'
    for m in x q0 q1.5 q n,,min; do
        run tstat -m "$m" in.weir
        [ "$status" -eq 2 ] || { echo "$m: status $status"; return 1; }
    done
}

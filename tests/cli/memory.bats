# memory: one large tensor goes through under a limit of address space that would not hold it; what comes out is what smaller pieces give.
load helpers

MIB=96      # of the tensor
LIMIT=88000 # KiB of address space: a program, its buffers and some slabs

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    python3 - "$MIB" <<'PY'
# Rows of 4096 zeros, a hole on disk, with a few numbers that differ from file to file.
import json, struct, sys
size = int(sys.argv[1]) << 20
head = json.dumps({"w": {"dtype": "F32", "shape": [size // 16384, 4096], "data_offsets": [0, size]}}).encode()
head += b" " * (-len(head) % 8)
for k in range(4):
    with open(f"m{k}.safetensors", "wb") as f:
        f.write(len(head).to_bytes(8, "little") + head)
        f.truncate(8 + len(head) + size)
        for i in range(20):
            f.seek(8 + len(head) + (size // 21 * (i + 1) & ~3))
            f.write(struct.pack("<f", 0.5 + i % 5 + k))
two = {"w": {"dtype": "F32", "shape": [size // 16384, 4096], "data_offsets": [0, size]}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [size, size + 4]}}
for name, order in ("wa", ("w", "a")), ("aw", ("a", "w")):
    h = json.dumps({k: two[k] for k in order}).encode()
    h += b" " * (-len(h) % 8)
    with open(f"{name}.safetensors", "wb") as f:
        f.write(len(h).to_bytes(8, "little") + h)
        f.truncate(8 + len(h) + size + 4)
PY
    "$BIN/tsplit" m1.safetensors >m1.weir
}

setup() {
    case $BUILD in *-san*) skip "sanitizers hold more" ;; esac
    cd "$BATS_FILE_TMPDIR"
}

# small COMMAND...: run under the limit, standard output to out
small() { (limit $LIMIT; exec "$@") >out; }

@test "the limit is one: a program that holds the tensor fails under it" {
    run small wscore -m magnitude --only w <m1.weir
    [ "$status" -ne 0 ]
}

@test "merging: every method but those whose page says otherwise, of files and of a stream" {
    for m in linear task "ties --density 0.00001" "breadcrumbs --density 0.00001 --gamma 0.0000002" "breadcrumbs --scope row --density 0.1" \
        dare-linear dare-ties "della --density 0.5" rws; do
        small tmerge -m $m m0.safetensors m1.safetensors m2.safetensors m3.safetensors || { echo "$m"; return 1; }
        mv out files
        small tmerge -m $m m0.safetensors m1.weir m2.safetensors m3.safetensors || { echo "$m, a stream"; return 1; }
        tdiff files out
    done
    small tmerge -m slerp m0.safetensors m1.safetensors
    small tmerge -m opcm --only a wa.safetensors aw.safetensors
}

@test "ties and breadcrumbs over slabs keep the largest changes of the whole tensor" {
    # 20 changes of 1 in each fine-tune; of 25165824 elements the 7 largest stay: by size, the last of equals
    tmerge -m ties --density 0.0000003 m0.safetensors m1.safetensors >seven.weir
    [ "$(tdiff m0.safetensors seven.weir | awk -F '\t' 'NR == 2 { print $2, $3 }')" = "25165824 1" ]
    tstat -m n,zeros seven.weir >a; tstat -m n,zeros m0.safetensors 2>/dev/null >b || tsplit m0.safetensors | tstat -m n,zeros >b
    cmp a b
    tmerge -m ties --density 0 m0.safetensors m1.safetensors | tdiff - m0.safetensors
    tmerge -m ties --density 1 m0.safetensors m1.safetensors | tdiff - m1.safetensors
}

@test "comparing: files and streams, equal, different, in another order, and with a norm" {
    small tdiff m0.safetensors m0.safetensors
    run small tdiff m0.safetensors m1.safetensors
    [ "$status" -eq 1 ]
    run small tdiff m1.weir m2.safetensors
    [ "$status" -eq 1 ]
    small tdiff m1.safetensors m1.weir
    tsplit wa.safetensors >wa.weir
    small tdiff aw.safetensors wa.weir
}

@test "copying: dense from blocks, statistics, headers" {
    wquant -t q8_0 --only w <m1.weir >q.weir
    small tcat --dense q.weir
    small tcat -z1 m1.weir
    small tstat m1.weir
    small tshow m1.weir
    small wprune -m magnitude -s 0.5 --only w <m1.weir
    small wquant -t int4 -g 128 --only w <m1.weir
}

@test "200,000 tensors: some hundred bytes each, and their headers take time in proportion" {
    python3 - <<'PY'
import json
for n in 100000, 200000:
    h = json.dumps({f"model.layers.{i // 100}.mlp.experts.{i % 100}.up_proj.weight": {"dtype": "F32", "shape": [0, 16], "data_offsets": [0, 0]} for i in range(n)}).encode()
    with open(f"many{n}.safetensors", "wb") as f:
        f.write(len(h).to_bytes(8, "little") + h)
with open("twice.safetensors", "wb") as f:
    h = h[:-1] + b',"model.layers.0.mlp.experts.7.up_proj.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
    f.write(len(h).to_bytes(8, "little") + h)
PY
    (limit 160000; tsplit many200000.safetensors >out) # 208 MB resident when the header was a tree, now 113
    [ "$(tshow out | wc -l)" -eq 200002 ]
    (limit 160000; run tsplit twice.safetensors; one_line_error 1 tsplit; [[ $output == *'experts.7.up_proj.weight" is there twice' ]])
    python3 - "$BIN/tsplit" <<'PY'
import resource, subprocess, sys
def cpu(n):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([sys.argv[1], f"many{n}.safetensors"], check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
one, two = (min(cpu(n) for _ in range(3)) for n in (100000, 200000))
assert two < 3 * one + 0.1, (one, two)
PY
    rm many*.safetensors twice.safetensors
}

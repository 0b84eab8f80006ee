# numpy: .npy and .npz in and out. golden/numpy was saved by numpy itself.
load helpers

setup() {
    G=$TOP/tests/golden/numpy
    cd "$BATS_TEST_TMPDIR"
}

@test "npz, stored and deflated: the same arrays, columns-first turned" {
    tsplit "$G/plain.npz" | tshow | cut -f 1-3 | grep '\[' | sort >got
    printf '%s\t%s\t%s\n' b '[1]' BOOL big/name '[3]' I64 c '[2]' C64 f '[2, 3, 4]' I16 h '[0, 3]' F16 s '[]' F64 u '[5]' U8 x '[2, 3]' F32 | sort >want
    diff want got
    tsplit "$G/plain.npz" | tpack -o a.npz
    tsplit "$G/packed.npz" | tpack -o b.npz
    cmp a.npz b.npz
    tsplit a.npz | tpack -o c.npz
    cmp a.npz c.npz
    python3 - "$G/plain.npz" <<'PY'
import ast, struct, sys, zipfile
def load(path):
    out = {}
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        for n in z.namelist():
            b = z.read(n)
            size = struct.unpack("<H", b[8:10])[0]
            assert b[:8] == b"\x93NUMPY\1\0" and (10 + size) % 64 == 0 and b[9 + size:10 + size] == b"\n"
            out[n] = (ast.literal_eval(b[10:10 + size].decode()), b[10 + size:])
    return out
a, b = load(sys.argv[1]), load("a.npz")
assert list(a) == list(b)
for n in a:
    (h, x), (k, y) = a[n], b[n]
    if h["fortran_order"]:
        v = struct.unpack("<24h", x)
        x = struct.pack("<24h", *(v[i + 2 * j + 6 * k] for i in range(2) for j in range(3) for k in range(4)))
        h["fortran_order"] = False
    assert (h, x) == (k, y), n
PY
}

@test "npy: one array, named after its file" {
    tsplit "$G/f.npy" | tshow | grep -q '^f	\[3, 4\]	U32	48'
    tsplit "$G/f.npy" | tpack -o g.npy
    [ "$(tail -c 48 g.npy | od -An -v -w48 -tu4 | tr -s ' ')" = " 0 1 2 3 4 5 6 7 8 9 10 11" ]
    tsplit g.npy | tpack -t npy -o - | cmp - g.npy
    run bash -c "tsplit '$G/plain.npz' | tpack -o x.npy"
    one_line_error 1 tpack
    [[ $output == *"8 tensors; an .npy holds one: choose it with tcat --only, or write an .npz" ]]
    [ ! -e x.npy ]
}

@test "a type that numpy lacks is refused, and --dense converts it" {
    run bash -c "tsplit --layers 0 '$MODEL' | tpack -o x.npz"
    one_line_error 1 tpack
    [[ $output == *".weight: its value is dense BF16, which numpy does not hold: add --dense, or --dense=f16" ]]
    tsplit --layers 0 "$MODEL" | tpack --dense -o x.npz
    tsplit x.npz | tshow | grep -q 'q_proj.weight	\[256, 256\]	F32'
    tsplit x.npz | tpack -o f.safetensors
    tsplit --layers 0 "$MODEL" | tpack -o b.safetensors
    python3 - "$REF" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import safetensors
f, b = (safetensors.read(n + ".safetensors")[1] for n in "fb")
assert set(f) == set(b)
for n in f:
    x = bytes(b[n]["data"])
    assert bytes(f[n]["data"]) == b"".join(b"\0\0" + x[i:i + 2] for i in range(0, len(x), 2)), n
PY
    tsplit --layers 0 "$MODEL" | tpack --dense=f16 -t npz -o - >h.npz
    tsplit h.npz | tshow | grep -q 'q_proj.weight	\[256, 256\]	F16'
}

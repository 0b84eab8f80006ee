# torch: PyTorch's state dicts, read without running anything. golden/torch was saved by torch itself.
load helpers

setup() {
    G=$TOP/tests/golden/torch
    cd "$BATS_TEST_TMPDIR"
}

@test "the zip of today and the pickles before it hold what torch put there: views, turned, shared, every type" {
    for f in new.pt old.pth; do
        tsplit "$G/$f" | tpack -o x.safetensors
        python3 - "$REF" "$G/same.safetensors" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import safetensors
a, b = safetensors.read(sys.argv[2])[1], safetensors.read("x.safetensors")[1]
assert set(a) == set(b) and len(a) == 15
for k in a:
    assert a[k]["dtype"] == b[k]["dtype"] and a[k]["shape"] == b[k]["shape"] and a[k]["data"] == b[k]["data"], k
PY
    done
}

@test "a checkpoint: the state dict under its own names, other tensors under theirs, the rest left behind" {
    tsplit "$G/checkpoint.pt" | tshow | cut -f 1-3 | grep '\[' >got
    printf '%s\t%s\t%s\n' 0.weight '[4, 3]' F32 0.bias '[4]' F32 1.weight '[4]' F32 1.bias '[4]' F32 1.running_mean '[4]' F32 \
        1.running_var '[4]' F32 1.num_batches_tracked '[]' I64 optimizer.state.0.exp_avg '[4, 3]' F32 >want
    diff want got
}

@test "a saved module names classes: refused by the first of them, and nothing runs" {
    run tsplit -o x "$G/module.pt"
    one_line_error 1 tsplit
    [[ $output == *"module.pt: module/data.pkl: byte 40 of the pickle: it names torch.nn.modules.container.Sequential, which is not among what a state dict needs; nothing was run" ]]
}

# state SAFETENSORS OUT...: a state dict in torch's zip, by Python's own pickle and zipfile and classes that are called as torch's
state() {
    python3 "$TOP/tests/cli/state.py" "$@"
}

@test "a folder with pytorch_model.bin, whole and in shards, is the folder with safetensors" {
    tiny_model
    T=$BATS_FILE_TMPDIR/tiny
    cp -r "$T" bin; rm bin/model.safetensors
    state "$T/model.safetensors" bin/pytorch_model.bin
    tsplit bin | tpack -o a/
    cmp a/model.safetensors "$T/model.safetensors"
    cmp a/config.json "$T/config.json"
    cp -r "$T" shards; rm shards/model.safetensors
    state "$T/model.safetensors" shards/pytorch_model-00001-of-00002.bin shards/pytorch_model-00002-of-00002.bin shards/pytorch_model.bin.index.json
    tsplit shards | tpack -o b/
    cmp b/model.safetensors "$T/model.safetensors"
    tsplit shards/pytorch_model.bin.index.json | tpack -o c/
    cmp c/model.safetensors "$T/model.safetensors"
    head -c 500 "$BROOK/prose.test.txt" >text
    [ "$(tsplit bin | mppl -c 64 -f text)" = "$(tsplit "$T" | mppl -c 64 -f text)" ]
}

@test "deflated entries are unpacked, and their checksums hold" {
    python3 - "$G/new.pt" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as a, zipfile.ZipFile("z.pt", "w", zipfile.ZIP_DEFLATED) as b:
    for n in a.namelist():
        b.writestr(n, a.read(n))
PY
    tsplit z.pt | tpack -o x.safetensors
    tsplit "$G/new.pt" | tpack -o y.safetensors
    cmp x.safetensors y.safetensors
}

@test "a byte that changed in a stored entry is found: of a state dict, of an npz" {
    python3 - "$G/new.pt" <<'PY'
import sys, zipfile, struct
def damage(src, dst, pick):
    b = bytearray(open(src, "rb").read())
    with zipfile.ZipFile(src) as z:
        for i in z.infolist():
            if pick(i.filename) and i.file_size > 140 or pick(i.filename) and i.filename.startswith("new/data/"):
                at = i.header_offset + 30 + sum(struct.unpack("<HH", b[i.header_offset + 26:i.header_offset + 30]))
                b[at + i.file_size - 1] ^= 1
                open(dst, "wb").write(b)
                return
    raise SystemExit("nothing to damage")
damage(sys.argv[1], "bad.pt", lambda n: "/data/" in n)
row = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + ("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }".ljust(117) + "\n").encode()
with zipfile.ZipFile("good.npz", "w") as z:
    z.writestr("a.npy", row + struct.pack("<4f", 1, 2, 3, 4))
damage("good.npz", "bad.npz", lambda n: True)
PY
    tsplit good.npz >x
    for f in bad.pt bad.npz; do
        run tsplit -o x $f
        one_line_error 1 tsplit && [[ $output == *": its checksum is "*", the directory says "* ]] || { echo "$output"; return 1; }
    done
}

@test "a pickle of some KB that shares its parts takes memory by its bytes, and is refused" {
    python3 - <<'PY'
import struct, zipfile
def save(name, body):
    with zipfile.ZipFile(name, "w") as z:
        z.writestr("a/data.pkl", b"\x80\x02" + body + b".")
        z.writestr("a/data/0", struct.pack("<f", 1))
def text(s):
    return b"X" + struct.pack("<I", len(s)) + s.encode()
storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x01tQ"
tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00K\x01\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRq\x00"
# Five hundred tensors, one shared, in a list that a thousand names of a list share.
inner = b"](" + tensor + b"h\x00" * 500 + b"eq\x01"
save("names.pt", b"}(" + text("n" * 4000) + b"](" + inner + b"h\x01" * 1000 + b"eu")
# A list of a thousand pairs; three thousand OrderedDicts are made of it.
pairs = b"](" + b"K\x00K\x01\x86" * 1000 + b"eq\x02"
save("pairs.pt", b"](" + pairs + b"ccollections\nOrderedDict\nq\x03h\x02\x85R" + b"h\x03h\x02\x85R" * 3000 + b"e")
PY
    for f in names pairs; do
        [ "$(stat -c %s $f.pt)" -lt 40000 ]
        run bash -c "ulimit -v 200000; tsplit -o x $f.pt"
        case $BUILD in *-san*) run tsplit -o x $f.pt ;; esac
        one_line_error 1 tsplit || return 1
    done
    run tsplit -o x names.pt
    [[ $output == *"lists in lists are shared" ]]
    run tsplit -o x pairs.pt
    [[ $output == *"more pairs in OrderedDicts than the pickle has bytes" ]]
}

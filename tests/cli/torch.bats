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

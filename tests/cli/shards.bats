# shards: checkpoints in several files, by tpack --max-shard-size, and back.
load helpers

setup_file() {
    load helpers
    tiny_model
    tsplit "$BATS_FILE_TMPDIR/tiny" >"$BATS_FILE_TMPDIR/s.weir"
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    S=$BATS_FILE_TMPDIR/s.weir
    cd "$BATS_TEST_TMPDIR"
}

@test "a folder in shards: as Hugging Face's splitter shares out, index and all, and equal when read back" {
    for size in 1 4K 10K 100kB 263K; do # the embedding has 256 KiB: larger than most, and comes first
        rm -rf d
        tpack --max-shard-size $size -o d/ <"$S"
        python3 - "$REF" "$TINY" $size "$S" <<'PY'
import glob, json, os, sys
sys.path.insert(0, sys.argv[1])
import safetensors
unit = {"K": 1024, "kB": 1000}
size = sys.argv[3]
limit = next((int(size[:-len(u)]) * f for u, f in unit.items() if size.endswith(u)), None) or int(size)
whole = safetensors.read(sys.argv[2] + "/model.safetensors")[1]
index = json.load(open("d/model.safetensors.index.json"))
assert index["metadata"] == {"total_size": sum(len(t["data"]) for t in whole.values())}
assert list(index["weight_map"]) == sorted(whole)
files = sorted(glob.glob("d/model-*.safetensors"))
n = len(files)
assert [os.path.basename(f) for f in files] == [f"model-{i + 1:05}-of-{n:05}.safetensors" for i in range(n)]
# order of a forward pass, from tshow
order = [l.split("\t")[0] for l in os.popen(f"tshow {sys.argv[4]}") if l.split("\t")[0] in whole]
want, current, held = [], [], 0
for name in order:
    b = len(whole[name]["data"])
    if b > limit:
        want.append([name])
        continue
    if held + b > limit:
        want.append(current)
        current, held = [], 0
    current.append(name)
    held += b
if current:
    want.append(current)
assert [] not in want
for f, names in zip(files, want, strict=True):
    meta, got = safetensors.read(f)
    assert sorted(got) == sorted(names), (f, sorted(got), names)
    assert meta == {"format": "pt"}, meta
    for k in got:
        assert index["weight_map"][k] == os.path.basename(f) and got[k]["data"] == whole[k]["data"]
PY
        tsplit d | tpack -o back.safetensors
        cmp back.safetensors "$TINY/model.safetensors"
        cmp d/config.json "$TINY/config.json"
    done
}

@test "what fits one file stays one file" {
    tpack --max-shard-size 5GB -o d/ <"$S"
    cmp d/model.safetensors "$TINY/model.safetensors"
    [ "$(find d -name '*index*' | wc -l)" -eq 0 ]
    tpack --max-shard-size 5GB -o m.gguf <"$S"
    [ "$(find . -name '*.gguf' | wc -l)" -eq 1 ]
}

@test "a GGUF in parts: no part is empty, each has its keys, and any of them stands for all" {
    tpack -o whole.gguf <"$S"
    for size in 1 10K 100K 263K; do
        rm -f m-*.gguf
        tpack --max-shard-size $size -o m.gguf <"$S"
        [ ! -e m.gguf ]
        python3 - "$REF" $size <<'PY'
import glob, sys
sys.path.insert(0, sys.argv[1])
import gguf
limit = int(sys.argv[2].rstrip("K")) * (1024 if sys.argv[2].endswith("K") else 1)
keys, whole = gguf.read("whole.gguf")
files = sorted(glob.glob("m-*.gguf"))
n = len(files)
assert files == [f"m-{i + 1:05}-of-{n:05}.gguf" for i in range(n)] and n > 1
seen = []
for i, f in enumerate(files):
    kv, t = gguf.read(f)
    split = {"split.no": ("u16", i), "split.count": ("u16", n), "split.tensors.count": ("i32", len(whole))}
    assert kv == ({**keys, **split} if i == 0 else split), (f, kv.keys())
    size = sum(x["bytes"] for x in t)
    assert t and (size <= limit or len(t) == 1), (f, size)
    if seen: # a tensor more would not have fitted
        assert last + t[0]["bytes"] > limit
    last = size
    seen += [(x["name"], x["type"], x["ne"], bytes(x["data"])) for x in t]
assert seen == [(x["name"], x["type"], x["ne"], bytes(x["data"])) for x in whole]
PY
        for part in m-00001-*.gguf "$(ls m-*.gguf | tail -n 1)"; do
            tsplit "$part" | tpack -o back.gguf
            cmp back.gguf whole.gguf
        done
        tsplit m-*.gguf | tpack -o back.gguf
        cmp back.gguf whole.gguf
    done
    rm m-00002-*.gguf
    run tsplit -o o m-00001-*.gguf
    one_line_error 1 tsplit
    [[ $output == *"cannot open m-00002-of-"* ]]
}

@test "one file and standard output take no shards; a stream cut short leaves no part" {
    run tpack --max-shard-size 1K -o x.safetensors <"$S"
    [ "$status" -eq 2 ]
    run tpack --max-shard-size 1K -t gguf -o - <"$S"
    [ "$status" -eq 2 ]
    run tpack --max-shard-size lots -o d/ <"$S"
    [ "$status" -eq 2 ]
    run bash -c "head -c 200000 '$S' | tpack --max-shard-size 10K -o m.gguf"
    one_line_error 1 tpack
    run bash -c "head -c 200000 '$S' | tpack --max-shard-size 10K -o d/"
    one_line_error 1 tpack
    [ -z "$(ls)" ]
    mkdir m-00003-of-00020.gguf # in the way of the third part
    run tpack --max-shard-size 1 -o m.gguf <"$S"
    one_line_error 1 tpack
    [ "$(ls)" = m-00003-of-00020.gguf ]
}

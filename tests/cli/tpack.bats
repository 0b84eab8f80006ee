# tpack: checkpoints come back bit for bit, GGUF files pass a reader that shares nothing with weir, nothing is half written.
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    cd "$BATS_TEST_TMPDIR"
}

nothing_at() { # nothing_at NAME: neither it nor its temporary stands here
    [ -z "$(find . -maxdepth 1 -name "$1*" -print -quit)" ] || { ls -la; return 1; }
}

@test "brook comes back: every tensor's bits and every file" {
    tsplit "$MODEL" | tpack -o out/
    for f in "$MODEL"/*; do cmp "$f" "out/${f##*/}"; done
    [ "$(ls "$MODEL" | wc -l)" -eq "$(ls out | wc -l)" ]
}

@test "also through every codec" {
    for z in -z -z9 --split-bytes "-z --split-bytes" --bitmask; do
        tsplit "$MODEL" | tcat $z | tpack -o "out$z/"
        for f in "$MODEL"/*; do cmp "$f" "out$z/${f##*/}"; done
    done
}

@test "a safetensors file on a pipe is the same file" {
    tsplit "$TINY" | tpack -t safetensors -o - | cmp - "$TINY/model.safetensors"
}

@test "GGUF of the f32 model in f16: the peer's file, tensor by tensor and key by key" {
    need_shared models/gguf/brook-6m-f16.gguf
    tsplit "$SHARED/models/brook-6m-f32" | wquant -t f16 | tpack -o brook-6m-f32.gguf
    [ "$(stat -c %s brook-6m-f32.gguf)" -eq "$(stat -c %s "$SHARED/models/gguf/brook-6m-f16.gguf")" ]
    python3 - "$REF" "$SHARED/models/gguf/brook-6m-f16.gguf" brook-6m-f32.gguf <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import gguf
(ka, ta), (kb, tb) = gguf.read(sys.argv[2]), gguf.read(sys.argv[3])
assert set(ka) == set(kb), set(ka) ^ set(kb)
for k in ka:
    assert ka[k] == kb[k], (k, ka[k] if len(str(ka[k])) < 200 else "...", str(kb[k])[:200])
a, b = {t["name"]: t for t in ta}, {t["name"]: t for t in tb}
assert set(a) == set(b), set(a) ^ set(b)
for n in a:
    assert (a[n]["type"], a[n]["ne"]) == (b[n]["type"], b[n]["ne"]), (n, a[n]["type"], b[n]["type"])
    assert a[n]["data"] == b[n]["data"], n
PY
}

@test "GGUF of blocks: rows of q and k move whole, the strict reader is content" {
    tsplit "$MODEL" | wquant -t q8_0 >q.weir
    tpack -o q.gguf <q.weir
    python3 "$REF/gguf.py" q.gguf >list
    grep -q '^kv	general.quantization_version	u32	2$' list
    grep -q '^kv	general.file_type	u32	7$' list
    grep -q '^tensor	blk.5.attn_k.weight	q8_0	\[256, 128\]' list
    grep -q '^tensor	output_norm.weight	f32' list
    tsplit "$MODEL" | tpack -o d.gguf
    python3 - "$REF" d.gguf "$MODEL/model.safetensors" q.gguf <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import gguf, safetensors
g = {t["name"]: t for t in gguf.read(sys.argv[2])[1]}
s = safetensors.read(sys.argv[3])[1]
heads = {"q": 4, "k": 2}
for layer in range(6):
    for w, n in heads.items():
        a = bytes(s[f"model.layers.{layer}.self_attn.{w}_proj.weight"]["data"])
        b = bytes(g[f"blk.{layer}.attn_{w}.weight"]["data"])
        rows = [a[i:i + 512] for i in range(0, len(a), 512)]
        want = b"".join(rows[h * 64 + j * 32 + i] for h in range(n) for i in range(32) for j in range(2))
        assert b == want, (layer, w)
        assert sorted(rows) == sorted(b[i:i + 512] for i in range(0, len(b), 512))
    assert g[f"blk.{layer}.attn_v.weight"]["data"] == s[f"model.layers.{layer}.self_attn.v_proj.weight"]["data"]
# the blocks of row r of q8_0 must be the dense row's: compare scales' order by correlation of absolute sums
q = {t["name"]: t for t in gguf.read(sys.argv[4])[1]}["blk.0.attn_q.weight"]
import struct
row = 256 // 32 * 34
def absmax(b):
    return max(abs(struct.unpack("<f", b"\0\0" + b[i:i + 2])[0]) for i in range(0, len(b), 2))
dense = bytes(g["blk.0.attn_q.weight"]["data"])
for r in range(256):
    blk = bytes(q["data"][r * row:(r + 1) * row])
    biggest = max(abs(struct.unpack("<e", blk[i:i + 2])[0]) * 127 for i in range(0, row, 34))
    assert abs(biggest - absmax(dense[r * 512:(r + 1) * 512])) <= 0.002 * biggest, r
PY
}

@test "a value of another form is refused by name and form, and --dense writes it" {
    tsplit "$TINY" | wquant -t q8_0 --only '*.weight' >q.weir # chosen by name: the head alone cannot tell
    run tpack -o x.safetensors <q.weir
    one_line_error 1 tpack
    [[ $output == *".weight: its value is ggml q8_0, which safetensors does not hold: add --dense, or write a GGUF"* ]]
    nothing_at x.safetensors
    tpack --dense -o x.safetensors <q.weir
    python3 "$REF/safetensors.py" --order x.safetensors >list
    [ "$(grep -c '	BF16	' list)" -eq 20 ]
    tpack --dense=f32 -o y.safetensors <q.weir
    python3 "$REF/safetensors.py" y.safetensors | grep -q 'q_proj.weight	F32'
    run tpack --dense=i8 -o z.safetensors <q.weir
    [ "$status" -eq 2 ]
    tsplit "$TINY" | wquant -t int4 -g 32 --only '*.weight' >a.weir
    run tpack -o x.gguf <a.weir
    one_line_error 1 tpack
    [[ $output == *"its value is affine, which GGUF does not hold"* ]]
    nothing_at x.gguf
}

@test "GGUF: what has no mapping is refused by its name" {
    cp -r "$TINY" m
    sed -i 's/"model_type": *"llama"/"model_type": "mystery"/' m/config.json
    run bash -c 'tsplit m | tpack -o x.gguf'
    one_line_error 1 tpack
    [[ $output == *"architecture 'mystery' has no page here; there are "*"llama"* ]]
    run bash -c "tsplit --skip mlp.down '$TINY' | tpack -o x.gguf"
    one_line_error 1 tpack
    [[ $output == *"blk.0.ffn_down.weight is missing"* ]]
    rm m/tokenizer*; cp "$TINY/config.json" m
    run bash -c 'tsplit m | tpack -o x.gguf'
    one_line_error 1 tpack
    [[ $output == *"neither tokenizer.model nor tokenizer.json"* ]]
    sed -i 's/"intermediate_size": *64/"intermediate_size": 96/' m/config.json; cp "$TINY"/tokenizer* m
    run bash -c 'tsplit m | tpack -o x.gguf'
    one_line_error 1 tpack
    [[ $output == *"blk.0.ffn_gate.weight is [64, 32], the hyper-parameters say [96, 32]"* ]]
    nothing_at x.gguf
}

@test "GGUF of biases, of a Qwen2, and of Llama 3's scaled angles" {
    variant() { python3 - "$REF" "$TINY" m "$1" <<'PY'
import json, math, os, shutil, struct, sys
sys.path.insert(0, sys.argv[1])
import safetensors
src, dst, kind = sys.argv[2:]
shutil.rmtree(dst, ignore_errors=True); shutil.copytree(src, dst)
c = json.load(open(dst + "/config.json"))
c["model_type"] = "qwen2" if kind == "qwen2" else "llama"
if kind == "llama3":
    c["rope_scaling"] = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    c["rope_theta"] = 500000.0
json.dump(c, open(dst + "/config.json", "w"))
meta, t = safetensors.read(src + "/model.safetensors")
t = {k: (v["dtype"], v["shape"], bytes(v["data"])) for k, v in t.items()}
if kind != "llama3":
    for l in range(2):
        for w, n in (("q", 32), ("k", 16), ("v", 16)):
            t[f"model.layers.{l}.self_attn.{w}_proj.bias"] = ("F32", [n], struct.pack(f"<{n}f", *range(n)))
head, data = {}, b""
for k in sorted(t):
    head[k] = {"dtype": t[k][0], "shape": t[k][1], "data_offsets": [len(data), len(data) + len(t[k][2])]}
    data += t[k][2]
h = json.dumps(head).encode()
open(dst + "/model.safetensors", "wb").write(struct.pack("<Q", len(h)) + h + data)
PY
    tsplit m | tpack -o "$1.gguf"; }
    variant llama; variant qwen2; variant llama3
    python3 - "$REF" <<'PY'
import math, struct, sys
sys.path.insert(0, sys.argv[1])
import gguf
def f32(t):
    assert t["type"] == "f32"
    return list(struct.unpack(f"<{len(t['data']) // 4}f", t["data"]))
def load(name):
    kv, t = gguf.read(name)
    return kv, {x["name"]: x for x in t}
kv, t = load("llama.gguf")
assert f32(t["blk.1.attn_q.bias"]) == [h * 8 + j * 4 + i for h in range(4) for i in range(4) for j in range(2)]
assert f32(t["blk.1.attn_v.bias"]) == list(range(16))
kv, q = load("qwen2.gguf")
assert kv["general.architecture"][1] == "qwen2" and kv["qwen2.block_count"][1] == 2
assert f32(q["blk.1.attn_q.bias"]) == list(range(32))
assert sorted(bytes(q["blk.0.attn_q.weight"]["data"])) == sorted(bytes(t["blk.0.attn_q.weight"]["data"]))
assert q["blk.0.attn_q.weight"]["data"] != t["blk.0.attn_q.weight"]["data"]
kv, s = load("llama3.gguf")
assert kv["llama.rope.freq_base"][1] == 500000.0
got, want = f32(s["rope_freqs.weight"]), []
for i in range(4):
    wave = 2 * math.pi * 500000.0 ** (2 * i / 8)
    smooth = (8192 / wave - 1) / 3
    want.append(1.0 if wave < 8192 / 4 else 8.0 if wave > 8192 else 1 / ((1 - smooth) / 8 + smooth))
assert all(abs(a - b) < 1e-6 * b for a, b in zip(got, want)) and len(got) == 4, (got, want)
PY
}

@test "the target's name tells the format; otherwise --format does" {
    tsplit "$TINY" >s.weir
    mkdir there
    tpack -o there <s.weir
    [ -s there/model.safetensors ]
    run tpack -o there <s.weir
    one_line_error 1 tpack
    run tpack -o x.bin <s.weir; [ "$status" -eq 2 ]
    run tpack -o - <s.weir; [ "$status" -eq 2 ]
    run tpack -o - -t hf <s.weir; [ "$status" -eq 2 ]
    run tpack -t nonsense -o x <s.weir; [ "$status" -eq 2 ]
    run tpack <s.weir; [ "$status" -eq 2 ]
    tpack -t gguf -o x.bin <s.weir
    python3 "$REF/gguf.py" --quiet x.bin
    tpack --list | grep -q ^gguf
}

@test "killed upstream, cut stream, full disk, closed reader: no target, one line" {
    tsplit "$TINY" >s.weir
    size=$(stat -c %s s.weir)
    for t in out/ x.safetensors x.gguf; do
        for at in 0 7 100 $((size / 2)) $((size - 1)); do
            run bash -c "head -c $at s.weir | tpack -o $t"
            one_line_error 1 tpack
            nothing_at "${t%/}"
        done
        run bash -c "{ head -c $((size / 2)) s.weir; kill -9 \$BASHPID; } | tpack -o $t"
        [ "$status" -eq 1 ]
        nothing_at "${t%/}"
    done
    for f in safetensors gguf; do
        run bash -c "tpack -t $f -o - <s.weir >/dev/full"
        one_line_error 1 tpack
        run bash -c "set -o pipefail; tpack -t $f -o - <s.weir | head -c 1 >/dev/null"
        [ "$status" -eq 141 ]
    done
}

@test "interrupted: the temporary goes too" {
    tsplit "$TINY" >s.weir
    for t in out/ x.gguf; do
        mkfifo pipe
        tpack -o $t <pipe 2>/dev/null 3>&- &
        pid=$!
        exec 9>pipe
        head -c 5000 s.weir >&9
        for _ in 1 2 3 4 5 6 7 8 9 10; do [ -n "$(find . -name "${t%/}*" -print -quit)" ] && break; sleep 0.1; done
        kill -TERM $pid
        run wait $pid
        exec 9>&-
        nothing_at "${t%/}"
        rm pipe
    done
}

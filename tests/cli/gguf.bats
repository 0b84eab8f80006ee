# gguf: GGUF on the way in, and back: keys, types, names, rows, tokenizers, parts.
load helpers

setup_file() {
    load helpers
    tiny_model
    tsplit "$BATS_FILE_TMPDIR/tiny" | tpack -o "$BATS_FILE_TMPDIR/tiny.gguf"
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    GGUF=$BATS_FILE_TMPDIR/tiny.gguf
    cd "$BATS_TEST_TMPDIR"
}

# same_gguf A B: equal keys (kinds, values, order) and equal tensors in any order, by the reader in Python
same_gguf() {
    python3 - "$REF" "$@" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import gguf
(ka, a), (kb, b) = gguf.read(sys.argv[2]), gguf.read(sys.argv[3])
assert list(ka.items()) == list(kb.items()), [k for k in set(ka) | set(kb) if ka.get(k) != kb.get(k)]
pick = lambda t: sorted((x["name"], x["type"], x["ne"], bytes(x["data"])) for x in t)
assert pick(a) == pick(b)
PY
}

# everything FILE: a GGUF with a key of each kind, arrays of each kind, and a tensor of each type of ggml, aligned to 64
everything() {
    python3 - "$REF" "$1" <<'PY'
import struct, sys
sys.path.insert(0, sys.argv[1])
import gguf
def s(x): return struct.pack("<Q", len(x)) + x
kinds = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
kv = [s(b"general.architecture") + struct.pack("<I", 8) + s(b"toy"), s(b"general.alignment") + struct.pack("<II", 4, 64)]
for k, f in kinds.items():
    kv.append(s(b"one.%d" % k) + struct.pack("<I" + f, k, 1))
    kv.append(s(b"many.%d" % k) + struct.pack("<IIQ3" + f, 9, k, 3, 1, 0, 1))
kv.append(s(b"texts") + struct.pack("<IIQ", 9, 8, 3) + s(b"") + s(b"\xff\0\n") + s("é".encode()))
kv.append(s(b"none") + struct.pack("<IIQ", 9, 4, 0))
head, data = b"", b""
for n, (name, block, size) in gguf.TENSOR.items():
    ne = [2 * block, 3]
    head += s(b"t." + name.encode()) + struct.pack("<I2q", 2, *ne) + struct.pack("<IQ", n, len(data))
    raw = bytes((n + i * 7) % 251 for i in range(6 * size))
    data += raw + bytes(-len(raw) % 64)
head += s(b"scalar") + struct.pack("<I", 0) + struct.pack("<IQ", 0, len(data)); data += b"abcd" + bytes(60)
head += s(b"empty") + struct.pack("<I2q", 2, 0, 3) + struct.pack("<IQ", 0, len(data))
out = b"GGUF" + struct.pack("<Iqq", 3, len(gguf.TENSOR) + 2, len(kv)) + b"".join(kv) + head
open(sys.argv[2], "wb").write(out + bytes(-len(out) % 64) + data)
PY
}

@test "every kind of key and every type of tensor comes back as it was" {
    everything all.gguf
    python3 "$REF/gguf.py" --quiet all.gguf
    tsplit all.gguf | tcat | tpack -o back.gguf
    python3 - "$REF" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import gguf
(ka, a), (kb, b) = gguf.read("all.gguf"), gguf.read("back.gguf")
assert list(ka.items()) == list(kb.items()) and len(ka) == 2 + 22 + 2
one = lambda t: {x["name"]: (x["type"], x["ne"] or [1], bytes(x["data"])) for x in t}
assert one(a) == one(b) and len(a) == len(gguf.TENSOR) + 2
PY
    tsplit all.gguf | tshow | grep -q '^t.q4_K	\[3, 512\]	q4_K	864'
}

@test "a model's GGUF comes back as it was; a change of type changes the keys that say it" {
    tsplit "$GGUF" | tpack -o a.gguf
    same_gguf a.gguf "$GGUF"
    tsplit "$GGUF" | wquant -t q8_0 | tpack -o q.gguf
    python3 "$REF/gguf.py" q.gguf >q
    python3 "$REF/gguf.py" "$GGUF" >g
    grep -q '^kv	general.file_type	u32	7$' q
    grep -q '^kv	general.quantization_version	u32	2$' q
    diff <(grep ^kv q | grep -v 'file_type\|quantization_version') <(grep ^kv g | grep -v file_type)
    grep -q '^tensor	blk.1.attn_q.weight	q8_0' q
}

@test "GGUF to a Hugging Face folder: names, rows and files, there and back" {
    tsplit "$GGUF" | tpack -o hf/
    python3 - "$REF" "$TINY" hf <<'PY'
import json, struct, sys
sys.path.insert(0, sys.argv[1])
import safetensors
a, b = (safetensors.read(d + "/model.safetensors")[1] for d in sys.argv[2:])
assert set(a) == set(b)
for n in a:
    x, y = bytes(a[n]["data"]), bytes(b[n]["data"])
    if b[n]["dtype"] == "F32" and a[n]["dtype"] == "BF16": # norms
        x = b"".join(b"\0\0" + x[i:i + 2] for i in range(0, len(x), 2))
    assert x == y and a[n]["shape"] == b[n]["shape"], n
one, two = (json.load(open(d + "/config.json")) for d in sys.argv[2:])
assert all(one[k] == two[k] for k in two if k in one), [(k, one.get(k), two[k]) for k in two if one.get(k) != two[k]]
assert two["rope_theta"] == 10000.0 and two["rms_norm_eps"] == 1e-05 and two["num_key_value_heads"] == 2
one, two = (json.load(open(d + "/tokenizer.json")) for d in sys.argv[2:])
assert all(one[k] == two[k] for k in two if k != "model")
assert one["model"]["vocab"] == two["model"]["vocab"] and set(one["model"]["merges"]) == set(two["model"]["merges"])
PY
    [ ! -e hf/metadata.gguf ]
    tsplit hf | tpack -o back.gguf
    python3 "$REF/gguf.py" --sha back.gguf | grep -v general.name >b
    python3 "$REF/gguf.py" --sha "$GGUF" | grep -v general.name >g
    diff b g
}

@test "blocks need --dense on the way to a folder" {
    tsplit "$GGUF" | wquant -t q8_0 | tpack -o q.gguf
    run bash -c 'tsplit q.gguf | tpack -o hf/'
    one_line_error 1 tpack
    [[ $output == *"values that are blocks of ggml, which safetensors does not hold"* ]]
    tsplit q.gguf | tpack --dense=f16 -o hf/
    python3 "$REF/safetensors.py" hf/model.safetensors | grep -q 'model.layers.0.self_attn.q_proj.weight	F16'
}

@test "perplexity of a GGUF is that of the folder, by either of its tokenizers" {
    head -c 6000 "$BROOK/prose.test.txt" >text
    ppl() { mppl -c 128 -f text | cut -f 5 | tail -n 1; }
    tsplit "$MODEL" | tpack -o m.gguf
    want=$(tsplit "$MODEL" | ppl)
    [ "$(tsplit m.gguf | ppl)" = "$want" ]
    tsplit m.gguf | tpack -o hf/
    [ "$(tsplit hf | ppl)" = "$want" ]
    rm hf/tokenizer.model
    [ "$(tsplit hf | ppl)" = "$want" ]
}

@test "brook's GGUF holds what brook's safetensors holds" {
    need_shared models/gguf/brook-6m-f16.gguf
    f=$SHARED/models/gguf/brook-6m-f16.gguf
    tsplit "$f" | tpack -o a.gguf
    same_gguf a.gguf "$f"
    tsplit "$f" | tpack -o hf/
    python3 - "$REF" "$SHARED/models/brook-6m-f32/model.safetensors" hf/model.safetensors <<'PY'
import struct, sys
sys.path.insert(0, sys.argv[1])
import safetensors
a, b = (safetensors.read(f)[1] for f in sys.argv[2:])
assert set(a) == set(b)
for n in a:
    x = bytes(a[n]["data"])
    if b[n]["dtype"] == "F16":
        x = struct.pack(f"<{len(x) // 4}e", *struct.unpack(f"<{len(x) // 4}f", x))
    assert x == bytes(b[n]["data"]), n
PY
}

@test "Llama 3's divisors of rotary angles become rope_scaling again" {
    cp -r "$TINY" m
    python3 - <<'PY'
import json
c = json.load(open("m/config.json"))
c["rope_theta"] = 500000.0
c["rope_scaling"] = {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}
json.dump(c, open("m/config.json", "w"))
PY
    tsplit m | tpack -o m.gguf
    tsplit m.gguf | tpack -o hf/
    python3 -c '
import json
a, b = (json.load(open(d + "/config.json")) for d in ("m", "hf"))
assert a["rope_scaling"] == b["rope_scaling"] and a["rope_theta"] == b["rope_theta"], (a, b)'
    head -c 600 "$TOP/README.md" >text
    [ "$(tsplit m.gguf | mppl -c 64 -f text | cut -f 5)" = "$(tsplit m | mppl -c 64 -f text | cut -f 5)" ]
    tsplit m.gguf | tpack -o back.gguf
    same_gguf back.gguf m.gguf
}

@test "a byte-level tokenizer comes back: vocabulary, merges, pattern, marks" {
    for pre in gpt-2 llama-bpe qwen2 smollm; do
        python3 - "$pre" <<'PY'
import struct, sys
def s(x):
    x = x.encode(); return struct.pack("<Q", len(x)) + x
def kv(k, kind, v): return s(k) + struct.pack("<I", kind) + v
def texts(l): return struct.pack("<IQ", 8, len(l)) + b"".join(map(s, l))
letters = [chr(c) for c in list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256)) + list(range(256, 324))]
tokens = letters + ["th", "the", "Ġthe", "<|end|>", "<tool>"]
types = [1] * (len(tokens) - 2) + [3, 4]
kvs = [kv("general.architecture", 8, s("toy")), kv("tokenizer.ggml.model", 8, s("gpt2")), kv("tokenizer.ggml.pre", 8, s(sys.argv[1])),
       kv("tokenizer.ggml.tokens", 9, texts(tokens)), kv("tokenizer.ggml.token_type", 9, struct.pack(f"<IQ{len(types)}i", 5, len(types), *types)),
       kv("tokenizer.ggml.merges", 9, texts(["t h", "th e", "Ġ the"])), kv("tokenizer.ggml.bos_token_id", 4, struct.pack("<I", len(tokens) - 2)),
       kv("tokenizer.ggml.add_bos_token", 7, b"\1"), kv("tokenizer.chat_template", 8, s("{{ \"a\" }}"))]
open("t.gguf", "wb").write(b"GGUF" + struct.pack("<Iqq", 3, 0, len(kvs)) + b"".join(kvs))
PY
        rm -rf hf
        tsplit t.gguf | tpack -o hf/
        python3 - "$pre" <<'PY'
import json, sys
j, c = json.load(open("hf/tokenizer.json")), json.load(open("hf/tokenizer_config.json"))
assert j["model"]["merges"] == ["t h", "th e", "Ġ the"] and j["model"]["vocab"]["Ġthe"] == 258
assert [(a["content"], a["special"]) for a in j["added_tokens"]] == [("<|end|>", True), ("<tool>", False)]
assert c["bos_token"] == "<|end|>" and c["chat_template"] == '{{ "a" }}' and c["add_bos_token"] is True
assert (j["normalizer"] == {"type": "NFC"}) == (sys.argv[1] == "qwen2")
PY
    done
}

@test "an architecture that is not known passes with its keys; a tokenizer that is not known is named" {
    python3 - <<'PY'
import struct
def s(x): return struct.pack("<Q", len(x)) + x
kv = [s(b"general.architecture") + struct.pack("<I", 8) + s(b"mystery"), s(b"mystery.depth") + struct.pack("<II", 4, 3),
      s(b"tokenizer.ggml.model") + struct.pack("<I", 8) + s(b"rwkv")]
h = b"GGUF" + struct.pack("<Iqq", 3, 1, 3) + b"".join(kv) + s(b"blk.0.odd.weight") + struct.pack("<IqIQ", 1, 4, 0, 0)
open("x.gguf", "wb").write(h + bytes(-len(h) % 32) + b"0123456789abcdef" + bytes(16))
PY
    run bash -c 'tsplit x.gguf | tpack -o y.gguf'
    [ "$status" -eq 0 ]
    [ "$output" = "tsplit: x.gguf: the tokenizer does not travel as a file: tokenizer.ggml.model is 'rwkv'; llama, gpt2, bert and t5 are known" ]
    same_gguf x.gguf y.gguf
}

@test "GPT-2 both ways: matrices turned, masks dropped, head when it is untied, the same perplexity" {
    python3 "$TOP/tests/cli/tiny_gpt2.py" tiny
    head -c 600 "$BROOK/prose.test.txt" >text
    ppl() { mppl -c 20 -f text | cut -f 5; }
    tsplit tiny | tpack -o t.gguf
    [ "$(tsplit t.gguf | ppl)" = "$(tsplit tiny | ppl)" ]
    tsplit t.gguf | tpack -o hf/
    [ "$(tsplit hf | ppl)" = "$(tsplit tiny | ppl)" ]
    tsplit t.gguf | tpack -o back.gguf
    same_gguf t.gguf back.gguf
    python3 - "$REF" <<'PY'
import json, struct, sys
sys.path.insert(0, sys.argv[1])
import gguf, safetensors
a, b = safetensors.read("tiny/model.safetensors")[1], safetensors.read("hf/model.safetensors")[1]
a = {"transformer." + n: t for n, t in a.items() if not n.endswith((".attn.bias", ".attn.masked_bias"))}
assert set(a) == set(b)
for n in a:
    assert a[n]["shape"] == b[n]["shape"] and a[n]["data"] == b[n]["data"], n
kv, t = gguf.read("t.gguf")
t = {x["name"]: x for x in t}
assert "output.weight" not in t and len(t) == 4 + 12 * 2
rows, cols = 72, 24
x = struct.unpack(f"<{rows * cols}f", a["transformer.h.1.attn.c_attn.weight"]["data"])
y = struct.unpack(f"<{rows * cols}f", t["blk.1.attn_qkv.weight"]["data"])
assert t["blk.1.attn_qkv.weight"]["ne"] == [cols, rows] and all(y[r * cols + c] == x[c * rows + r] for r in range(rows) for c in range(cols))
c, d = json.load(open("tiny/config.json")), json.load(open("hf/config.json"))
assert all(d[k] == c[k] for k in c if k != "n_ctx"), (c, d)  # n_positions' other name
# an own head
meta, s = safetensors.read("tiny/model.safetensors")
s = {n: (v["dtype"], v["shape"], bytes(v["data"])) for n, v in s.items()}
s["lm_head.weight"] = ("F32", s["wte.weight"][1], bytes(reversed(s["wte.weight"][2][:4])) * (len(s["wte.weight"][2]) // 4))
head, data = {}, b""
for n in s:
    head[n] = {"dtype": s[n][0], "shape": s[n][1], "data_offsets": [len(data), len(data) + len(s[n][2])]}
    data += s[n][2]
h = json.dumps(head).encode()
open("tiny/model.safetensors", "wb").write(struct.pack("<Q", len(h)) + h + data)
c["tie_word_embeddings"] = False
json.dump(c, open("tiny/config.json", "w"))
PY
    tsplit tiny | tpack -o own.gguf
    python3 "$REF/gguf.py" own.gguf | grep -q '^tensor	output.weight	f32	\[24, 265\]'
    tsplit own.gguf | tpack -o own/
    grep -q '"tie_word_embeddings": false' own/config.json
    python3 "$REF/safetensors.py" own/model.safetensors | grep -q 'lm_head.weight'
    run bash -c "tsplit tiny | tcat --skip '*c_fc.bias' | tpack -o x.gguf"
    one_line_error 1 tpack
    [[ $output == *"blk.0.ffn_up.bias is missing; llama.cpp would not load the file" ]]
}

@test "a GGUF whose values were made F16 keeps norms in F32, which llama.cpp asks for" {
    tsplit "$TINY" | tpack -o a.gguf
    tsplit a.gguf | tcat --dense=F16 | tpack -o b.gguf
    python3 "$REF/gguf.py" b.gguf >list
    grep -q '^tensor	blk.0.attn_norm.weight	f32' list && grep -q '^tensor	output_norm.weight	f32' list
    grep -q '^tensor	blk.0.attn_q.weight	f16' list
}

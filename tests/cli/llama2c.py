#!/usr/bin/env python3
"""A Hugging Face Llama folder (f32, tied) as llama2.c's model.bin: llama2c.py FOLDER VERSION OUT [own]. own: with a head of its own.

Written from the format alone: the order of llama2.c's export.py, q and k in pairs (2i, 2i+1). Also writes tokenizer.bin beside OUT
from the folder's tokenizer.json with scores by rank of merges, as a check that needs no other file.
"""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
import safetensors  # noqa: E402

folder, version, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
own = "own" in sys.argv[4:]
c = json.load(open(folder + "/config.json"))
t = safetensors.read(folder + "/model.safetensors")[1]
d, heads, kv, layers = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"], c["num_hidden_layers"]
hs = d // heads


def get(name):
    raw, kind = bytes(t[name]["data"]), t[name]["dtype"]
    return raw if kind == "F32" else b"".join(b"\0\0" + raw[i:i + 2] for i in range(0, len(raw), 2))  # BF16


def pairs(name):
    raw = get(name)
    row = d * 4
    rows = [raw[i:i + row] for i in range(0, len(raw), row)]
    return b"".join(rows[h * hs + j * (hs // 2) + i] for h in range(len(rows) // hs) for i in range(hs // 2) for j in range(2))


def all_of(what, read=get):
    return b"".join(read(f"model.layers.{i}.{what}.weight") for i in range(layers))


sizes = [d, c["intermediate_size"], layers, heads, kv, c["vocab_size"], c["max_position_embeddings"]]
embed, norm = get("model.embed_tokens.weight"), get("model.norm.weight")
norms = [all_of("input_layernorm"), all_of("post_attention_layernorm")]
attention = all_of("self_attn.q_proj", pairs) + all_of("self_attn.k_proj", pairs) + all_of("self_attn.v_proj") + all_of("self_attn.o_proj")
mlp = all_of("mlp.gate_proj") + all_of("mlp.down_proj") + all_of("mlp.up_proj")
head = embed if own else b""
if version == 0:
    if own:
        sizes[5] = -sizes[5]
    angles = bytes(c["max_position_embeddings"] * hs * 4)
    data = struct.pack("<7i", *sizes) + embed + norms[0] + attention + norms[1] + mlp + norm + angles + head
else:
    h = struct.pack("<Ii7iB", 0x616b3432, version, *sizes, not own)
    data = h + bytes(256 - len(h)) + norms[0] + norms[1] + norm + embed + attention + mlp + head
open(out, "wb").write(data)

model = json.load(open(folder + "/tokenizer.json"))["model"]
rank = {}
for i, m in enumerate(model["merges"]):
    a, b = m.split(" ")
    rank.setdefault(a + b, i)
pieces = sorted(model["vocab"], key=model["vocab"].get)
bin_ = [struct.pack("<i", max(len(p.encode()) for p in pieces))]
for i, p in enumerate(pieces):
    text = ("\n" + p + "\n" if i in (1, 2) else p).replace("\u2581", " ").encode()
    bin_.append(struct.pack("<fi", -float(rank.get(p, 0)), len(text)) + text)
open(os.path.join(os.path.dirname(out) or ".", "tokenizer.bin"), "wb").write(b"".join(bin_))

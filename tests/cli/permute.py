#!/usr/bin/env python3
"""permute.py FOLDER OUT: a copy of tiny.py's model that computes the same with other weights: hidden channels, MLP channels, heads and the
channels of values are shuffled. Every number stays what it was, so a matching can find them all again."""
import json
import random
import struct
import sys

rng = random.Random(11)
HIDDEN, HEADS, KV, INTER = 32, 4, 2, 64
HEAD, SHARE = HIDDEN // HEADS, HEADS // KV


def shuffled(n):
    p = list(range(n))
    rng.shuffle(p)
    return p


def main(folder, out):
    raw = open(folder + "/model.safetensors", "rb").read()
    n = struct.unpack("<Q", raw[:8])[0]
    head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
    layers = 1 + max(int(k.split(".")[2]) for k in head if ".layers." in k)
    hidden = shuffled(HIDDEN)
    rows, cols = {}, {"model.embed_tokens.weight": hidden, "model.norm.weight": hidden}
    for i in range(layers):
        p = "model.layers.%d." % i
        mlp, kv = shuffled(INTER), shuffled(KV)
        query = [shuffled(SHARE) for _ in range(KV)]
        value = [shuffled(HEAD) for _ in range(KV)]
        k = [h * HEAD + c for h in kv for c in range(HEAD)]
        v = [h * HEAD + c for h in kv for c in value[h]]
        q = [(h * SHARE + s) * HEAD + c for h in kv for s in query[h] for c in range(HEAD)]
        o = [(h * SHARE + s) * HEAD + c for h in kv for s in query[h] for c in value[h]]
        for name, r, c in (("input_layernorm", None, hidden), ("post_attention_layernorm", None, hidden), ("self_attn.q_proj", q, hidden),
                           ("self_attn.k_proj", k, hidden), ("self_attn.v_proj", v, hidden), ("self_attn.o_proj", hidden, o),
                           ("mlp.gate_proj", mlp, hidden), ("mlp.up_proj", mlp, hidden), ("mlp.down_proj", hidden, mlp)):
            rows[p + name + ".weight"], cols[p + name + ".weight"] = r, c
    parts = []
    for name, t in head.items():
        if name == "__metadata__":
            continue
        a, b = t["data_offsets"]
        width = t["shape"][-1]
        lines = [[data[at + 2 * c:at + 2 * c + 2] for c in range(width)] for at in range(a, b, 2 * width)]
        lines = [lines[r] for r in rows.get(name) or range(len(lines))]
        parts.append((a, b"".join(b"".join(line[c] for c in cols[name]) for line in lines)))
    with open(out, "wb") as f:
        f.write(raw[:8 + n] + b"".join(p for _, p in sorted(parts)))


main(*sys.argv[1:])

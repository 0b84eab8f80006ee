#!/usr/bin/env python3
"""Write a Llama of a few hundred kilobytes: tiny.py FOLDER MODEL. Random weights (fixed seed), MODEL's tokenizer."""
import json
import os
import random
import shutil
import struct
import sys

HIDDEN, LAYERS, HEADS, KV, INTER, VOCAB = 32, 2, 4, 2, 64, 4096


def main(folder, model):
    rng = random.Random(7)
    head = HIDDEN // HEADS
    shapes = {"model.embed_tokens.weight": (VOCAB, HIDDEN), "model.norm.weight": (HIDDEN,)}
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        shapes |= {
            p + "input_layernorm.weight": (HIDDEN,), p + "post_attention_layernorm.weight": (HIDDEN,),
            p + "self_attn.q_proj.weight": (HEADS * head, HIDDEN), p + "self_attn.k_proj.weight": (KV * head, HIDDEN),
            p + "self_attn.v_proj.weight": (KV * head, HIDDEN), p + "self_attn.o_proj.weight": (HIDDEN, HEADS * head),
            p + "mlp.gate_proj.weight": (INTER, HIDDEN), p + "mlp.up_proj.weight": (INTER, HIDDEN),
            p + "mlp.down_proj.weight": (HIDDEN, INTER)}
    header, data, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(shapes):
        n = 1
        for d in shapes[name]:
            n *= d
        values = [1.0] * n if len(shapes[name]) == 1 else [rng.gauss(0, 0.05) for _ in range(n)]
        bits = [struct.unpack("<I", struct.pack("<f", v))[0] for v in values]
        raw = struct.pack(f"<{n}H", *[(b + 0x7fff + (b >> 16 & 1)) >> 16 & 0xffff for b in bits])
        header[name] = {"dtype": "BF16", "shape": list(shapes[name]), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(folder + ".part")
    with open(folder + ".part/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))
    config = json.load(open(model + "/config.json"))
    config |= {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "head_dim": head,
               "num_key_value_heads": KV, "intermediate_size": INTER, "vocab_size": VOCAB}
    json.dump(config, open(folder + ".part/config.json", "w"), indent=1)
    for name in ("tokenizer.model", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(os.path.join(model, name), folder + ".part")
    os.rename(folder + ".part", folder)


main(*sys.argv[1:])

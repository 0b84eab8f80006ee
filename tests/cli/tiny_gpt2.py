#!/usr/bin/env python3
"""Write a GPT-2 of some ten thousand weights: tiny_gpt2.py FOLDER [PREFIX]. Random weights (fixed seed), as Hugging Face's modeling_gpt2 stores
them: matrices [inputs][outputs], the causal mask beside them; a byte-level BPE of a few merges."""
import json
import os
import random
import struct
import sys

HIDDEN, LAYERS, HEADS, CONTEXT = 24, 2, 3, 48
MERGES = ["t h", "th e", "Ġ the", "i n", "Ġ a", "e r", "o n", "in g"]


def letters():
    """GPT-2's printable stand-ins for the 256 bytes."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in keep]
    return [chr(b) if b in keep else chr(256 + rest.index(b)) for b in range(256)]


def tokenizer():
    vocab = letters() + [m.replace(" ", "") for m in MERGES]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": len(vocab), "content": "<|endoftext|>", "single_word": False, "lstrip": False,
                              "rstrip": False, "normalized": True, "special": True}],
            "normalizer": None, "pre_tokenizer": byte_level, "post_processor": byte_level, "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
                      "vocab": {t: i for i, t in enumerate(vocab + ["<|endoftext|>"])}, "merges": MERGES}}


def weights(prefix):
    rng = random.Random(11)
    vocab = 256 + len(MERGES) + 1

    def gauss(shape, mean, scale):
        n = 1
        for d in shape:
            n *= d
        return "F32", shape, struct.pack(f"<{n}f", *[rng.gauss(mean, scale) for _ in range(n)])

    t = {"wte.weight": gauss((vocab, HIDDEN), 0, 0.4), "wpe.weight": gauss((CONTEXT, HIDDEN), 0, 0.2)}
    for i in range(LAYERS):
        p = f"h.{i}."
        for name, inputs, outputs in (("attn.c_attn", HIDDEN, 3 * HIDDEN), ("attn.c_proj", HIDDEN, HIDDEN),
                                      ("mlp.c_fc", HIDDEN, 4 * HIDDEN), ("mlp.c_proj", 4 * HIDDEN, HIDDEN)):
            t[p + name + ".weight"] = gauss((inputs, outputs), 0, 0.3)
            t[p + name + ".bias"] = gauss((outputs,), 0, 0.2)
        for name in ("ln_1", "ln_2"):
            t[p + name + ".weight"] = gauss((HIDDEN,), 1, 0.2)
            t[p + name + ".bias"] = gauss((HIDDEN,), 0, 0.2)
        t[p + "attn.bias"] = ("U8", (1, 1, CONTEXT, CONTEXT),
                              bytes(int(k <= q) for q in range(CONTEXT) for k in range(CONTEXT)))
        t[p + "attn.masked_bias"] = ("F32", (), struct.pack("<f", -10000))
    t["ln_f.weight"] = gauss((HIDDEN,), 1, 0.2)
    t["ln_f.bias"] = gauss((HIDDEN,), 0, 0.2)
    return {prefix + name: v for name, v in t.items()}


def main(folder, prefix=""):
    header, data, at = {"__metadata__": {"format": "pt"}}, [], 0
    order = sorted(weights(prefix).items(), key=lambda i: (i[1][0] != "F32", i[0]))
    for name, (dtype, shape, raw) in order:
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(folder + ".part")
    with open(folder + ".part/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))
    end = 256 + len(MERGES)
    config = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new", "n_embd": HIDDEN,
              "n_head": HEADS, "n_layer": LAYERS, "n_positions": CONTEXT, "n_ctx": CONTEXT, "layer_norm_epsilon": 1e-5,
              "vocab_size": end + 1, "bos_token_id": end, "eos_token_id": end}
    json.dump(config, open(folder + ".part/config.json", "w"), indent=2)
    json.dump(tokenizer(), open(folder + ".part/tokenizer.json", "w"), ensure_ascii=False)
    json.dump({"tokenizer_class": "GPT2Tokenizer", "model_max_length": CONTEXT}, open(folder + ".part/tokenizer_config.json", "w"))
    os.rename(folder + ".part", folder)


main(*sys.argv[1:])

#!/usr/bin/env python3
"""rope.tsv: what transformers 5 computes for scaled rotary angles (modeling_rope_utils). Columns: name, base, dims, context, positions, head.model's
keys (KEY=VALUE,... lists with '/'), the attention factor, the frequencies (with '/').

    python -P rope_make.py > rope.tsv"""
import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

KEYS = dict(factor="rope_factor", low_freq_factor="rope_low_freq", high_freq_factor="rope_high_freq",
            original_max_position_embeddings="rope_original_context", beta_fast="rope_beta_fast", beta_slow="rope_beta_slow",
            attention_factor="rope_attention_factor", mscale="rope_mscale", mscale_all_dim="rope_mscale_all_dim", truncate="rope_truncate",
            short_factor="rope_short", long_factor="rope_long")
LONG = dict(short_factor=[1 + i / 7 for i in range(8)], long_factor=[1 + i * i / 3 for i in range(8)])
CASES = {
    "linear": ("linear", dict(factor=4.0), 10000.0, 64, 512, 100),
    "dynamic-within": ("dynamic", dict(factor=2.0), 10000.0, 64, 512, 512),
    "dynamic-beyond": ("dynamic", dict(factor=2.0), 10000.0, 64, 512, 2000),
    "llama3": ("llama3", dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192), 500000.0, 128, 131072, 100),
    "llama3-wide": ("llama3", dict(factor=32.0, low_freq_factor=2.0, high_freq_factor=16.0, original_max_position_embeddings=256), 10000.0, 32, 8192, 100),
    "yarn": ("yarn", dict(factor=4.0, original_max_position_embeddings=32768), 1000000.0, 128, 131072, 100),
    "yarn-own": ("yarn", dict(factor=32.0, original_max_position_embeddings=4096, beta_fast=16.0, beta_slow=2.0, attention_factor=1.25), 150000.0, 64, 131072, 100),
    "yarn-mscale": ("yarn", dict(factor=40.0, original_max_position_embeddings=4096, beta_fast=32, beta_slow=1, mscale=0.707, mscale_all_dim=1.0), 10000.0, 64, 163840, 100),
    "yarn-whole": ("yarn", dict(factor=32.0, original_max_position_embeddings=4096, beta_fast=32.0, beta_slow=1.0, truncate=False), 150000.0, 64, 131072, 100),
    "longrope-short": ("longrope", dict(LONG, original_max_position_embeddings=64), 10000.0, 16, 512, 64),
    "longrope-long": ("longrope", dict(LONG, original_max_position_embeddings=64), 10000.0, 16, 512, 65),
    "longrope-factor": ("longrope", dict(LONG, original_max_position_embeddings=64, factor=2.0), 10000.0, 16, 512, 65),
}


def text(v):
    return "/".join(repr(x) for x in v) if isinstance(v, list) else repr(int(v) if isinstance(v, bool) else v)


for name, (kind, keys, base, dims, context, positions) in CASES.items():
    c = LlamaConfig(head_dim=dims, hidden_size=dims * 4, num_attention_heads=4, max_position_embeddings=context,
                    rope_parameters=dict(keys, rope_type=kind, rope_theta=base))
    f, factor = ROPE_INIT_FUNCTIONS[kind](c, torch.device("cpu"), seq_len=positions)
    given = ",".join([f"rope_scaling={kind}"] + [f"{KEYS[k]}={text(v)}" for k, v in keys.items()])
    print(name, base, dims, context, positions, given, repr(float(factor)), "/".join(f"{x:.9g}" for x in f.tolist()), sep="\t")

#!/usr/bin/env python3
"""quant_table.py >quant_table.tsv: the codes that peers' own casts give to numbers: torch's fp8, compressed-tensors' fp4, bitsandbytes' nf4.

Lines: table, number, code. E3M0 has no peer: nearest in exact fractions. Needs torch, compressed-tensors, bitsandbytes.
"""
import sys
from fractions import Fraction

sys.path.pop(0)  # select.py beside this file is not Python's

import torch
from bitsandbytes.backends.utils import _get_4bit_code
from compressed_tensors.compressors.nvfp4.helpers import pack_fp4_to_uint8
from compressed_tensors.quantization.quant_args import FP4_E2M1_DATA

g = torch.Generator().manual_seed(3)


def numbers(top):
    near = torch.randn(60, generator=g) * top / 3
    small = torch.randn(20, generator=g) * top / 500
    halves = torch.tensor([k * top / 64 for k in range(-64, 65, 3)])
    return torch.cat([near, small, halves]).clamp(-top, top).float()


def put(name, x, code):
    for v, c in zip(x.tolist(), code):
        print("%s\t%s\t%d" % (name, v.hex(), 0 if v == 0 else c))


for name, t, top in (("fp8", torch.float8_e4m3fn, 448), ("fp8_e5m2", torch.float8_e5m2, 57344)):
    x = numbers(top)
    c = x.to(t)
    put(name, x, [0 if v == 0 else k for v, k in zip(c.float().tolist(), c.view(torch.uint8).tolist())])
x = torch.cat([numbers(6), torch.tensor([.25, .75, 1.25, 1.75, 2.5, 3.5, 5, -.25, -.75, -2.5, -5])])
x = torch.cat([x, torch.zeros(-len(x) % 2)])
rounded = FP4_E2M1_DATA.cast_to_fp4(x.clone())
packed = pack_fp4_to_uint8(rounded.reshape(1, -1)).reshape(-1).tolist()
put("fp4", x, [0 if v == 0 else k for v, k in zip(rounded.tolist(), [b >> h & 15 for b in packed for h in (0, 4)])])
table = _get_4bit_code("nf4", torch.device("cpu")).float()
x = numbers(1)
put("nf4", x, [int((v - table).abs().argmin()) for v in x])
levels = [Fraction(0)] + [Fraction(2) ** e for e in range(-2, 5)]
levels += [-v for v in levels]
x = numbers(16)
put("fp4_e3m0", x, [min(range(16), key=lambda k: (abs(Fraction(v) - levels[k]), k % 2, k)) for v in x.tolist()])

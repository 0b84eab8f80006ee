#!/usr/bin/env python3
"""State dicts as torch 1.13 saves them, and the same values as safetensors: make.py, in this folder. The files are committed; tests need no torch."""
import collections
import json
import struct

import torch

torch.manual_seed(1)
w = torch.randn(6, 8)
d = collections.OrderedDict(
    w=w, wt=w.t(), part=w[2:5], col=w[:, 3], half=w.half(), bf=w.bfloat16(), i=torch.arange(7), b=torch.tensor([True, False]),
    s=torch.tensor(3.5), e=torch.zeros(0, 4), p=torch.nn.Parameter(torch.randn(3, 2)), perm=torch.randn(2, 3, 4).permute(2, 0, 1),
    c=torch.randn(2, dtype=torch.complex64), u8=torch.arange(5, dtype=torch.uint8), f64=torch.randn(2, 2, dtype=torch.float64))
torch.save(d, "new.pt")
torch.save(d, "old.pth", _use_new_zipfile_serialization=False)
m = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
torch.save({"state_dict": m.state_dict(), "epoch": 3, "optimizer": {"state": {0: {"exp_avg": torch.ones(4, 3)}}, "lr": 0.1}}, "checkpoint.pt")
torch.save(m, "module.pt")

names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.bool: "BOOL", torch.complex64: "C64",
         torch.uint8: "U8", torch.float64: "F64"}
order = ["I64", "F64", "C64", "F32", "BF16", "F16", "U8", "BOOL"]
head, data = {}, b""
for k in sorted(d, key=lambda k: (order.index(names[d[k].dtype]), k)):
    v = d[k].detach().contiguous()
    raw = bytes(v.flatten().view(torch.int16).numpy() if v.dtype == torch.bfloat16 else v.numpy().tobytes())
    head[k] = {"dtype": names[v.dtype], "shape": list(v.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
h = json.dumps(head, separators=(",", ":")).encode()
h += b" " * (-len(h) % 8)
open("same.safetensors", "wb").write(struct.pack("<Q", len(h)) + h + data)

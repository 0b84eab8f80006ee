#!/usr/bin/env python3
"""corpus.py OUT: each golden checkpoint's own tensors, cut to the first of each kind, as inputs of tests/fuzz/quantized.c."""
import json
import os
import struct
import sys

here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(sys.argv[1], exist_ok=True)
for name in sorted(os.listdir(here)):
    if not os.path.isdir(os.path.join(here, name)):
        continue
    raw = open(os.path.join(here, name, "model.safetensors"), "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + n])
    config = json.load(open(os.path.join(here, name, "config.json")))
    hf = os.path.join(here, name, "hf_quant_config.json")
    if os.path.exists(hf):  # one file is enough for both
        config["quantization_config"] = dict(json.load(open(hf))["quantization"], quant_method="modelopt")
    config = json.dumps(config).encode()
    modules = sorted({k.split(".")[0] for k in head if k != "__metadata__"})
    for m in modules[:6]:
        data, out = b"", {}
        for k, v in head.items():
            if k.split(".")[0] != m or k == "__metadata__":
                continue
            a, b = v["data_offsets"]
            out[k] = dict(v, data_offsets=[len(data), len(data) + b - a])
            data += raw[8 + n + a:8 + n + b]
        if len(data) > 3000:
            continue
        text = json.dumps(out, separators=(",", ":")).encode()
        open(os.path.join(sys.argv[1], name + "-" + m), "wb").write(struct.pack("<H", len(config)) + config + struct.pack("<Q", len(text)) + text + data)

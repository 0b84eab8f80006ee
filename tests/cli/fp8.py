#!/usr/bin/env python3
"""fp8.py MODEL FP8 DENSE: a folder's linears as floats of 8 bits with a scale each row (quantization_config: compressed-tensors), and as what these stand for, F32."""
import bisect
import json
import os
import shutil
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
import safetensors  # noqa: E402

VALUES = [m / 8 * 2.0 ** -6 if e == 0 else (1 + m / 8) * 2.0 ** (e - 7) for e in range(16) for m in range(8)][:127]


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def code(x):
    i = min(max(bisect.bisect(VALUES, abs(x)) - 1, 0), 126)
    return i | (128 if x < 0 else 0)


def write(path, tensors):
    head, data = {}, b""
    for name, (dtype, shape, raw) in tensors.items():
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


model, fp8, dense = sys.argv[1:]
packed, plain = {}, {}
for name, t in safetensors.read(model + "/model.safetensors")[1].items():
    shape, raw = list(t["shape"]), bytes(t["data"])
    plain[name] = packed[name] = (t["dtype"], shape, raw)
    if not name.endswith("proj.weight"):
        continue
    w = [struct.unpack("<f", b"\0\0" + raw[i:i + 2])[0] for i in range(0, len(raw), 2)]
    codes, scales, values = [], [], []
    for r in range(shape[0]):
        row = w[r * shape[1]:(r + 1) * shape[1]]
        s = f32(max(map(abs, row)) / 448)
        c = [code(x / s) for x in row]
        codes += c
        scales.append(s)
        values += [f32((-1 if i & 128 else 1) * VALUES[i & 127] * s) for i in c]
    packed[name] = ("F8_E4M3", shape, bytes(codes))
    packed[name + "_scale"] = ("F32", [shape[0], 1], struct.pack("<%df" % len(scales), *scales))
    packed[name.replace("weight", "input_scale")] = ("F32", [1], struct.pack("<f", 1))
    plain[name] = ("F32", shape, struct.pack("<%df" % len(values), *values))
for folder, tensors in ((fp8, packed), (dense, plain)):
    shutil.copytree(model, folder)
    write(folder + "/model.safetensors", tensors)
config = json.load(open(fp8 + "/config.json"))
config["quantization_config"] = {"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"a": {"weights": {"num_bits": 8}}}}
json.dump(config, open(fp8 + "/config.json", "w"))

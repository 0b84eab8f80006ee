#!/usr/bin/env python3
"""variant.py MODEL NAME [KEY=JSON]... [-- PYTHON]: a copy of a folder with keys of config.json set, its tensors changed by PYTHON.

PYTHON sees t, a dict of name to [dtype, shape, bytes], random, struct and json; config is config.json.
"""
import json
import os
import random
import shutil
import struct
import sys

source, name, *words = sys.argv[1:]
code = words[words.index("--") + 1] if "--" in words else ""
keys = words[:words.index("--")] if "--" in words else words
shutil.copytree(source, name, dirs_exist_ok=True)
config = json.load(open(f"{source}/config.json"))
config |= {k: json.loads(v) for k, _, v in (w.partition("=") for w in keys)}
raw = open(f"{source}/model.safetensors", "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
t = {k: [v["dtype"], v["shape"], raw[8 + n + v["data_offsets"][0]:8 + n + v["data_offsets"][1]]]
     for k, v in json.loads(raw[8:8 + n]).items() if k != "__metadata__"}
exec(code, {"t": t, "random": random.Random(1), "struct": struct, "json": json, "config": config, "name": name})
head, at = {"__metadata__": {"format": "pt"}}, 0
for k in sorted(t):
    head[k] = {"dtype": t[k][0], "shape": t[k][1], "data_offsets": [at, at + len(t[k][2])]}
    at += len(t[k][2])
text = json.dumps(head, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(f"{name}/model.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + b"".join(t[k][2] for k in sorted(t)))
json.dump(config, open(f"{name}/config.json", "w"), indent=1)

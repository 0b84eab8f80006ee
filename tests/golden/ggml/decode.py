#!/usr/bin/env python3
"""decode.py FOLDER [OUT]: what gguf-py makes of the golden blocks of each type in FOLDER: a line "TYPE  FNV-1a-64 of the values as float32" in decoded.tsv."""
import os
import sys

import gguf
import numpy as np

here = sys.argv[1]
lines = []
for f in sorted(os.listdir(here)):
    if not f.endswith(".bin") or ".imat" in f:
        continue
    kind = getattr(gguf.GGMLQuantizationType, f[:-4].upper(), None)
    raw = np.fromfile(os.path.join(here, f), np.uint8).reshape(10, -1)
    h = 0xcbf29ce484222325
    for b in gguf.dequantize(raw, kind).astype("<f4").tobytes():
        h = (h ^ b) * 0x100000001b3 & 0xffffffffffffffff
    lines.append("%s\t%016x" % (f[:-4], h))
open(os.path.join(sys.argv[2] if len(sys.argv) > 2 else here, "decoded.tsv"), "w").write("\n".join(lines) + "\n")

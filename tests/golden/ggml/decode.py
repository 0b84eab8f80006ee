#!/usr/bin/env python3
"""decode.py FOLDER [LIBGGML]: what gguf-py makes of the golden blocks of each file of FOLDER, or ggml (libggml-base.so) where gguf-py has no such type:
a line "FILE  FNV-1a-64 of the values as float32" in decoded.tsv."""
import ctypes
import os
import sys

import gguf
import numpy as np


def by_gguf(kind, raw):
    return gguf.dequantize(raw.reshape(10, -1), getattr(gguf.GGMLQuantizationType, kind.upper()))


def by_ggml(kind, raw):
    out = np.zeros((10, 512), np.float32)
    function = getattr(ctypes.CDLL(sys.argv[2]), "dequantize_row_" + kind)
    function(raw.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(out.size))
    return out


lines = []
for f in sorted(os.listdir(sys.argv[1])):
    if not f.endswith(".bin"):
        continue
    kind, raw = f.split(".")[0], np.fromfile(os.path.join(sys.argv[1], f), np.uint8)
    try:
        values = by_gguf(kind, raw)
    except (AttributeError, NotImplementedError):
        values = by_ggml(kind, raw)
    h = 0xcbf29ce484222325
    for b in values.astype("<f4").tobytes():
        h = (h ^ b) * 0x100000001b3 & 0xffffffffffffffff
    lines.append("%s\t%016x" % (f[:-4], h))
open(os.path.join(sys.argv[1], "decoded.tsv"), "w").write("\n".join(lines) + "\n")

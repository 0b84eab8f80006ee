#!/usr/bin/env python3
"""ggml.py LIBGGML BLOCKS [SEED [TYPE]...]: encoders against ggml's own on hostile rows, byte for byte.

LIBGGML is libggml-base.so of a build of llama.cpp; BLOCKS is build/tests/peers/blocks (tests/peers/blocks.c). A line for each type and row that differs, and
a summary; exit 1 when any does.
"""
import ctypes
import os
import subprocess
import sys
import tempfile

import numpy as np

COLS = 1024
NUMBER = {"q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "q2_K": 10, "q3_K": 11, "q4_K": 12, "q5_K": 13, "q6_K": 14, "iq2_xxs": 16, "iq2_xs": 17,
          "iq3_xxs": 18, "iq1_s": 19, "iq4_nl": 20, "iq3_s": 21, "iq2_s": 22, "iq4_xs": 23, "iq1_m": 29, "tq1_0": 34, "tq2_0": 35, "mxfp4": 39,
          "nvfp4": 40, "q1_0": 41, "q2_0": 42}
NEEDS = "iq2_xxs iq2_xs iq1_s"


def rows(rng):
    """Rows of many kinds; none has 32 zeros in a row within weights, where iq3_s of ggml loses its place."""
    n = lambda *s: rng.standard_normal(s).astype(np.float32)
    out = [n(16, COLS) * np.float32(.02), np.round(n(8, COLS) * 3), np.sign(n(4, COLS)), n(8, COLS) ** 5,
           rng.uniform(0, 1, (4, COLS)), -rng.uniform(0, 1, (4, COLS)), n(4, COLS) * 1e-9, n(4, COLS) * 3000,
           n(8, COLS) * np.exp(3 * n(8, COLS)), np.where(rng.uniform(size=(8, COLS)) < .5, 0, n(8, COLS)), np.zeros((1, COLS)), np.ones((1, COLS)),
           np.round(n(8, COLS)) * np.float32(.25)]
    return np.concatenate(out).astype(np.float32)


def importances(rng):
    yield "none", None
    yield "exponential", rng.exponential(1, COLS).astype(np.float32)
    yield "wild", np.exp(4 * rng.standard_normal(COLS)).astype(np.float32)
    yield "half dead", np.where(rng.uniform(size=COLS) < .5, 0, rng.uniform(size=COLS)).astype(np.float32)


def theirs(lib, number, x, v):
    out = np.zeros(x.size * 4, np.uint8)
    pointer = lambda a: a.ctypes.data_as(ctypes.c_void_p) if a is not None else None
    n = lib.ggml_quantize_chunk(number, pointer(x), pointer(out), ctypes.c_int64(0), ctypes.c_int64(len(x)), ctypes.c_int64(COLS), pointer(v))
    return out[:n].reshape(len(x), -1)


def ours(program, kind, x, v):
    with tempfile.TemporaryDirectory() as d:
        x.tofile(os.path.join(d, "x"))
        args = [program, kind, str(COLS), os.path.join(d, "x")]
        if v is not None:
            v.tofile(os.path.join(d, "v"))
            args.append(os.path.join(d, "v"))
        return np.frombuffer(subprocess.run(args, check=True, capture_output=True).stdout, np.uint8).reshape(len(x), -1)


def main():
    lib = ctypes.CDLL(sys.argv[1])
    lib.ggml_quantize_chunk.restype = ctypes.c_size_t
    rng = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    x, bad = rows(rng), 0
    for name, v in importances(rng):
        for kind in sys.argv[4:] or NUMBER:
            if v is None and kind in NEEDS.split():
                continue
            a, b = theirs(lib, NUMBER[kind], x, v), ours(sys.argv[2], kind, x, v)
            differ = [i for i in range(len(x)) if (a[i] != b[i]).any()]
            bad += len(differ)
            print("%s\t%s\t%d of %d rows differ%s" % (kind, name, len(differ), len(x), ": " + " ".join(map(str, differ)) if differ else ""), flush=True)
    sys.exit(bad > 0)


main()

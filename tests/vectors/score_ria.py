#!/usr/bin/env python3
"""score_ria.py >score_ria.tsv: relative importance and activations of small cases from the formula alone, in whole fractions but for the power.
A case is as score_make.py writes it."""
import random
import struct
from fractions import Fraction


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def ria(w, norm2, power):
    exact = [[abs(Fraction(x)) for x in row] for row in w]
    of_row = [sum(row) for row in exact]
    of_col = [sum(col) for col in zip(*exact)]
    return [[float(x / of_row[i] + x / of_col[j]) * (norm2[j] ** 0.5) ** power if x else 0 for j, x in enumerate(row)]
            for i, row in enumerate(exact)]


def line(tag, values):
    print("\t".join([tag] + ["%.9g" % v for v in values]))


for role, rows, cols, power in (("attn.q", 4, 8, 0.5), ("mlp.up", 3, 5, 1), ("mlp.down", 6, 4, 0), ("attn.o", 5, 7, 0.5), ("head", 1, 1, 0.25)):
    rng = random.Random("%s %d" % (role, rows))
    w = [[f32(rng.gauss(0, 0.02)) for _ in range(cols)] for _ in range(rows)]
    norm2 = [f32(rng.expovariate(1)) for _ in range(cols)]
    if role == "attn.o":  # a row and a column of zeros, and an input that was never active
        w[2] = [0.0] * cols
        w = [[0.0 if j == 3 else x for j, x in enumerate(row)] for row in w]
        norm2[5] = 0.0
    print("case\t%s\t%d\t%d\t0" % (role, rows, cols))
    line("power", [power])
    line("w", [x for row in w for x in row])
    line("norm2", norm2)
    line("score", [x for row in ria(w, norm2, power) for x in row])

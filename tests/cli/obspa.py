#!/usr/bin/env python3
"""obspa.py BEFORE heads|channels REMOVE: the units that stay in each layer, a line "layer units ...", by OBSPA's formula in plain Python.
obspa.py BEFORE heads|channels AFTER: those that did stay, found again by their rows of attn.v or mlp.up. BEFORE, AFTER: streams of a tiny.py model."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
import weir  # noqa: E402

MAKE = {"heads": ("attn.v", "attn.k", "attn.q"), "channels": ("mlp.up", "mlp.gate")}
READ = {"heads": "attn.o", "channels": "mlp.down"}
UNITS = {"heads": 2, "channels": 64}


def tensors(path):
    """{(layer, role): (rows of the weight, rows of the gram)}; a gram that travels once is found by its name."""
    out, grams = {}, {}
    for r in weir.read(open(path, "rb").read()):
        if r.kind != "tensor" or r.body.get("layer") is None:
            continue
        w = gram = None
        for part, data in zip(r.body["parts"], r.data()):
            shape = part["shape"]
            if part["part"] == "gram":
                gram = grams[part["same"]] if "same" in part else [struct.unpack("<%df" % shape[1], data[i:i + 4 * shape[1]])
                                                                  for i in range(0, len(data), 4 * shape[1])]
                grams[r.body["name"]] = gram
            if "term" in part and len(shape) == 2:
                w = [[struct.unpack("<f", b"\0\0" + data[i:i + 2])[0] for i in range(k, k + 2 * shape[1], 2)]
                     for k in range(0, len(data), 2 * shape[1])]
        out[r.body["layer"], r.body["role"]] = (w, gram)
    return out


def inverse_diagonal(gram):
    n = len(gram)
    damp = 1e-4 * sum(gram[i][i] for i in range(n)) / n
    m = [[gram[i][k] + damp * (i == k) for k in range(n)] + [float(i == k) for k in range(n)] for i in range(n)]
    for c in range(n):
        m[c] = [v / m[c][c] for v in m[c]]
        for r in range(n):
            if r != c:
                m[r] = [v - m[r][c] * x for v, x in zip(m[r], m[c])]
    return [m[i][n + i] for i in range(n)]


def stays(model, layer, what, remove):
    units, score = UNITS[what], [0.0] * UNITS[what]
    for role in MAKE[what] + (READ[what],):
        w, gram = model[layer, role]
        d = inverse_diagonal(gram)
        if role == READ[what]:
            w = [[x * x / d[c] for x in column] for c, column in enumerate(zip(*w))]
        else:
            w = [[x * x / v for x, v in zip(row, d)] for row in w]
        each = len(w) // units
        s = [sum(map(sum, w[u * each:(u + 1) * each])) for u in range(units)]
        score = [a + b / sum(s) for a, b in zip(score, s)]
    return sorted(sorted(range(units), key=lambda u: (score[u], u))[remove:])


def stayed(before, after, layer, what):
    was, now = before[layer, MAKE[what][0]][0], after[layer, MAKE[what][0]][0]
    each = len(was) // UNITS[what]
    return [was.index(row) // each for row in now[::each]]


def main(path, what, last):
    before = tensors(path)
    after = None if last.isdigit() else tensors(last)
    for layer in sorted({k[0] for k in before}):
        print(layer, *stays(before, layer, what, int(last)) if after is None else stayed(before, after, layer, what))


main(*sys.argv[1:])

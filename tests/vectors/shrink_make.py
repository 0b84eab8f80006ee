#!/usr/bin/env python3
"""shrink_make.py FOLDER: writes shrink_<method>.tsv, numbers for tests/vectors/shrink.c, in plain Python from the papers' formulas.

Each case is a line "case  what units width rows hidden remove", lines of inputs (of obspa two more: the second moments of what up and gate read, and q, a
third such linear with width rows for each unit), then "score" (what the method gives) or, where the method chooses one
unit after the other, "order" (the units that go, first to last). What is given to reap are means of router weight times norm of output, to frequency counts.
Needs python3-xxhash for the random numbers of base/rng.h.
"""
import math
import random
import sys

import xxhash

M = (1 << 64) - 1


def gram_of(tokens, n, rng):
    base = [[rng.gauss(0, 1) for _ in range(n)] for _ in range(n)]
    xs = []
    for _ in range(tokens):
        z = [rng.gauss(0, 1) for _ in range(n)]
        xs.append([sum(base[i][k] * z[k] for k in range(n)) * (0.3 + i % 3) + 0.4 * (i % 4) for i in range(n)])
    mean = lambda f: [sum(f(x[i]) for x in xs) / tokens for i in range(n)]
    gram = [[sum(x[i] * x[k] for x in xs) / tokens for k in range(n)] for i in range(n)]
    return mean(lambda v: v * v), mean(lambda v: v), mean(abs), gram


def inverse(a):
    n = len(a)
    m = [row[:] + [float(i == k) for k in range(n)] for i, row in enumerate(a)]
    for c in range(n):
        p = max(range(c, n), key=lambda r: abs(m[r][c]))
        m[c], m[p] = m[p], m[c]
        m[c] = [v / m[c][c] for v in m[c]]
        for r in range(n):
            if r != c:
                m[r] = [v - m[r][c] * w for v, w in zip(m[r], m[c])]
    return [row[n:] for row in m]


def loss_without(w, gram, gone):
    """What the outputs lose when the columns gone are gone and the others are solved for anew."""
    n = len(gram)
    keep = [i for i in range(n) if i not in gone]
    inv = inverse([[gram[i][k] for k in keep] for i in keep])
    total = 0
    for row in w:
        b = [sum(row[c] * gram[c][k] for c in range(n)) for k in keep]
        v = [sum(inv[i][k] * b[k] for k in range(len(keep))) for i in range(len(keep))]
        d = row[:]
        for i, k in enumerate(keep):
            d[k] -= v[i]
        total += sum(d[i] * gram[i][k] * d[k] for i in range(n) for k in range(n))
    return total


def ziplm_order(w, gram, units, width, remove):
    n = units * width
    damp = 1e-4 * sum(gram[i][i] for i in range(n)) / n
    h = [[gram[i][k] + (damp if i == k else 0) for k in range(n)] for i in range(n)]
    gone, order = set(), []
    for _ in range(remove):
        cost = {u: loss_without(w, h, gone | set(range(u * width, (u + 1) * width))) for u in range(units) if u not in order}
        best = min(cost, key=lambda u: (cost[u], u))
        order.append(best)
        gone |= set(range(best * width, (best + 1) * width))
    return order


def obspa(units, width, w, makers, gram, inputs):
    """Shares of w^2 / [H^-1]_pp in each linear, added up. makers: (rows, rows of a unit)."""
    def diagonal(h):
        n = len(h)
        damp = 1e-4 * sum(h[i][i] for i in range(n)) / n
        inv = inverse([[h[i][k] + (damp if i == k else 0) for k in range(n)] for i in range(n)])
        return [inv[i][i] for i in range(n)]
    columns, rows = diagonal(gram), diagonal(inputs)
    linears = [[sum(r[c] ** 2 / columns[c] for r in w for c in range(u * width, (u + 1) * width)) for u in range(units)]]
    for m, k in makers:
        linears.append([sum(x ** 2 / d for r in m[u * k:(u + 1) * k] for x, d in zip(r, rows)) for u in range(units)])
    return [sum(s[u] / sum(s) for s in linears) for u in range(units)]


def scores(name, what, units, width, w, up, gate, norm2, mean, absmean, given):
    rows, hidden = len(w), len(up[0]) if up else 0
    if name in ("drop", "score", "reap", "frequency") or what == 8:
        return given
    if name == "minitron":
        return absmean if what == 4 else [math.sqrt(sum(norm2[u * width:(u + 1) * width])) for u in range(units)]
    if name == "flap":
        each = [(norm2[c] - mean[c] ** 2) * sum(w[r][c] ** 2 for r in range(rows)) for c in range(units * width)]
        return [sum(each[u * width:(u + 1) * width]) / width for u in range(units)]
    n = [math.sqrt(v) for v in norm2]
    out = []
    for j in range(units):
        s = 0
        for i in range(hidden):
            s += abs(w[i][j]) * n[j] / sum(abs(w[i][k]) * n[k] for k in range(units))
            s += abs(up[j][i]) / sum(abs(up[k][i]) for k in range(units))
            s += abs(gate[j][i]) / sum(abs(gate[k][i]) for k in range(units))
        out.append(n[j] * s / hidden)
    return out


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def lots(seed, layer, n):
    """base/rng.h's units in (0, 1), of the name that random.c gives a layer."""
    key = xxhash.xxh3_64_intdigest(b"layer %d" % layer, mix(seed + 0x9E3779B97F4A7C15 & M))
    return [((mix(key ^ mix((i + 1) * 0x9E3779B97F4A7C15 & M)) >> 12) + 0.5) / 2**52 for i in range(n)]


def used(name, rng):
    """What is known of an expert."""
    tokens = rng.randrange(1, 9)
    if name == "frequency":
        return tokens
    return sum(rng.random() * math.sqrt(sum(rng.gauss(0, 1) ** 2 for _ in range(8))) for _ in range(tokens)) / tokens


def case(f, name, what, units, width, rows, remove, rng):
    n = units * width
    line = lambda tag, v: f.write(tag + "\t" + "\t".join("%.9g" % x for x in v) + "\n")
    flat = lambda m: [x for row in m for x in row]
    single = lambda v: [float("%.9g" % x) for x in v]
    norm2, mean, absmean, gram = gram_of(3 * n, n, rng)
    w = [single([rng.gauss(0, 1) for _ in range(n)]) for _ in range(rows)]
    up = [single([rng.gauss(0, 1) for _ in range(rows)]) for _ in range(units)]
    gate = [single([rng.gauss(0, 1) for _ in range(rows)]) for _ in range(units)]
    given = single([used(name, rng) if name in ("reap", "frequency") else rng.random() for _ in range(units)])
    f.write("case\t%d\t%d\t%d\t%d\t%d\t%d\n" % (what, units, width, rows, rows, remove))
    for tag, v in (("w", flat(w)), ("up", flat(up)), ("gate", flat(gate)), ("norm2", norm2), ("mean", mean), ("absmean", absmean),
                   ("gram", flat(gram)), ("given", given)):
        line(tag, v)
    if name == "obspa":
        inputs = gram_of(3 * rows, rows, rng)[3]
        q = [single([rng.gauss(0, 3) for _ in range(rows)]) for _ in range(n)]
        line("inputs", flat(inputs))
        line("q", flat(q))
        line("score", obspa(units, width, w, [(up, 1), (gate, 1), (q, width)], gram, inputs))
    elif name == "random":
        line("score", lots(7, 3, units))
    elif name == "ziplm":
        line("order", ziplm_order(w, gram, units, width, remove))
    else:
        line("score", scores(name, what, units, width, w, up, gate, norm2, mean, absmean, given))


def main():
    cases = {"drop": [(1, 6, 1)], "minitron": [(2, 3, 2), (4, 7, 1), (8, 5, 1)], "flap": [(2, 3, 2), (4, 7, 1)], "cfsp": [(4, 7, 1)],
             "score": [(2, 3, 2), (4, 7, 1), (1, 6, 1)], "obspa": [(2, 3, 2), (4, 7, 1)], "ziplm": [(2, 4, 2), (4, 8, 1)], "reap": [(16, 8, 1)], "frequency": [(16, 8, 1)],
             "random": [(16, 8, 1), (16, 3, 1)]}
    for name, list_ in cases.items():
        rng = random.Random("shrink " + name)
        with open("%s/shrink_%s.tsv" % (sys.argv[1], name), "w") as f:
            for what, units, width in list_:
                case(f, name, what, units, width, 5, units // 2, rng)


main()

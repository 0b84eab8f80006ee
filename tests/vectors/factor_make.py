#!/usr/bin/env python3
"""Outside numbers for lib/factor: factor_make.py writes factor_NAME.tsv beside itself. Plain Python, one-sided Jacobi for the
singular values, two-sided for eigenvalues; nothing of weir is used. What is stored of a product B A is the product, which is
unique; of eva, A'A, the projector on the inputs' main directions; of sparse-lowrank the sum of both terms; of dense-sparse the sparse one.
A case's line: rows, cols, rank, blocks, numbers in the sparse term, alpha, rounds, is the mean taken off (of eva; of afm where there is a bias)."""
import math
import os
import random

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, COLS, RANK = 6, 8, 3


def matmul(a, b):
    return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]


def transpose(a):
    return [list(c) for c in zip(*a)]


def eigen(a):
    """Eigenvalues (descending) and unit eigenvectors (as rows) of a symmetric matrix, by cyclic Jacobi."""
    n = len(a)
    a = [row[:] for row in a]
    v = [[float(i == j) for j in range(n)] for i in range(n)]
    for _ in range(100):
        off = sum(a[i][j] ** 2 for i in range(n) for j in range(n) if i != j)
        if off < 1e-30:
            break
        for p in range(n):
            for q in range(p + 1, n):
                if abs(a[p][q]) < 1e-300:
                    continue
                t = (a[q][q] - a[p][p]) / (2 * a[p][q])
                t = math.copysign(1, t) / (abs(t) + math.sqrt(t * t + 1))
                c = 1 / math.sqrt(t * t + 1)
                s = t * c
                for k in range(n):
                    a[k][p], a[k][q] = c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]
                for k in range(n):
                    a[p][k], a[q][k] = c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]
                    v[p][k], v[q][k] = c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k]
    order = sorted(range(n), key=lambda i: -a[i][i])
    return [a[i][i] for i in order], [v[i] for i in order]


def best(p, rank):
    """The best product of that rank for p, and the share of |p|^2 left out: p times the projector on its main row directions."""
    values, vectors = eigen(matmul(transpose(p), p))
    keep = vectors[:rank]
    total = sum(x * x for row in p for x in row)
    return matmul(matmul(p, transpose(keep)), keep), (total - sum(values[:rank])) / total


def undo(p, s):
    """x of x s = p, s square: Gauss with pivoting, on the transposed system."""
    n = len(s)
    rows = [list(st) + list(pt) for st, pt in zip(transpose(s), transpose(p))]
    for i in range(n):
        k = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[k] = rows[k], rows[i]
        for r in range(n):
            if r != i:
                f = rows[r][i] / rows[i][i]
                rows[r] = [x - f * y for x, y in zip(rows[r], rows[i])]
    return transpose([[x / rows[i][i] for x in rows[i][n:]] for i in range(n)])


def weighted(w, s, rank):
    product, lost = best(matmul(w, s), rank)
    return undo(product, s), lost


def energy(w, moment):
    """tr(W H W')"""
    return sum(a * b for x, y in zip(matmul(w, moment), w) for a, b in zip(x, y))


def monarch(w, blocks, rank):
    """Each block of rows j, j + blocks, ... and of adjacent columns becomes its best product."""
    high, wide = len(w) // blocks, len(w[0]) // blocks
    out = [[0.0] * len(w[0]) for _ in w]
    for k in range(blocks):
        for j in range(blocks):
            near, _ = best([[w[l * blocks + j][k * wide + i] for i in range(wide)] for l in range(high)], rank)
            for l in range(high):
                for i in range(wide):
                    out[l * blocks + j][k * wide + i] = near[l][i]
    total = sum(x * x for row in w for x in row)
    return out, sum((x - y) ** 2 for r, s in zip(w, out) for x, y in zip(r, s)) / total


def by_turns(w, size, rank, kept, rounds):
    """OATS: the sum (S + L) D^-1, and the share of |W D|^2 that it leaves out."""
    p = [[x * d for x, d in zip(row, size)] for row in w]
    s = [[0.0] * len(size) for _ in w]
    for _ in range(rounds):
        low, _ = best([[x - y for x, y in zip(a, b)] for a, b in zip(p, s)], rank)
        left = [[x - y for x, y in zip(a, b)] for a, b in zip(p, low)]
        s = []
        for row in left:
            top = sorted(range(len(row)), key=lambda c: (-abs(row[c]), c))[:kept // len(w)]
            s.append([v if c in top else 0.0 for c, v in enumerate(row)])
    both = [[x + y for x, y in zip(a, b)] for a, b in zip(s, low)]
    total = sum(x * x for row in p for x in row)
    lost = sum((x - y) ** 2 for a, b in zip(p, both) for x, y in zip(a, b)) / total
    return [[x / d for x, d in zip(row, size)] for row in both], lost


def outliers(w, size, kept):
    place = sorted(((-abs(x) * size[c], r, c) for r, row in enumerate(w) for c, x in enumerate(row)))[:kept]
    chosen = {(r, c) for _, r, c in place}
    return [[x if (r, c) in chosen else 0.0 for c, x in enumerate(row)] for r, row in enumerate(w)]


RANK_OF = {"monarch": 2, "sparse-lowrank": 1, "dense-sparse": 0}
KEPT_OF = {"sparse-lowrank": 12, "dense-sparse": 7}


def case(rng, method, centred):
    w = [[float(f"{rng.gauss(0, 1):.4f}") for _ in range(COLS)] for _ in range(ROWS)]
    x = [[rng.gauss(0, 1) * (1 + c) + 0.5 * rng.gauss(0, 1) for c in range(COLS)] for _ in range(40)]
    for row in x:
        row[1] += 0.8 * row[0]
        if centred:
            row[:] = [v + 3 * (c % 3 - 1) for c, v in enumerate(row)]
    gram = [[float(f"{sum(r[i] * r[j] for r in x) / 40:.6f}") for j in range(COLS)] for i in range(COLS)]
    absmean = [float(f"{sum(abs(r[i]) for r in x) / 40:.6f}") for i in range(COLS)]
    mean = [float(f"{sum(r[i] for r in x) / 40:.6f}") for i in range(COLS)]
    moment = [[gram[i][j] - centred * mean[i] * mean[j] for j in range(COLS)] for i in range(COLS)]
    if method == "asvd":
        s = [[math.sqrt(absmean[i]) if i == j else 0.0 for j in range(COLS)] for i in range(COLS)]
        out, lost = weighted(w, s, RANK)
    elif method in ("whiten", "afm"):
        damp = 1e-5 * sum(moment[i][i] for i in range(COLS)) / COLS if method == "afm" else 0
        values, vectors = eigen([[v + damp * (i == j) for j, v in enumerate(row)] for i, row in enumerate(moment)])
        s = [[v[i] * math.sqrt(l) for l, v in zip(values, vectors)] for i in range(COLS)]
        out, lost = weighted(w, s, RANK)
        off = [[a - b for a, b in zip(x, y)] for x, y in zip(w, out)]
        lost = energy(off, moment) / energy(w, moment)
    elif method == "eva":
        values, vectors = eigen(moment)
        out = matmul(transpose(vectors[:RANK]), vectors[:RANK])
        lost = sum(values[RANK:]) / sum(values)
    elif method == "monarch":
        out, lost = monarch(w, 2, RANK_OF[method])
    elif method == "sparse-lowrank":
        out, lost = by_turns(w, [math.sqrt(gram[i][i]) for i in range(COLS)], RANK_OF[method], KEPT_OF[method], 5)
    elif method == "dense-sparse":
        out, lost = outliers(w, [gram[i][i] ** 0.25 for i in range(COLS)], KEPT_OF[method]), 0
    else:
        out, lost = best(w, RANK)
    return w, gram, absmean, mean, out, lost


def masa(f):
    """Four matrices as combinations of two atoms: the two main directions of their vectors; of each the share left out."""
    rng = random.Random(300)
    w = [[float(f"{rng.gauss(0, 1):.4f}") for _ in range(6)] for _ in range(4)]
    out, _ = best(transpose(w), 2)
    out = transpose(out)
    lost = [sum((x - y) ** 2 for x, y in zip(a, b)) / sum(x * x for x in a) for a, b in zip(w, out)]
    for tag, rows in (("w", w), ("out", out), ("lost", [lost])):
        f.write(tag + "\t" + "\t".join(f"{v:.10g}" for row in rows for v in row) + "\n")


def main():
    with open(os.path.join(HERE, "factor_masa.tsv"), "w") as f:
        masa(f)
    for seed, method in enumerate(("svd", "asvd", "whiten", "afm", "pissa", "eva", "monarch", "sparse-lowrank", "dense-sparse")):
        rng = random.Random(100 + seed)
        with open(os.path.join(HERE, f"factor_{method.replace('-', '_')}.tsv"), "w") as f:
            for centred in {"eva": [1, 1, 1], "afm": [0, 0, 0, 1, 1]}.get(method, [0, 0, 0]):
                w, gram, absmean, mean, out, lost = case(rng, method, centred)
                alpha = 1 if method == "sparse-lowrank" else 0.5
                f.write(f"case\t{ROWS}\t{COLS}\t{RANK_OF.get(method, RANK)}\t{2 if method == 'monarch' else 1}\t"
                        f"{KEPT_OF.get(method, 0)}\t{alpha}\t5\t{centred}\n")
                for tag, rows in (("w", w), ("gram", gram), ("absmean", [absmean]), ("mean", [mean]), ("out", out)):
                    f.write(tag + "\t" + "\t".join(f"{v:.10g}" for row in rows for v in row) + "\n")
                f.write(f"lost\t{lost:.10g}\n")


main()

#!/usr/bin/env python3
"""score_make.py FOLDER: writes score_<method>.tsv for the scores that look at more than weights and norm2, by numpy from the papers' formulas
(weir-methods(7)); the others are gen_prune.py's. Each case is a line "case role rows cols seed", lines of inputs, and "score"."""
import sys

import numpy as np


def single(v):
    return np.array(v, dtype=np.float32).astype(float)


def damped(x):
    h = single(x.T @ x / len(x))
    dead = np.diag(h) == 0
    mean = np.diag(h)[~dead].mean()
    d = h + np.diag(np.where(dead, mean, 0) + 0.01 * mean)
    return h, dead, np.linalg.inv(d)


def sparsegpt(w, inverse, dead):
    return np.where(dead, 0, w * w / np.diag(inverse))


def shiftadd(w, inverse, dead):
    upper = np.linalg.cholesky(inverse).T
    v = np.where(dead, 0, w / np.diag(upper))
    return [np.linalg.norm(v) * (np.std(v, ddof=1) ** 2 if v.size > 1 else 0)]


def dimap(w, others):
    everything = np.concatenate([w.ravel(), others])
    below = [sum(everything[np.abs(everything) >= abs(v)] ** 2) for v in w.ravel()]
    return [v * v / s if s else 0 for v, s in zip(w.ravel(), below)]


def lift(w, rank):
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return np.abs((u[:, :rank] * s[:rank]) @ v[:rank])


def main():
    rng = np.random.default_rng(5)
    files = {}

    def case(method, role, w, score, **inputs):
        if method not in files:
            files[method] = open("%s/score_%s.tsv" % (sys.argv[1], method), "w")
        f = files[method]
        f.write("case\t%s\t%d\t%d\t0\n" % (role, *w.shape))
        for tag, v in [("w", w), *inputs.items(), ("score", score)]:
            f.write("\t".join([tag] + ["%.9g" % x for x in np.ravel(v)]) + "\n")

    for role, rows, cols, rank in (("attn.o", 4, 8, 2), ("mlp.down", 3, 5, 1), ("attn.q", 12, 20, 3), ("mlp.up", 16, 10, 12)):
        w = single(rng.normal(size=(rows, cols)) * 0.02)
        w[0, :2] = [0, -w[0, 2]]
        x = rng.normal(size=(3 * cols, cols)) @ rng.normal(size=(cols, cols)) * (0.2 + np.arange(cols) % 3)
        if role == "attn.q":
            x[:, 3] = 0
        gram, dead, inverse = damped(x)
        norm2, absmean = single((x * x).mean(0)), single(np.abs(x).mean(0))
        others = single(rng.normal(size=7) * 0.02)
        others[0] = w[0, 2]
        bi = float(rng.random())
        case("sparsegpt", role, w, sparsegpt(w, inverse, dead), gram=gram)
        case("shiftadd_sens", role, w, shiftadd(w, inverse, dead), gram=gram)
        case("dimap", role, w, dimap(w, others), others=others)
        case("lift", role, w, lift(w, rank), rank=[rank])
        case("bi", role, w, [bi], bi=[bi], bi_sub=[2])
        case("simdrop", role, w, [bi], bi=[2], bi_sub=[bi])
        if role == "attn.o":
            score = np.repeat(np.sqrt(norm2.reshape(2, 4).sum(1)), 4)
        else:
            score = absmean
        case("minitron", role, w, score, norm2=norm2, absmean=absmean, head_dim=[4])


main()

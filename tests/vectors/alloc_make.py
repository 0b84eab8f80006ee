#!/usr/bin/env python3
"""alloc_make.py: writes alloc_<method>.tsv beside it, numbers for tests/vectors/alloc.c, with numpy, from the papers' formulas.

A case is a line "case  kind target by_rank tensors", for each tensor "tensor  role layer rows cols angle", lines w, norm2, mean and gram, then "out" with
the shares (kind 1) or ranks (kind 4; -1: dense) of all tensors. Of error it is "loss": the loss of each choice by ascending cost, for each tensor; then "best": of
sparsity the least possible sum of losses, of ranks that of all combinations and the largest step that the greedy can be off.
"""
import itertools
import math
import os
import random

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


class Tensor:
    def __init__(self, rng, role, layer, rows, cols, angle, scale=1.0):
        r3 = lambda v: float(f"{v:.4f}")
        self.role, self.layer, self.rows, self.cols, self.angle = role, layer, rows, cols, r3(angle)
        self.w = np.array([[r3(scale * rng.gauss(0, 1) * (6 if rng.random() < 0.03 else 1)) for _ in range(cols)] for _ in range(rows)])
        x = np.array([[rng.gauss(0.3 * (c % 3), 1 + c % 4) for c in range(cols)] for _ in range(60)])
        x[:, 1:] += 0.5 * x[:, :-1]
        self.gram = np.round(x.T @ x / 60, 6)
        self.mean = np.round(x.mean(0), 6)
        self.norm2 = np.diag(self.gram).copy()

    def write(self, f):
        f.write(f"tensor\t{self.role}\t{self.layer}\t{self.rows}\t{self.cols}\t{self.angle!r}\n")
        for tag, v in (("w", self.w), ("norm2", self.norm2), ("mean", self.mean), ("gram", self.gram)):
            f.write(tag + "\t" + "\t".join(f"{x:.10g}" for x in np.ravel(v)) + "\n")


def model(rng, layers=3):
    ts = []
    for l in range(layers):
        a = 0.05 + 0.3 * rng.random()
        s = 0.5 + rng.random()
        ts += [Tensor(rng, "attn.q", l, 6, 6, a, s), Tensor(rng, "attn.o", l, 6, 6, a, s), Tensor(rng, "mlp.up", l, 10, 6, a), Tensor(rng, "mlp.down", l, 6, 10, a, s)]
    return ts


def spread(scores, weights, target, low, high):
    """c of clip(score + c, low, high) by the monotone equation, solved by halving in the interval of all kinks."""
    total = target * sum(weights)
    lo, hi = low - max(scores), high - min(scores)
    for _ in range(300):
        c = (lo + hi) / 2
        if sum(n * min(max(s + c, low), high) for s, n in zip(scores, weights)) < total:
            lo = c
        else:
            hi = c
    return [min(max(s + hi, low), high) for s in scores]


def owl(ts, s, m=5.0, lam=0.08):
    d = {}
    for l in {t.layer for t in ts}:
        a = np.concatenate([np.ravel(np.abs(t.w) * np.sqrt(t.norm2)) for t in ts if t.layer == l])
        d[l] = float((a > m * a.mean()).mean())
    low, high = min(d.values()), max(d.values())
    scores = [-2 * lam * (d[t.layer] - low) / (high - low) if high > low else 0.0 for t in ts]
    return spread(scores, [t.w.size for t in ts], s, max(0, s - lam), min(1, s + lam))


def cfsp(ts, p):
    n = np.array([t.w.size for t in ts], float)
    i = np.array([t.angle for t in ts])
    s = 1 / (1 + np.exp(-(i - (n * i).sum() / n.sum()) * 131072 / 1e4))
    keep = (1 - p) * s / ((n * s).sum() / n.sum())
    if keep.max() > 1:
        keep = (1 - p) + (keep - (1 - p)) * p / (keep.max() - (1 - p))
    return list(1 - keep)


def flap(ts, p):
    groups, budget = {}, p * sum(t.w.size for t in ts)
    for t in ts:
        groups.setdefault((t.layer, t.role.split(".")[0]), []).append(t)
    channels = []
    for g, members in groups.items():
        t = next(t for t in members if t.role in ("attn.o", "mlp.down"))
        s = (t.norm2 - t.mean ** 2) * (t.w ** 2).sum(0)
        z = (s - s.mean()) / s.std()
        cost = sum(m.w.size for m in members) / t.cols
        channels += [(z[c], g, cost, t.cols) for c in range(t.cols)]
    gone = {g: 0.0 for g in groups}
    for z, g, cost, cols in sorted(channels, key=lambda c: c[0]):
        part = min(1.0, budget / cost)
        gone[g] += part / cols
        budget -= part * cost
        if budget <= 0:
            break
    return [gone[(t.layer, t.role.split(".")[0])] for t in ts]


def cost(t, r):
    return min(r * (t.rows + t.cols), t.w.size)


def by_threshold(ts, values, target, by_rank, least, cap):
    """Ranks by a falling threshold: tensor after tensor, value after value, in order of value."""
    budget = target * (len(ts) if by_rank else sum(t.w.size for t in ts))
    price = (lambda t, r: r) if by_rank else cost
    ranks = [min(least, cap[i]) for i in range(len(ts))]
    spent = sum(price(t, r) for t, r in zip(ts, ranks))
    todo = sorted((-v, i, k) for i, vs in enumerate(values) for k, v in enumerate(vs[:cap[i]]) if k >= ranks[i])
    for _, i, k in todo:
        more = price(ts[i], k + 1) - price(ts[i], k)
        if spent + more > budget + 1e-9:
            break
        spent += more
        ranks[i] = k + 1
    return [-1 if not by_rank and cost(t, r) >= t.w.size else r for t, r in zip(ts, ranks)]


def welore(ts, target, by_rank):
    values = []
    for t in ts:
        s = np.linalg.svd(t.w, compute_uv=False)
        values.append(list((s - s.min()) / (s.max() - s.min())))
    return by_threshold(ts, values, target, by_rank, 1, [min(t.w.shape) for t in ts])


def uniform_rank(t, target, by_rank):
    if by_rank:
        return min(int(target), min(t.w.shape))
    r = max(1, math.floor(target * t.w.size / (t.rows + t.cols)))
    return r if cost(t, r) < t.w.size else -1


def eva(ts, target, by_rank):
    values, cap = [], []
    for t in ts:
        v = np.maximum(np.linalg.eigvalsh(t.gram - np.outer(t.mean, t.mean))[::-1], 0)
        values.append(list(v / v.sum()))
        same = uniform_rank(t, target, by_rank)
        cap.append(min(min(t.w.shape), 2 * (min(t.w.shape) if same < 0 else same)))
    return by_threshold(ts, values, target, by_rank, 0 if by_rank else 1, cap)


def sparsity_losses(t, s, lam=0.08):
    grid = sorted({s, max(0.0, s - lam), min(1.0, s + lam)} | {i / 20 for i in range(21) if s - lam < i / 20 < s + lam}, reverse=True)
    score = np.abs(t.w) * np.sqrt(t.norm2)
    out = []
    for share in grid:
        e = t.w.copy()
        k = int(share * t.cols + 1e-9)
        for r in range(t.rows):
            for c in sorted(range(t.cols), key=lambda c: (score[r, c], c))[k:]:
                e[r, c] = 0
        out.append(((1 - share) * t.w.size, float(np.trace(e @ t.gram @ e.T) / np.trace(t.w @ t.gram @ t.w.T))))
    return out


def rank_losses(t):
    root = np.linalg.cholesky(t.gram)
    s2 = np.linalg.svd(t.w @ root, compute_uv=False) ** 2
    out = [(cost(t, r), float(s2[r:].sum() / s2.sum())) for r in range(1, len(s2) + 1) if r * (t.rows + t.cols) < t.w.size]
    return out + [(t.w.size, 0.0)]


def envelope(points):
    """Corners of the lower convex hull that still fall: those below every chord, found by trying all chords."""
    keep = []
    for x, y in points:
        under = all(y < a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]) - 1e-15
                    for a, b in itertools.combinations(sorted(points), 2) if a[0] < x < b[0])
        if under and all(q[1] > y for q in points if q[0] < x):
            keep.append((x, y))
    return sorted(keep)


def relaxed(lists, budget):
    """The linear relaxation: greedy along the envelopes; its loss and the largest step."""
    hulls = [envelope(p) for p in lists]
    left, loss = budget - sum(h[0][0] for h in hulls), sum(h[0][1] for h in hulls)
    steps = sorted(((a[1] - b[1]) / (b[0] - a[0]), b[0] - a[0], a[1] - b[1]) for h in hulls for a, b in zip(h, h[1:]))[::-1]
    for slope, dc, dl in steps:
        part = min(1.0, left / dc)
        loss -= part * dl
        left -= part * dc
        if left <= 0:
            break
    return loss, max((s[2] for s in steps), default=0.0)


def put(f, tag, v):
    f.write(tag + "\t" + "\t".join(f"{x:.12g}" for x in v) + "\n")


def main():
    for seed, (method, kind, cases) in enumerate((
            ("uniform", 1, ((0.6, 0),)), ("uniform", 4, ((0.6, 0), (0.9, 0), (3, 1))), ("owl", 1, ((0.6, 0), (0.05, 0), (0.5, 0))),
            ("cfsp", 1, ((0.5, 0), (0.1, 0))), ("flap", 1, ((0.3, 0), (0.65, 0))), ("welore", 4, ((0.6, 0), (0.8, 0), (3, 1))),
            ("eva", 4, ((0.6, 0), (0.75, 0), (2, 1))), ("error", 1, ((0.5, 0), (0.03, 0))), ("error", 4, ((0.6, 0), (0.75, 0))))):
        rng = random.Random(500 + seed)
        with open(os.path.join(HERE, f"alloc_{method}.tsv"), "a" if kind == 4 and method in ("uniform", "error") else "w") as f:
            for target, by_rank in cases:
                ts = model(rng, 2 if method == "error" else 3)[:6]
                if method != "error":
                    ts = model(rng)
                f.write(f"case\t{kind}\t{target}\t{by_rank}\t{len(ts)}\n")
                for t in ts:
                    t.write(f)
                if method == "uniform":
                    out = [target] * len(ts) if kind == 1 else [uniform_rank(t, target, by_rank) for t in ts]
                elif method in ("owl", "cfsp", "flap"):
                    out = globals()[method](ts, target)
                elif method != "error":
                    out = globals()[method](ts, target, by_rank)
                else:
                    lists = [sparsity_losses(t, target) if kind == 1 else rank_losses(t) for t in ts]
                    for p in lists:
                        put(f, "loss", [y for _, y in p])
                    budget = sum(t.w.size for t in ts) * (1 - target if kind == 1 else target)
                    best, step = relaxed(lists, budget)
                    if kind == 4:
                        best = min(sum(p[1] for p in c) for c in itertools.product(*lists) if sum(p[0] for p in c) <= budget)
                    put(f, "best", [best, 0 if kind == 1 else step])
                    continue
                put(f, "out", out)


main()

#!/usr/bin/env python3
"""quant_levels.tsv: what the layer of layer.h loses when levels are searched for (weir-methods(7), --clip), rounded to the nearest or by gptq's sweep,
all in f64 but for the stored numbers. Columns: rho, sigma, type ("int3" in groups of 64, scales F32), sweep, share of the output's energy lost.

    python -P quant_levels_make.py > quant_levels.tsv       # numpy"""
import math

import numpy as np

N, M64 = 256, (1 << 64) - 1


def layer(rho, sigma):
    state = 42

    def unit():
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & M64
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & M64
        z = (z ^ z >> 27) * 0x94D049BB133111EB & M64
        return ((z ^ z >> 31) >> 11) / 2**53 + 0.5 / 2**53

    def normal():
        r = math.sqrt(-2 * math.log(unit()))
        return r * math.cos(2 * math.pi * unit())

    w = np.array([np.float32(0.02 * normal()) for _ in range(N * N)], np.float64).reshape(N, N)
    s = np.array([math.exp(sigma * normal()) for _ in range(N)])
    k = np.arange(N)
    return w, np.outer(s, s) * rho ** abs(k[:, None] - k)


def half(v):
    return np.asarray(v).astype(np.float16).astype(np.float64)


def single(v):
    return np.asarray(v).astype(np.float32).astype(np.float64)


# name: columns of a unit and of a sub-block, largest code, middle, kind of low, largest code of a scale, how scales are stored
TYPES = {f"int{b}": (64, 64, 2**b - 1, None, "zero", 0, single) for b in (4, 3, 2)}
TYPES |= {"q4_0": (32, 32, 15, 8, None, 0, half), "q5_0": (32, 32, 31, 16, None, 0, half), "q8_0": (32, 32, 254, 127, None, 0, half)}
TYPES |= {"q4_1": (32, 32, 15, None, "low", 0, half), "q5_1": (32, 32, 31, None, "low", 0, half)}
TYPES |= {"q2_K": (256, 16, 3, None, "low", 15, half), "q4_K": (256, 32, 15, None, "low", 63, half), "q5_K": (256, 32, 31, None, "low", 63, half)}
TYPES |= {"q3_K": (256, 16, 7, 4, None, 32, half), "q6_K": (256, 16, 63, 32, None, 128, half)}


def nearest(v):
    return np.where(v < 0, -np.floor(0.5 - v), np.floor(v + 0.5))


def times(v, d, lo, hi):
    with np.errstate(all="ignore"):
        c = np.where(d != 0, v / np.where(d == 0, 1, d), 0)
    return nearest(np.clip(c, lo, hi)) * d


def place(t, unit, a, b):
    """scale, zero, low of rows from a range, or from a scale"""
    _, _, top, middle, low, codes, stored = t
    scale, zero, off = a if middle is not None else (b - a) / top, np.zeros_like(a), np.zeros_like(a)
    if middle is not None:
        zero = zero + middle
    if codes and unit is None:
        return scale, zero, -a if low else off
    if codes:
        d, dmin = unit
        scale = times(scale, d, -codes if middle is not None else 0, codes - 1 if middle is not None else codes)
        return scale, zero, times(-a, dmin, 0, codes) if low else off
    scale = stored(scale)
    if low == "low":
        off = -stored(a)
    elif low == "zero":
        zero = np.minimum(np.floor(-a / scale + 0.5), top)
    return scale, zero, off


def coded(t, levels, w):
    scale, zero, low = levels
    with np.errstate(all="ignore"):
        code = np.clip(np.round(np.where(scale != 0, (w + low) / np.where(scale == 0, 1, scale), 0)) + zero, 0, t[2])
    return (code - zero) * scale - low


def loss(t, levels, w, h, u):
    """of rows [R][n]: e h e', or what the sweep over the columns adds"""
    if u is None:
        e = w - coded(t, [v[:, None] for v in levels], w)
        return np.einsum("ri,ij,rj->r", e, h, e)
    w, total = w.copy(), np.zeros(len(w))
    for k in range(w.shape[1]):
        e = (w[:, k] - coded(t, levels, w[:, k])) / u[k, k]
        total += e * e
        w[:, k + 1:] -= e[:, None] * u[k, k + 1:]
    return total


def search(t, unit, w, h, u):
    middle, holds = t[3], bool(t[5]) or t[4] != "low"
    lo, hi = w.min(1), w.max(1)
    if holds:
        lo, hi = np.minimum(lo, 0), np.maximum(hi, 0)
    if middle is not None:
        most = w[np.arange(len(w)), abs(w).argmax(1)]
        lo = hi = abs(most) / middle if t[2] == 254 else -most / middle
    best = [np.full(len(w), np.inf), lo, hi, place(t, unit, lo, hi)]

    def attempt(a, b):
        if middle is None and holds:
            a, b = np.minimum(a, 0), np.maximum(b, 0)
        v = place(t, unit, a, b)
        now = loss(t, v, w, h, u)
        less = now < best[0]
        best[0], best[1], best[2] = np.where(less, now, best[0]), np.where(less, a, best[1]), np.where(less, b, best[2])
        best[3] = tuple(np.where(less, x, y) for x, y in zip(v, best[3]))

    attempt(lo, hi)
    if middle is not None:
        for sign in (1, -1)[: 1 if t[2] == 254 else 2]:
            for i in range(sign == 1, 11):
                attempt(sign * (1 - 0.05 * i) * lo, lo)
        for by in (0.025, 0.0125):
            for sign in (1, -1):
                attempt(best[1] + sign * by * abs(lo), lo)
        return best[3]
    for i in range(1, 11):
        attempt(lo + 0.025 * i * (hi - lo), hi - 0.025 * i * (hi - lo))
    for by in (0.08, 0.04, 0.02, 0.01, 0.005):
        for end in (0, 1):
            for sign in (1, -1):
                move = sign * by * (hi - lo)
                attempt(best[1] + (end == 0) * move, best[2] + (end == 1) * move)
    return best[3]


def fit(v, weight, lo, hi):
    """d of rows from numbers [R][subs]"""
    most = v[np.arange(len(v)), abs(v).argmax(1)]
    least, d = np.full(len(v), np.inf), np.zeros(len(v))
    for step in (0, -0.25, 0.25, -0.5, 0.5, -0.75, 0.75, -1, 1):
        by = half(most / (lo + step if lo < 0 else hi + step))
        now = (weight * (v - times(v, by[:, None], lo, hi)) ** 2).sum(1)
        d, least = np.where(now < least, by, d), np.minimum(now, least)
    return np.where(most == 0, 0, d)


def choose_unit(t, w, h, u):
    unit, sub, _, middle, low, codes, _ = t
    if not codes:
        return None
    v, weight = [], []
    for c in range(0, unit, sub):
        s = slice(c, c + sub)
        v.append(search(t, None, w[:, s], None if h is None else h[s, s], None if u is None else u[s, s]))
        weight.append((np.diag(h[s, s]) if u is None else 1 / np.diag(u[s, s]) ** 2).sum())
    weight = np.array(weight)
    scale, off = np.stack([x[0] for x in v], 1), np.stack([x[2] for x in v], 1)
    return (fit(scale, weight, -codes if middle is not None else 0, codes - 1 if middle is not None else codes),
            fit(off, weight, 0, codes) if low else np.zeros(len(w)))


def quantize(t, w, H, sweep):
    unit, sub, q, w, U = t[0], t[1], np.zeros_like(w), w.copy(), None
    if sweep:
        U = np.linalg.cholesky(np.linalg.inv(H + 0.01 * np.mean(np.diag(H)) * np.eye(N))).T
    for c in range(0, N, sub):
        if c % unit == 0:
            s = slice(c, c + unit)
            of = choose_unit(t, w[:, s], H[s, s], None if U is None else U[s, s])
        s = slice(c, c + sub)
        levels = search(t, of, w[:, s], H[s, s], None if U is None else U[s, s])
        for k in range(c, c + sub):
            q[:, k] = coded(t, levels, w[:, k])
            if sweep:
                w[:, k + 1:] -= ((w[:, k] - q[:, k]) / U[k, k])[:, None] * U[k, k + 1:]
    return q


for rho, sigma in ((0.9, 0.7), (0.5, 1)):
    w, H = layer(rho, sigma)
    whole = np.einsum("ri,ij,rj->", w, H, w)
    for name, t in TYPES.items():
        for sweep in (0, 1):
            e = w - quantize(t, w, H, sweep)
            print(rho, sigma, name, sweep, f"{np.einsum('ri,ij,rj->', e, H, e) / whole:.6g}", sep="\t", flush=True)

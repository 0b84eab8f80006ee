#!/usr/bin/env python3
"""Make merge_*.tsv: merged tensors of small cases, computed here from the formulas of weir-methods(7) alone, in doubles and
with plain sorts. Usage: gen_merge.py FOLDER. The numbers are committed; the test vectors/merge reads them."""
import itertools
import math
import os
import sys

from gen_prune import Noise, f32, mix, xxh3_4to8, M64


def unit(name, seed, index):
    key = xxh3_4to8(name.encode(), mix(seed + 0x9E3779B97F4A7C15 & M64))
    return ((mix(key ^ mix((index + 1) * 0x9E3779B97F4A7C15 & M64)) >> 12) + 0.5) / 2.0**52


class Case:
    def __init__(self, name, rows, cols, models, **p):
        self.name, self.rows, self.cols, self.models, self.p = name, rows, cols, models, p

    def get(self, key, default):
        v = self.p.get(key, default)
        return (v if len(v) > 1 else v * self.models) if isinstance(v, list) else v


def linear(c, base, m):
    w = c.get("weight", [1.0])
    d = sum(w) if c.get("normalize", True) else 1.0
    return [math.fsum(w[k] * m[k][i] for k in range(c.models)) / d for i in range(len(m[0]))]


def combine(c, base, deltas, sign, normalize):
    """base + lambda * sum of w d over what agrees with the sign of the whole sum."""
    w, out = c.get("weight", [1.0]), []
    for i, b in enumerate(base):
        wd = [w[k] * deltas[k][i] for k in range(c.models)]
        whole = math.fsum(wd)
        keep = [k for k in range(c.models) if not sign or (wd[k] > 0 if whole >= 0 else wd[k] < 0)]
        total = math.fsum(wd[k] for k in keep)
        if c.get("normalize", normalize):
            div = math.fsum(w[k] for k in keep)
            total = total / div if abs(div) > 1e-8 else total
        out.append(b + c.get("lambda", 1.0) * total)
    return out


def deltas_of(base, m):
    return [[f32(x - b) for x, b in zip(one, base)] for one in m]


def largest(d, k):
    return set(sorted(range(len(d)), key=lambda i: (abs(d[i]), i), reverse=True)[:k])


def task(c, base, m):
    return combine(c, base, deltas_of(base, m), False, False)


def ties(c, base, m):
    out = []
    for d, p in zip(deltas_of(base, m), c.get("density", [1.0])):
        keep = largest(d, int(p * len(d) + 1e-9))
        out.append([x if i in keep else 0.0 for i, x in enumerate(d)])
    return combine(c, base, out, True, True)


def level(c, before, kept, usual):
    """Scaled so that sum |x| is what it was, where rescale is l1."""
    if c.get("rescale", usual) != "l1":
        return kept
    a, b = math.fsum(abs(x) for x in before), math.fsum(abs(x) for x in kept)
    return [f32(x * (a / b)) for x in kept] if min(a, b) >= 1e-7 else kept


def chance(c, base, m, sign):
    out = []
    for k, (d, p) in enumerate(zip(deltas_of(base, m), c.get("density", [1.0]))):
        by = p if c.get("rescale", "chance") == "chance" and p > 0 else 1.0
        kept = [f32(x / by) if p >= 1 or unit("%s/%d" % (c.name, k), c.get("seed", 0), i) < p else 0.0 for i, x in enumerate(d)]
        out.append(level(c, d, kept, "chance"))
    return combine(c, base, out, sign, False)


def dare_linear(c, base, m):
    return chance(c, base, m, False)


def dare_ties(c, base, m):
    return chance(c, base, m, True)


def della(c, base, m):
    out, eps = [], c.get("epsilon", 0.15)
    for k, (d, p) in enumerate(zip(deltas_of(base, m), c.get("density", [1.0]))):
        res = list(d) if p >= 1 else [0.0] * len(d)
        for r in range(c.rows if 0 < p < 1 else 0):
            row = range(r * c.cols, (r + 1) * c.cols)
            for rank, i in enumerate(sorted(row, key=lambda i: (abs(d[i]), i))):
                q = p - eps + 2 * eps * rank / (c.cols - 1) if c.cols > 1 else p
                if unit("%s/%d" % (c.name, k), c.get("seed", 0), i) < q:
                    res[i] = f32(d[i] / (q if c.get("rescale", "l1") == "chance" else 1.0))
        out.append(level(c, d, res, "l1") if p < 1 else res)
    return combine(c, base, out, True, True)


def breadcrumbs(c, base, m):
    out, gamma = [], c.get("gamma", 0.01)
    for d, p in zip(deltas_of(base, m), c.get("density", [1.0])):
        res = [0.0] * len(d)
        width = c.cols if c.get("scope", "tensor") == "row" else len(d)
        for g in range(0, len(d), width):
            order = sorted(range(g, g + width), key=lambda i: (abs(d[i]), i), reverse=True)
            top = int(gamma * width + 1e-9)
            for i in order[top:top + int(p * width + 1e-9)]:
                res[i] = d[i]
        out.append(res)
    return combine(c, base, out, False, False)


def slerp(c, base, m):
    a, b, t = m[0], m[1], c.get("t", 0.5)
    na, nb = math.sqrt(math.fsum(x * x for x in a)), math.sqrt(math.fsum(x * x for x in b))
    dot = math.fsum(x * y for x, y in zip(a, b)) / (na * nb) if na and nb else 1.0
    if abs(dot) > 0.9995:
        return [(1 - t) * x + t * y for x, y in zip(a, b)]
    th = math.acos(dot)
    s0, s1 = math.sin((1 - t) * th) / math.sin(th), math.sin(t * th) / math.sin(th)
    return [s0 * x + s1 * y for x, y in zip(a, b)]


def rws(c, target, m):
    init, clean, robust = m[0], m[1], m[2:]
    w = c.get("weight", [1.0])
    dc = [x - y for x, y in zip(clean, init)]
    cc, out = math.fsum(x * x for x in dc), list(target)
    for k, one in enumerate(robust):
        dr = [x - y for x, y in zip(one, init)]
        p = math.fsum(x * y for x, y in zip(dr, dc)) / cc if cc else 0.0
        out = [o + c.get("alpha", 1.0) * w[2 + k] * (r - p * x) for o, r, x in zip(out, dr, dc)]
    return out


def svd(a, rows, cols):
    """One-sided Jacobi: a = U diag(s) V', thin, values descending. Lists of rows."""
    t = rows < cols
    u = [[a[r * cols + c] for c in range(cols)] for r in range(rows)]
    u = [list(x) for x in (u if t else zip(*u))]  # vectors to be made orthogonal, one a row
    n = len(u)
    v = [[float(i == j) for j in range(n)] for i in range(n)]
    for _ in range(60):
        off = 0.0
        for i in range(n):
            for j in range(i + 1, n):
                p, q, d = (math.fsum(x * y for x, y in zip(u[a1], u[b1])) for a1, b1 in ((i, i), (j, j), (i, j)))
                if abs(d) <= 1e-15 * math.sqrt(p * q):
                    continue
                off = 1.0
                z = (q - p) / (2 * d)
                s = math.copysign(1 / (abs(z) + math.sqrt(1 + z * z)), z)
                k = 1 / math.sqrt(1 + s * s)
                for w in (u, v):
                    w[i], w[j] = ([k * x - s * k * y for x, y in zip(w[i], w[j])], [s * k * x + k * y for x, y in zip(w[i], w[j])])
        if not off:
            break
    s = [math.sqrt(math.fsum(x * x for x in row)) for row in u]
    order = sorted(range(n), key=lambda i: -s[i])
    unit = [[x / s[i] for x in u[i]] for i in order]
    other = [v[i] for i in order]
    s = [s[i] for i in order]
    return (other, s, unit) if t else (unit, s, other)  # left vectors, values, right vectors: one a row


def opcm(c, base, m):
    dot = lambda x, y: math.fsum(a * b for a, b in zip(x, y))
    taus = [[x - b for x, b in zip(one, base)] for one in m]
    d = list(taus[0])
    norms = [math.sqrt(dot(t, t)) for t in taus]
    lam = 1.0
    for n, tau in enumerate(taus[1:], 2):  # the paper's steps, scaled after each
        left, s, right = svd(d, c.rows, c.cols)
        k, part = len(s), 0.0
        for i, x in enumerate(s):
            part += x
            if part > c.get("alpha", 0.5) * math.fsum(s):
                k = i + 1
                break
        res = list(tau)
        for i, u in enumerate(left):
            for j, v in enumerate(right):
                if i == j or (i < k and j < k):
                    q = math.fsum(u[r] * tau[r * c.cols + x] * v[x] for r in range(c.rows) for x in range(c.cols))
                    res = [y - q * u[i2 // c.cols] * v[i2 % c.cols] for i2, y in enumerate(res)]
        new = [lam * x + y for x, y in zip(d, res)]
        lam = math.sqrt(dot(new, new)) / (math.fsum(norms[:n]) / n)
        d = [x / lam for x in new]
    return [b + x for b, x in zip(base, d)]


def rmm_file(folder):
    noise = Noise(77)
    with open(os.path.join(folder, "merge_rmm.tsv"), "w") as f:
        for n, length, p in ((3, 8, 1), (4, 8, 2), (4, 3, 2), (3, 8, 3), (2, 5, 1)):
            x = [[f32(noise.normal() + (1.5 if i == 0 else 0)) for i in range(length)] for _ in range(n)]
            left, s, right = svd([x[a][i] for i in range(length) for a in range(n)], length, n)
            f.write("case\t%d\t%d\t%d\n" % (n, length, p))
            for one in x:
                f.write("x\t%s\n" % "\t".join("%.9g" % v for v in one))
            for a in range(n):
                f.write("fit\t%s\n" % "\t".join("%.9g" % math.fsum(left[k][i] * s[k] * right[k][a] for k in range(p)) for i in range(length)))


def rebasin_file(folder):
    noise = Noise(78)
    with open(os.path.join(folder, "merge_rebasin.tsv"), "w") as f:
        for case in range(24):
            n = 1 + case % 6
            g = [float(int(noise.unit() * 4)) if case >= 18 else noise.normal() for _ in range(n * n)]
            best = max(math.fsum(g[i * n + t] for i, t in enumerate(to)) for to in itertools.permutations(range(n)))
            f.write("n\t%d\ngain\t%s\nbest\t%.17g\n" % (n, "\t".join("%.17g" % x for x in g), best))


def text(v):
    return ",".join("%.9g" % x for x in v) if isinstance(v, list) else str(v).lower() if isinstance(v, bool) else str(v)


def write(folder, method, based, cases):
    with open(os.path.join(folder, "merge_%s.tsv" % method.__name__), "w") as f:
        for n, c in enumerate(cases):
            noise = Noise(n + 31)
            base = noise.weights(c.rows * c.cols)
            m = [[f32(b + noise.normal() * 0.01) for b in base] for _ in range(c.models)]
            m[0][0] = base[0]  # a change of 0
            if c.p.get("tied"):  # equal changes, so that places decide
                m = [[f32(b + f32(0.0078125 * (int(noise.unit() * 5) - 2))) for b in base] for _ in range(c.models)]
                del c.p["tied"]
            f.write("case\t%s\t%d\t%d\t%d\t%s\n" % (c.name, c.rows, c.cols, c.models,
                                                  ";".join("%s=%s" % (k, text(v)) for k, v in c.p.items()) or "-"))
            if based:
                f.write("base\t%s\n" % "\t".join("%.9g" % x for x in base))
            for one in m:
                f.write("model\t%s\n" % "\t".join("%.9g" % x for x in one))
            f.write("out\t%s\n" % "\t".join("%.9g" % x for x in method(c, base, m)))


CASES = {
    linear: (0, [Case("mlp.up", 4, 8, 3), Case("head", 1, 5, 1), Case("attn.q", 3, 5, 2, weight=[0.3, 0.7]),
                 Case("attn.q", 3, 5, 3, weight=[2.0, -0.5, 1.0], normalize=False)]),
    slerp: (0, [Case("mlp.up", 4, 8, 2), Case("attn.q", 3, 5, 2, t=0.25), Case("head", 1, 6, 2, t=1.0)]),
    task: (1, [Case("mlp.up", 4, 8, 3), Case("attn.q", 3, 5, 2, weight=[0.3, 0.7], **{"lambda": 0.5}),
               Case("attn.q", 3, 5, 2, weight=[0.5, 2.0], normalize=True)]),
    ties: (1, [Case("mlp.up", 4, 8, 3, density=[0.5]), Case("attn.q", 3, 5, 2, density=[0.2, 0.8], weight=[1.0, 0.5]),
               Case("mlp.up", 4, 8, 3, density=[0.3], tied=1), Case("mlp.up", 2, 8, 3, normalize=False, **{"lambda": 1.5})]),
    dare_linear: (1, [Case("mlp.up", 4, 8, 3, density=[0.5]), Case("attn.q", 3, 5, 2, density=[0.2, 0.8], seed=7),
                      Case("attn.q", 3, 5, 2, density=[0.3], rescale=False, normalize=True), Case("attn.q", 3, 5, 2, density=[0.5], rescale="l1")]),
    dare_ties: (1, [Case("mlp.up", 4, 8, 3, density=[0.5]), Case("attn.q", 3, 5, 3, density=[0.6], seed=9, normalize=True)]),
    della: (1, [Case("mlp.up", 4, 8, 3, density=[0.5]), Case("attn.q", 3, 5, 2, density=[0.7, 0.4], epsilon=0.25, seed=3),
                Case("mlp.up", 4, 8, 2, density=[0.5], rescale=False, tied=1), Case("mlp.up", 4, 8, 2),
                Case("mlp.up", 4, 8, 3, density=[0.5], rescale="chance", normalize=False)]),
    breadcrumbs: (1, [Case("mlp.up", 4, 8, 3, density=[0.5], gamma=0.1), Case("mlp.up", 4, 8, 3, density=[0.5], gamma=0.2, scope="row"),
                      Case("mlp.up", 4, 8, 2, density=[0.25], gamma=0.125, scope="row", tied=1), Case("attn.q", 3, 5, 2)]),
    rws: (1, [Case("mlp.up", 4, 8, 3), Case("attn.q", 3, 5, 4, alpha=0.5, weight=[1.0, 1.0, 0.5, 2.0])]),
    opcm: (1, [Case("mlp.up", 4, 6, 3), Case("attn.q", 5, 3, 2, alpha=0.2), Case("mlp.up", 4, 4, 3, alpha=0.8)]),
}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: gen_merge.py FOLDER")
    for method, (based, cases) in CASES.items():
        write(sys.argv[1], method, based, cases)
    rmm_file(sys.argv[1])
    rebasin_file(sys.argv[1])

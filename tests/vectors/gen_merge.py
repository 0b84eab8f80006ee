#!/usr/bin/env python3
"""Make merge_*.tsv: merged tensors of small cases, computed here from the formulas of weir-methods(7) alone, in doubles and
with plain sorts. Usage: gen_merge.py FOLDER. The numbers are committed; the test vectors/merge reads them."""
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


def chance(c, base, m, sign):
    out = []
    for k, (d, p) in enumerate(zip(deltas_of(base, m), c.get("density", [1.0]))):
        by = p if c.get("rescale", True) and p > 0 else 1.0
        out.append([f32(x / by) if p >= 1 or unit("%s/%d" % (c.name, k), c.get("seed", 0), i) < p else 0.0 for i, x in enumerate(d)])
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
                    res[i] = f32(d[i] / (q if c.get("rescale", True) else 1.0))
        out.append(res)
    return combine(c, base, out, True, False)


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
                      Case("attn.q", 3, 5, 2, density=[0.3], rescale=False, normalize=True)]),
    dare_ties: (1, [Case("mlp.up", 4, 8, 3, density=[0.5]), Case("attn.q", 3, 5, 3, density=[0.6], seed=9, normalize=True)]),
    della: (1, [Case("mlp.up", 4, 8, 3, density=[0.5]), Case("attn.q", 3, 5, 2, density=[0.7, 0.4], epsilon=0.25, seed=3),
                Case("mlp.up", 4, 8, 2, density=[0.5], rescale=False, tied=1), Case("mlp.up", 4, 8, 2)]),
    breadcrumbs: (1, [Case("mlp.up", 4, 8, 3, density=[0.5], gamma=0.1), Case("mlp.up", 4, 8, 3, density=[0.5], gamma=0.2, scope="row"),
                      Case("mlp.up", 4, 8, 2, density=[0.25], gamma=0.125, scope="row", tied=1), Case("attn.q", 3, 5, 2)]),
    rws: (1, [Case("mlp.up", 4, 8, 3), Case("attn.q", 3, 5, 4, alpha=0.5, weight=[1.0, 1.0, 0.5, 2.0])]),
}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: gen_merge.py FOLDER")
    for method, (based, cases) in CASES.items():
        write(sys.argv[1], method, based, cases)

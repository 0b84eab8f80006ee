#!/usr/bin/env python3
"""Prints select_METHOD.tsv for each method (into the folder given): sets and the orders that plain, slow Python finds for them. Needs
python3-xxhash for the random numbers of base/rng.h, which are specified there."""
import math
import random
import sys

import xxhash

M = (1 << 64) - 1


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & M
    return z ^ (z >> 31)


def unit(seed, name):
    key = xxhash.xxh3_64_intdigest(name.encode(), mix((seed + 0x9E3779B97F4A7C15) & M))
    u = mix(key ^ mix(0x9E3779B97F4A7C15))
    return ((u >> 12) + 0.5) * 2.0 ** -52


def gumbel(seed, name):
    return -math.log(-math.log(unit(seed, name)))


def ranked(keys):
    return sorted(range(len(keys)), key=lambda i: (-keys[i], i))


def dot(a, b):
    return math.fsum(p * q for p, q in zip(a, b))


def greedy(n, want, value):
    chosen = []
    while len(chosen) < want:
        now = value(chosen)
        chosen.append(max((i for i in range(n) if i not in chosen), key=lambda i: (value(chosen + [i]) - now, -i)))
    return chosen


def solve(A, b):
    n = len(A)
    A = [row[:] + [v] for row, v in zip(A, b)]
    for i in range(n):
        p = max(range(i, n), key=lambda r: abs(A[r][i]))
        A[i], A[p] = A[p], A[i]
        for r in range(i + 1, n):
            f = A[r][i] / A[i][i]
            A[r] = [x - f * y for x, y in zip(A[r], A[i])]
    x = [0] * n
    for i in reversed(range(n)):
        x[i] = (A[i][n] - sum(A[i][j] * x[j] for j in range(i + 1, n))) / A[i][i]
    return x


def taus(s):
    d = len(s.x[0])
    G = [[dot([r[i] for r in s.x], [r[j] for r in s.x]) for j in range(d)] for i in range(d)]
    c = 1e-6 * sum(G[i][i] for i in range(d)) / d
    for i in range(d):
        G[i][i] += c
    return [dot(r, solve(G, r)) for r in s.x]


def kcentre(s):
    chosen = [0]
    dist = lambda i, j: dot(s.x[i], s.x[i]) + dot(s.x[j], s.x[j]) - 2 * dot(s.x[i], s.x[j])
    while len(chosen) < s.want:
        chosen.append(max((i for i in range(s.n) if i not in chosen), key=lambda i: (min(dist(i, j) for j in chosen), -i)))
    return chosen


def ucb(s):
    arms = {c: sorted((i for i in range(s.n) if s.cluster[i] == c), key=lambda i: -unit(s.seed, s.id[i])) for c in set(s.cluster)}
    seen, chosen = {c: [] for c in arms}, []
    while len(chosen) < s.want:
        t = len(chosen)
        b = lambda c: math.inf if not seen[c] else sum(seen[c]) / len(seen[c]) + s.alpha * math.sqrt(2 * math.log(t) / len(seen[c]))
        c = max((c for c in arms if len(seen[c]) < len(arms[c])), key=lambda c: (b(c), -c))
        chosen.append(arms[c][len(seen[c])])
        seen[c].append(s.score[chosen[-1]])
    return chosen


def balanced(s):
    rank = lambda i: sum((s.score[j], -j) > (s.score[i], -i) for j in range(s.n) if s.cluster[j] == s.cluster[i])
    return sorted(range(s.n), key=lambda i: (rank(i), -s.score[i], i))


METHODS = {
    "top": lambda s: ranked(s.score),
    "sample": lambda s: ranked([v / s.t + gumbel(s.seed, i) for v, i in zip(s.score, s.id)]),
    "random": lambda s: ranked([unit(s.seed, i) for i in s.id]),
    "facility": lambda s: greedy(s.n, s.want, lambda S: math.fsum(max([0] + [dot(s.x[i], s.x[j]) for j in S]) for i in range(s.n))),
    "features": lambda s: greedy(s.n, s.want, lambda S: math.fsum(math.sqrt(math.fsum(s.x[j][b] ** 2 for j in S)) for b in range(len(s.x[0])))),
    "kcentre": kcentre,
    "leverage": lambda s: ranked([math.log(v) + gumbel(s.seed, i) for v, i in zip(taus(s), s.id)]),
    "root_leverage": lambda s: ranked([0.5 * math.log(v) + gumbel(s.seed, i) for v, i in zip(taus(s), s.id)]),
    "ucb": ucb,
    "balanced": balanced,
}


class Set:
    def __init__(self, k):
        r = random.Random(k)
        self.seed, self.t, self.alpha = k, (1.0, 0.5, 20.0)[k % 3], (1.0, 0.25, 2.0)[k % 3]
        self.n, d = (12, 30, 41)[k % 3], (3, 8, 11)[k % 3]
        self.want = (5, 10, 20)[k % 3]
        self.id = ["rec-%d-%d" % (k, i) for i in range(self.n)]
        self.score = [round(r.gauss(0, 2), 3) for _ in range(self.n)]
        self.cluster = [i if i < 4 else r.randrange(4) for i in range(self.n)]
        self.x = [[r.gauss(0, 1) for _ in range(d)] for _ in range(self.n)]
        for row in self.x:
            length = math.sqrt(dot(row, row))
            row[:] = [float("%.6g" % (v / length)) for v in row]


for name, method in METHODS.items():
    with open("%s/select_%s.tsv" % (sys.argv[1], name), "w") as f:
        f.write("# by select.py: seed T alpha want n d; then id score cluster x...; then the order\n")
        for k in range(3):
            s = Set(k)
            f.write("set\t%d\t%r\t%r\t%d\t%d\t%d\n" % (s.seed, s.t, s.alpha, s.want, s.n, len(s.x[0])))
            for i in range(s.n):
                f.write("%s\t%r\t%d\t%s\n" % (s.id[i], s.score[i], s.cluster[i], "\t".join("%.6g" % v for v in s.x[i])))
            f.write("order\t%s\n" % "\t".join(map(str, method(s)[: s.want])))

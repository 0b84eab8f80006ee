#!/usr/bin/env python3
"""Shares of pairs that losses and benchmark figures rank alike, by counting: prints rate_predstrength.tsv."""
import itertools
import random

rnd = random.Random(1)
print("# made by rate_predstrength.py: benchmark figures, losses, pairs that agree, share of the pairs that the figures tell apart")
for n in (2, 2, 3, 4, 6, 6, 6, 6, 6):
    figures = [rnd.randrange(6) / 10 for _ in range(n)]
    losses = [rnd.randrange(8) / 4 for _ in range(n)]
    if len(set(figures)) == 1:
        figures[0] += 1
    pairs = [(a, b) for a, b in itertools.combinations(zip(figures, losses), 2) if a[0] != b[0]]
    agree = sum((a[0] < b[0]) == (a[1] > b[1]) and a[1] != b[1] for a, b in pairs)
    print(",".join(map(str, figures)), ",".join(map(str, losses)), agree, repr(agree / len(pairs)), sep="\t")

#!/usr/bin/env python3
"""Prints rate_dsir.tsv: DSIR's log weights of a few texts by the paper's formula in plain Python: re, hashlib and math only."""
import hashlib
import json
import math
import re

RAW = ["The cat sat on the mat.", "Prices rose 3.5% in May; prices fell in June.", "int main(void) { return 0; }", "", "\u00c9t\u00e9 \u0130zmir \u03a3\u039f\u03a6\u039f\u03a3 x\u00b2",
       "Let x be a real number. Then x + 1 > x.", "the the the the", "\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8"]
TARGET = ["Let n be a number. Then n + 1 > n.", "Let x be the sum."]
BUCKETS = 1000


def grams(text):
    w = re.findall(r"\w+|[^\w\s]+", text.lower())
    return w + [" ".join(p) for p in zip(w, w[1:])], len(w)


def count(texts):
    n = [0] * BUCKETS
    for t in texts:
        for g in grams(t)[0]:
            n[bucket(g)] += 1
    return n


def bucket(g):
    return int(hashlib.sha256(g.encode()).hexdigest(), 16) % BUCKETS


raw, target = count(RAW), count(TARGET)
print("# target or raw or the text and its words, log weight without smoothing, with 0.5")
for kind, texts in ("target", TARGET), ("raw", RAW):
    for t in texts:
        print(kind, json.dumps(t), sep="\t")
for t in RAW:
    g, words = grams(t)
    w = [math.fsum(math.log((target[b] + s) / (sum(target) + s * BUCKETS) + 1e-8) - math.log(raw[b] / sum(raw) + 1e-8) for b in map(bucket, g))
         for s in (0, 0.5)]
    print("text", json.dumps(t), words, *map(repr, w), sep="\t")

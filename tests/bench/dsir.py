#!/usr/bin/env python3
"""dsir: fit and score, CPU time of dfeat and dscore against p-lambda/dsir's own package, one core, JSON lines in, in one run.

Usage: /usr/bin/python3 tests/bench/dsir.py POOL.jsonl TARGET.jsonl [BUILD [DSIR]]
DSIR is a checkout of p-lambda/dsir, if there is one (it needs numpy, nltk and tqdm); then also how near the log weights are. Both read the pool twice:
to count, and to score. dscore writes every record with its score, the package an array.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile

pool, target = map(os.path.abspath, sys.argv[1:3])
build = os.path.abspath(sys.argv[3] if len(sys.argv) > 3 else "build")
size = os.path.getsize(pool)
PEER = """
import importlib.metadata, sys
importlib.metadata.version = lambda name: "checkout"
sys.path.insert(0, sys.argv[1])
from data_selection import HashedNgramDSIR
d = HashedNgramDSIR([sys.argv[2]], [sys.argv[3]], cache_dir=sys.argv[4], num_proc=1)
d.fit_importance_estimator(num_tokens_to_fit="all")
d.compute_importance_weights()
"""


def seconds(args, out=None):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(args, stdout=open(out, "w") if out else subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(mode, where):
    feat, score = build + "/bin/dfeat", build + "/bin/dscore"
    t = seconds([feat, "-j1", "--lines", "--hash", mode, target], where + "/t")
    raw = seconds([feat, "-j1", "--lines", "--hash", mode, pool], where + "/r")
    return t + raw, seconds([score, "-j1", "-m", "dsir", "--target", where + "/t", "--raw", where + "/r", "--lines", pool], where + "/" + mode)


def main():
    with tempfile.TemporaryDirectory() as where:
        total = {}
        for mode in ("dsir", "native"):
            fit, score = min((ours(mode, where) for _ in range(3)), key=sum)
            total[mode] = fit + score
            print("%-7s fit %7.2f s, score %7.2f s, together %6.1f MB/s" % (mode, fit, score, size / 1e6 / total[mode]))
        if len(sys.argv) < 5:
            print("package: skipped, no checkout was given")
            return
        t = seconds([sys.executable, "-c", PEER, sys.argv[4], pool, target, where + "/cache"])
        print("package fit and score %7.2f s, together %6.1f MB/s" % (t, size / 1e6 / t))
        for mode in total:
            print("%s is %.1f times as fast" % (mode, t / total[mode]))
        near(where)


def near(where):
    import numpy

    log = numpy.concatenate([numpy.load(os.path.join(at, f)) for at, _, names in os.walk(where + "/cache") for f in sorted(names)
                             if "log_importance_weights" in at and f.endswith(".npy")])
    mine = [json.loads(line)["scores"]["dsir"] for line in open(where + "/dsir")]
    print("log weights: at most %.2g apart, relative" % max(abs(a - b) / max(1, abs(b)) for a, b in zip(mine, log, strict=True)))


main()

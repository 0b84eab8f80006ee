#!/usr/bin/env python3
"""minhash: CPU time of ddup -m text-dedup against text-dedup's own loop over texts (n-grams, hashes, permutations, bands), in one run.

Usage: /usr/bin/python3 tests/bench/minhash.py POOL.jsonl [BUILD [TEXT_DEDUP [EVERY]]]
TEXT_DEDUP is a checkout's src folder, if there is one (it needs numpy, scipy, regex and xxhash); it is given each EVERY-th text (default 1: all), and
rates are by the bytes of those. Its loop alone is timed, with texts in memory; ours once as the loop alone (build/tests/bench/minhash, when it is
built), once as the whole program: JSON, signatures, buckets, clusters, output.
"""
import json
import os
import resource
import subprocess
import sys
import time
import types
import typing

pool, build = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "build"
EVERY = int(sys.argv[4]) if len(sys.argv) > 4 else 1
size = os.path.getsize(pool)


def child_seconds(args):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(args, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def load_peer(src):
    """Its embedding of one text, as the configuration of its benchmarks has it: 240 permutations, 5-grams, threshold 0.7."""
    import numpy

    class Base:
        seed, internal_index_column = 42, "i"

        def __init__(self, **values):
            self.__dict__.update({"_rng": numpy.random.RandomState(self.seed), **values})
            self.model_post_init(None)

        def model_post_init(self, context):
            pass

    if not hasattr(typing, "override"):
        typing.override = lambda f: f
    for name in ("text_dedup", "text_dedup.utils", "text_dedup.config", "text_dedup.config.algorithms"):
        m = types.ModuleType(name)
        m.__path__ = [os.path.join(src, *name.split("."))]
        sys.modules[name] = m
    base = types.ModuleType("text_dedup.config.algorithms.base")
    base.AlgorithmConfig = Base
    sys.modules[base.__name__] = base
    from text_dedup.config.algorithms.minhash import MinHashAlgorithmConfig

    return MinHashAlgorithmConfig(num_perm=240, ngram_size=5, threshold=0.7).get_embed_func()


def theirs(embed):
    lines = [line for i, line in enumerate(open(pool, encoding="utf-8")) if i % EVERY == 0]
    texts = [json.loads(line)["text"] for line in lines]
    begin = time.process_time()
    for i, t in enumerate(texts):
        embed([t], [i])
    return (time.process_time() - begin) / sum(len(line.encode()) for line in lines) * size


def loop_alone():
    out = subprocess.run([build + "/tests/bench/minhash", pool], capture_output=True, text=True, check=True).stdout
    return [line for line in out.splitlines() if line.startswith("text-dedup")]


def main():
    whole = min(child_seconds([build + "/bin/ddup", "-j1", "--lines", "-m", "text-dedup", pool]) for _ in range(3))
    print("ddup -m text-dedup, all of it  %7.2f s  %7.1f MB/s" % (whole, size / whole / 1e6))
    if os.path.exists(build + "/tests/bench/minhash"):
        print("\n".join(loop_alone()))
    if len(sys.argv) < 4:
        print("text-dedup: skipped, no checkout was given")
        return
    t = theirs(load_peer(sys.argv[3]))
    print("text-dedup's loop              %7.2f s  %7.2f MB/s: ddup, all of it, is %.1f times as fast" % (t, size / t / 1e6, t / whole))


main()

#!/usr/bin/env python3
"""speed: MB a CPU second of pruning, merging and storing, one core; other builds beside it, by turns, and lmzip, in one run.

Usage: tests/bench/speed.py [BUILD]... [--lmz PROGRAM] [--turns N] [--mb N]
Three models of N megabytes (64) of bf16 whose exponents are those of a normal distribution. Figures: medians of N turns (5), user and system time,
megabytes of what is read; for --split-bytes of what is stored.
"""
import argparse
import json
import math
import os
import random
import resource
import statistics
import subprocess
import tempfile

COLS = 4096


def exponents():
    """256 exponents of bf16 in the shares that |N(0, 0.02)| has."""
    cdf = lambda x: math.erf(x / 0.02 / math.sqrt(2))
    out = []
    for e in range(127, 60, -1):
        out += [e] * (round(256 * (1 - cdf(2.0 ** (e - 127)))) - len(out))
    return bytes(out + [60] * (256 - len(out)))


def model(path, seed, rows):
    n, r = rows * COLS, random.Random(seed)
    e, low, sign = r.randbytes(n).translate(exponents()), r.randbytes(n), r.randbytes(n)
    either = lambda a, b: (int.from_bytes(a, "little") | int.from_bytes(b, "little")).to_bytes(n, "little")
    data = bytearray(2 * n)
    data[0::2] = either(e.translate(bytes((i & 1) << 7 for i in range(256))), low.translate(bytes(i & 127 for i in range(256))))
    data[1::2] = either(e.translate(bytes(i >> 1 for i in range(256))), sign.translate(bytes(i & 128 for i in range(256))))
    heads, each = {}, 2 * n // 4
    for i in range(4):
        heads[f"w{i}"] = {"dtype": "BF16", "shape": [rows // 4, COLS], "data_offsets": [i * each, (i + 1) * each]}
    head = json.dumps(heads).encode()
    with open(path, "wb") as f:
        f.write(len(head).to_bytes(8, "little") + head + data)


def seconds(args, out):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(out, "wb") as f:
        subprocess.run(args, stdout=f, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    a = argparse.ArgumentParser()
    a.add_argument("build", nargs="*", default=["build"])
    a.add_argument("--lmz")
    a.add_argument("--turns", type=int, default=5)
    a.add_argument("--mb", type=int, default=64)
    a = a.parse_args()
    lmz = a.lmz and os.path.abspath(a.lmz)
    builds = [os.path.abspath(b) for b in a.build]
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        for i in range(3):
            model(f"{i}.safetensors", i, a.mb * 500_000 // COLS // 4 * 4)
            subprocess.run([builds[0] + "/bin/tsplit", f"{i}.safetensors"], stdout=open(f"{i}.weir", "wb"), check=True)
        mb = os.path.getsize("0.weir") / 1e6
        prune = lambda *s: ["wprune", "-q", "-m", "magnitude", "--only", "*", "-s", *s]
        merge = lambda *m: ["tmerge", "-q", "-m", *m, "0.weir", "1.weir", "2.weir"]
        rows = [("prune 50 %, of a row", mb, prune("0.5", "--scope", "row")), ("prune 50 %, of a tensor", mb, prune("0.5")),
                ("prune 2:4", mb, prune("2:4")), ("prune 4:8", mb, prune("4:8")),
                ("ties", 3 * mb, merge("ties", "-d", "0.5")), ("dare-linear", 3 * mb, merge("dare-linear", "-d", "0.5")),
                ("dare-ties", 3 * mb, merge("dare-ties", "-d", "0.5")), ("breadcrumbs", 3 * mb, merge("breadcrumbs", "-d", "0.5")),
                ("split bytes, store", mb, ["tcat", "-q", "-z", "--split-bytes"]), ("split bytes, back", mb, ["tcat", "-q", "--raw"])]
        print("%-28s" % "MB a CPU second", *["%12s" % os.path.basename(b)[-12:] for b in a.build])
        for name, size, args in rows:
            took = [[] for _ in builds]
            for _ in range(a.turns):
                for b, t in zip(builds, took):
                    tag = str(builds.index(b))
                    files = [] if args[0] == "tmerge" else ["0.weir" if name != "split bytes, back" else "stored" + tag]
                    if args[0] == "wprune":
                        t.append(seconds(["sh", "-c", 'exec "$@" <0.weir', "sh", b + "/bin/" + args[0], *args[1:]], "out"))
                    else:
                        t.append(seconds([b + "/bin/" + args[0], *args[1:], *files], "stored" + tag if name == "split bytes, store" else "out"))
            print("%-28s" % name, *["%12.0f" % (size / statistics.median(t)) for t in took], flush=True)
        print("%-28s" % "split bytes, % off", *["%12.2f" % (100 - 100 * os.path.getsize(f"stored{i}") / os.path.getsize("0.weir")) for i in range(len(builds))])
        if lmz:
            there = [seconds([lmz, "compress", "-j1", "-f", "-q", "0.safetensors", "0.lmz"], "out") for _ in range(a.turns)]
            back = [seconds([lmz, "decompress", "-j1", "-f", "-q", "0.lmz", "0.back"], "out") for _ in range(a.turns)]
            print("lmzip: store %.0f, back %.0f MB a CPU second, %.2f %% off" % (mb / statistics.median(there), mb / statistics.median(back),
                  100 - 100 * os.path.getsize("0.lmz") / os.path.getsize("0.safetensors")))


main()

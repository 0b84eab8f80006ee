#!/usr/bin/env python3
"""llama: weir beside llama.cpp on one model, by turns in one run: mppl and llama-perplexity, mcalib with grams and llama-imatrix, a file to a file
by wquant and llama-quantize.

Usage: tests/bench/llama.py --llama FOLDER --model F16.gguf [--text FILE] [--bytes N] [-j N] [--turns N] [--only WORD] [BUILD]...
FOLDER has llama-perplexity, llama-imatrix and llama-quantize. Each line: wall seconds and CPU seconds (user and system) of both, medians of the turns,
the medians' ratios, and the figures where there are any. Several builds of weir are measured side by side.
"""
import argparse
import os
import re
import resource
import statistics
import subprocess
import tempfile
import time


def run(command, env):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{command}\n{done.stdout[-300:]}{done.stderr[-900:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout + done.stderr


def figure(text):
    found = re.search(r"PPL = ([0-9.]+)", text) or re.search(r"\tllama.cpp\t\d+\t[0-9.]+\t([0-9.]+)", text)
    return found.group(1) if found else "-"


def cases(a, room):
    """name, command of weir, command of llama.cpp"""
    text, j, llama = f"{room}/text", a.jobs, a.llama
    files = {"f16": a.model, **{t: f"{room}/{t}.gguf" for t in ("q8_0", "q4_0", "q4_K")}}
    for t, ftype in (("q8_0", "Q8_0"), ("q4_0", "Q4_0"), ("q4_K", "Q4_K_S")):
        run(f"{llama}/llama-quantize {a.model} {files[t]} {ftype} {j}", os.environ)
    for t, path in files.items():
        theirs = f"{llama}/llama-perplexity -m {path} -f {text} -c 512 -b 512 -t {j}"
        for kind in ("f32", "q8")[: 1 if t == "f16" else 2]:
            yield f"mppl {t} {kind}", f"tsplit {path} | mppl -q -j {j} -f {text} -c 512 --protocol llama.cpp --activations {kind}", theirs
    yield ("mcalib gram", f"tsplit {a.model} | mcalib -q -j {j} -f {text} -c 512 --grams >/dev/null".replace("--grams", a.grams),
           f"{llama}/llama-imatrix -m {a.model} -f {text} -c 512 -b 512 -t {j} -o {room}/imatrix.gguf")
    for t, ftype in (("q8_0", "Q8_0"), ("q4_0", "Q4_0")):
        yield (f"wquant {t}", f"tsplit {a.model} | wquant -q -j {j} -t {t} | tpack -q -o {room}/out.gguf",
               f"{llama}/llama-quantize --pure {a.model} {room}/theirs.gguf {ftype} {j}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build", nargs="*", default=["build"])
    p.add_argument("--llama", required=True)
    p.add_argument("--model", required=True)
    p.add_argument("--text", default="pipelines/brook/prose.test.txt")
    p.add_argument("--bytes", type=int, default=24000)
    p.add_argument("--grams", default="--parts norm2,gram")
    p.add_argument("-j", "--jobs", type=int, default=2)
    p.add_argument("--turns", type=int, default=3)
    p.add_argument("--only", default="")
    a = p.parse_args()
    print("case\tbuild\twall_s\tllama_wall_s\tratio\tcpu_s\tllama_cpu_s\tratio\tfigure\tllama_figure", flush=True)
    with tempfile.TemporaryDirectory() as room:
        with open(a.text, "rb") as f, open(f"{room}/text", "wb") as out:
            out.write(f.read(a.bytes))
        for name, ours, theirs in cases(a, room):
            if a.only not in name:
                continue
            got = {b: [] for b in a.build + [None]}
            for _ in range(a.turns):
                for b in got:
                    env = dict(os.environ, PATH=f"{os.path.abspath(b or '.')}/bin:{os.environ['PATH']}")
                    got[b].append(run(ours if b else theirs, env))
            them = [statistics.median(g[i] for g in got[None]) for i in (0, 1)]
            for b in a.build:
                us = [statistics.median(g[i] for g in got[b]) for i in (0, 1)]
                print(f"{name}\t{b}\t{us[0]:.2f}\t{them[0]:.2f}\t{us[0] / them[0]:.2f}\t{us[1]:.2f}\t{them[1]:.2f}\t{us[1] / them[1]:.2f}"
                      f"\t{figure(got[b][0][2])}\t{figure(got[None][0][2])}", flush=True)


main()

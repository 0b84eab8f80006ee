#!/usr/bin/env python3
"""Trains small models with Debian's fasttext (0.9.2) into the folder fasttext beside this file, and writes what predict-prob says of some
lines to rate_fasttext.tsv: model, line as JSON, label and probability in turn."""
import sys

sys.path.pop(0)  # this folder, whose select.py is not the library's
import json
import os
import random
import subprocess

here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(here + "/fasttext", exist_ok=True)
os.chdir(here + "/fasttext")
rnd = random.Random(3)
KINDS = {"prose": "the cat sat on a mat and saw der Hund über die Straße 日本語 naïve".split(),
         "math": "sum integral proof lemma theorem x y z equals the number of prime".split(),
         "code": "int return void char printf struct while for if else".split()}
WORDS = sorted({w for k in KINDS.values() for w in k})

with open("three.txt", "w") as f:
    for _ in range(200):
        k = rnd.choice(sorted(KINDS))
        f.write("__label__%s %s\n" % (k, " ".join(rnd.choice(KINDS[k] if rnd.random() < .85 else WORDS) for _ in range(rnd.randrange(4, 14)))))
with open("many.txt", "w") as f:
    for k in range(256 * 4):
        f.write("__label__c%d w%d x%d\n" % (k % 256, k % 256 // 2, k % 7))


def fasttext(*args):
    subprocess.run(["fasttext", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def train(name, text, *args):
    fasttext("supervised", "-input", text, "-output", name, "-epoch", "20", "-lr", "0.4", "-thread", "1", *args)


train("softmax", "three.txt", "-dim", "5", "-bucket", "260", "-wordNgrams", "2", "-minn", "2", "-maxn", "3")
for loss in ("hs", "ova", "ns"):
    train(loss, "three.txt", "-dim", "4", "-bucket", "60", "-wordNgrams", "3", "-loss", loss)
for name, args in (("norm", ["-qnorm", "-dsub", "2"]), ("cut", ["-cutoff", "258", "-dsub", "4"])):
    os.link("softmax.bin", name + ".bin")
    fasttext("quantize", "-input", "three.txt", "-output", name, *args)
train("many", "many.txt", "-dim", "3", "-bucket", "130", "-wordNgrams", "2", "-lr", "1")
fasttext("quantize", "-input", "many.txt", "-output", "many", "-qout", "-qnorm", "-dsub", "2")

LINES = ["", "the cat saw the Hund", "int x equals", "über zzz qq\tthe  integral ", "__label__math cat __label__new of", "the </s>", "w3 x1", "w77 w78 x5 w9 unknown"]
for _ in range(6):
    LINES.append(" ".join(rnd.choice(WORDS) if rnd.random() < .8 else "".join(rnd.choice("abcé日xyz") for _ in range(rnd.randrange(1, 9)))
                          for _ in range(rnd.randrange(1, 16))))
MODELS = ["softmax.bin", "norm.ftz", "cut.ftz", "hs.bin", "ova.bin", "ns.bin", "many.ftz"]
with open(here + "/rate_fasttext.tsv", "w") as out:
    out.write("# made by rate_fasttext.py: model, line, label and probability in turn\n")
    for m in MODELS:
        for line in LINES:
            said = subprocess.run(["fasttext", "predict-prob", m, "-", "4"], input=line + "\n", capture_output=True, text=True, check=True).stdout
            out.write("\t".join([m, json.dumps(line), *said.split("\n")[0].replace("__label__", "").split()]) + "\n")
for f in os.listdir("."):
    if f not in MODELS:
        os.remove(f)

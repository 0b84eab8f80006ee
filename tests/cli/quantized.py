#!/usr/bin/env python3
"""quantized.py WANT NAME FILE: the values of FILE (F32 safetensors) are those that want.tsv has for NAME; else a line for each that is not."""
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
import safetensors  # noqa: E402

have = safetensors.read(sys.argv[3])[1]
count = bad = 0
for line in open(sys.argv[1]):
    name, tensor, shape, digest = line.rstrip("\n").split("\t")
    if name != sys.argv[2]:
        continue
    count += 1
    t = have.get(tensor)
    if t is None:
        print("%s: %s is missing; there are %s" % (name, tensor, " ".join(have)))
    elif (t["dtype"], "x".join(map(str, t["shape"]))) != ("F32", shape):
        print("%s: %s is %s %s" % (name, tensor, t["dtype"], t["shape"]))
    elif hashlib.sha256(bytes(t["data"])).hexdigest() != digest:
        print("%s: %s has other values" % (name, tensor))
    else:
        continue
    bad += 1
sys.exit(bad != 0 or count == 0)

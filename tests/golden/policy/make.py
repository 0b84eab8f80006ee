#!/usr/bin/env python3
"""make.py LLAMA-QUANTIZE >types.tsv: the types that llama-quantize --dry-run gives to the tensors of models.py, for each
preset, without and with importance: model, preset, 0 or 1, then a cell a kind of tensor."""
import os
import re
import subprocess
import sys
import tempfile

import models

PRESETS = sorted(os.path.splitext(f)[0] for f in os.listdir(os.path.join(os.path.dirname(__file__), "../../../lib/quant/policy")))
LINE = re.compile(r"\[ *\d+/ *\d+\] (\S+) +- \[.*\], type = +(\S+), size = .*?(?:-> .*\((\S+)\))?$")


def types(program, model, preset, matrix):
    run = [program, "--dry-run"] + (["--imatrix", matrix] if matrix else []) + [model, "none", preset]
    out = subprocess.run(run, capture_output=True, text=True, errors="replace", check=False)
    got = {m[1]: m[3] or "-" for m in map(LINE.match, (out.stdout + out.stderr).splitlines()) if m}
    return got if out.returncode == 0 and got else None


with tempfile.TemporaryDirectory() as folder:
    model, matrix = os.path.join(folder, "m.gguf"), os.path.join(folder, "m.dat")
    for name in models.MODELS:
        models.write(name, model)
        models.importance(name, matrix)
        for preset in PRESETS:
            for with_it in (0, 1):
                got = types(sys.argv[1], model, preset, matrix if with_it else None)
                print(name, preset, with_it, *(models.cells(got) if got else ["refused"]), sep="\t")

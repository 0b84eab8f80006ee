"""policy.py TYPES.tsv FOLDER: the types that wquant --policy gives to the models of tests/golden/policy, against the table
that llama-quantize made; prints what differs, and how many rows were compared. FOLDER gets the streams."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(sys.argv[1])))
import models


def run(line, out):
    subprocess.run(["bash", "-c", "set -o pipefail; " + line + " >" + out], check=True)


def ours(stream, preset):
    with open(stream, "rb") as f:
        out = subprocess.run(["wquant", "-q", "--policy", preset, "-n"], stdin=f, capture_output=True, text=True, check=False)
    if out.returncode:
        return out.stderr
    got = {}
    for line in out.stdout.splitlines()[1:-1]:
        name, kind = line.split("\t")[:2]
        name = name.split(":")[0]
        if got.setdefault(name, kind) != kind:
            return "%s is %s and %s" % (name, got[name], kind)
    return {n: "f16" if t == "F16" else t for n, t in got.items()}


made, rows, bad = None, 0, 0
os.chdir(sys.argv[2])
for line in open(sys.argv[1], encoding="ascii"):
    name, preset, with_it, *want = line.rstrip("\n").split("\t")
    if made != name:
        models.write(name, "m.gguf")
        models.importance(name, "m.dat")
        run("tsplit m.gguf", "0.weir")
        run("mcalib -q --imatrix m.dat <0.weir", "1.weir")
        made = name
    if want == ["refused"]:
        continue
    got = ours(with_it + ".weir", preset)
    if isinstance(got, str) and with_it == "0" and "needs importance" in got:
        continue  # llama-quantize refuses too, but not in a dry run
    cells = got if isinstance(got, str) else models.cells(got)
    rows += 1
    if cells != want:
        bad += 1
        print(name, preset, with_it, cells if isinstance(cells, str) else [c for c in cells if c not in want], [w for w in want if w not in cells])
print("%d rows" % rows)
sys.exit(bad != 0)

#!/bin/sh
# relay: what tcat passes on untouched, against cat through the same pipes of 1 MiB. Usage: tests/bench/relay.sh [BUILD] [MIB]
# Prints medians of paired runs and their ratios: tcat against cat (goal: 0.8 or more), five filters in a row that choose no tensor against one
# (goal: 1.5 or less on two cores).
set -eu
build=${1:-build}; mib=${2:-1024}; n=7
tmp=$(mktemp -d "${TMPDIR:-/tmp}/relay.XXXXXX"); trap 'rm -rf "$tmp"' EXIT
PATH=$build/bin:$PATH

# One BF16 tensor of many rows; its bytes are a hole, which costs no disk before tsplit has read it.
python3 - "$tmp/m.safetensors" "$mib" <<'PY'
import json, sys
size = int(sys.argv[2]) << 20
head = json.dumps({"w": {"dtype": "BF16", "shape": [size // 8192, 4096], "data_offsets": [0, size]}}).encode()
head += b" " * (-len(head) % 8)
with open(sys.argv[1], "wb") as f:
    f.write(len(head).to_bytes(8, "little") + head)
    f.truncate(8 + len(head) + size)
PY
tsplit "$tmp/m.safetensors" >"$tmp/s.weir"

# Wall time of a pipe of commands between two pipes enlarged to 1 MiB; seconds.
cat >"$tmp/time.py" <<'PY'
import fcntl, os, statistics, subprocess, sys, time
def pipe():
    r, w = os.pipe()
    fcntl.fcntl(w, 1031, 1 << 20)  # F_SETPIPE_SZ
    return r, w
def run(commands):
    begin, before = time.monotonic(), os.times()
    r, w = pipe()
    ps = [subprocess.Popen(["cat", sys.argv[1]], stdout=w)]
    os.close(w)
    for c in commands:
        nr, nw = pipe()
        ps.append(subprocess.Popen(c, stdin=r, stdout=nw))
        os.close(r), os.close(nw)
        r = nr
    ps.append(subprocess.Popen(["cat"], stdin=r, stdout=subprocess.DEVNULL))
    os.close(r)
    assert all(p.wait() == 0 for p in ps)
    after = os.times()
    return time.monotonic() - begin, after[2] + after[3] - before[2] - before[3]
nothing = ["--only", "nothing"]
filters = [["tcat"], ["wscore", "-m", "magnitude"] + nothing, ["wprune", "-m", "magnitude", "-s", "0.5"] + nothing,
           ["wquant", "-t", "q4_K"] + nothing, ["tcat"]]
cases = {"cat": [["cat"]], "tcat": [["tcat"]], "one filter": [filters[2]], "five filters": filters}
took, cpu = {name: [] for name in cases}, {name: [] for name in cases}
for _ in range(int(sys.argv[2])):  # by turns, so that what else the machine does falls on all alike
    for name, commands in cases.items():
        wall, busy = run(commands)
        took[name].append(wall)
        cpu[name].append(busy)
size = os.path.getsize(sys.argv[1])
for name, s in took.items():
    print("%-12s median %6.3f s  %5.2f GB/s   best %6.3f s  processors %6.3f s"
          % (name, statistics.median(s), size / statistics.median(s) / 1e9, min(s), statistics.median(cpu[name])))
def ratio(of, a, b):
    return statistics.median(x / y for x, y in zip(of[a], of[b]))
print("medians of paired runs: tcat moves %.2f of what cat moves; five filters take %.2f times one, %.2f times its processor time"
      % (ratio(took, "cat", "tcat"), ratio(took, "five filters", "one filter"), ratio(cpu, "five filters", "one filter")))
PY
python3 "$tmp/time.py" "$tmp/s.weir" "$n"

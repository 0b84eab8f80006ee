#!/bin/sh
# relay: what tcat passes on untouched, against cat through the same pipes of 1 MiB. Usage: tests/bench/relay.sh [BUILD] [MIB]
# Prints the best of five runs each, their ratio (goal: 0.8 or more), five filters in a row against one (goal: 1.5 or less).
set -eu
build=${1:-build}; mib=${2:-1024}; n=5
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
import fcntl, os, subprocess, sys, time
def pipe():
    r, w = os.pipe()
    fcntl.fcntl(w, 1031, 1 << 20)  # F_SETPIPE_SZ
    return r, w
def run(commands):
    begin = time.monotonic()
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
    return time.monotonic() - begin
best = {}
cases = {"cat": [["cat"]], "tcat": [["tcat"]], "tcat x 5": [["tcat"]] * 5}
for _ in range(int(sys.argv[2])):
    for name, commands in cases.items():
        best[name] = min(best.get(name, 1e9), run(commands))
size = os.path.getsize(sys.argv[1])
for name, s in best.items():
    print("%-9s %6.3f s  %5.2f GB/s" % (name, s, size / s / 1e9))
print("tcat moves %.2f of what cat moves; five take %.2f times one" % (best["cat"] / best["tcat"], best["tcat x 5"] / best["tcat"]))
PY
python3 "$tmp/time.py" "$tmp/s.weir" "$n"

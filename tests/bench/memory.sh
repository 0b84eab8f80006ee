#!/bin/sh
# memory: the most memory that each program holds while one large tensor passes. Usage: tests/bench/memory.sh [BUILD] [MIB]
# Needs GNU time. Prints the peak of each in MiB; exit 1 when one is above the goal, 64 MiB.
set -eu
build=$(cd "${1:-build}" && pwd); mib=${2:-2048}; goal=65536
tmp=$(mktemp -d "${TMPDIR:-/tmp}/memory.XXXXXX"); trap 'rm -rf "$tmp"' EXIT
PATH=$build/bin:$PATH

# One F32 tensor of rows of 4096; its bytes are a hole, which costs no disk.
python3 - "$tmp/m.safetensors" "$mib" <<'PY'
import json, sys
size = int(sys.argv[2]) << 20
head = json.dumps({"w": {"dtype": "F32", "shape": [size // 16384, 4096], "data_offsets": [0, size]}}).encode()
head += b" " * (-len(head) % 8)
with open(sys.argv[1], "wb") as f:
    f.write(len(head).to_bytes(8, "little") + head)
    f.truncate(8 + len(head) + size)
PY

bad=0
peak() { # peak NAME COMMAND...: from tsplit to nowhere
    name=$1; shift
    tsplit "$tmp/m.safetensors" | /usr/bin/time -f %M -o "$tmp/peak" "$@" >/dev/null
    awk -v n="$name" -v goal=$goal '{ printf "%-28s %7.1f MiB%s\n", n, $1 / 1024, ($1 > goal ? "  above the goal" : ""); bad = ($1 > goal) } END { exit bad }' \
        "$tmp/peak" || bad=1
}
/usr/bin/time -f %M -o "$tmp/peak" tsplit "$tmp/m.safetensors" >/dev/null
awk '{ printf "%-28s %7.1f MiB\n", "tsplit", $1 / 1024 }' "$tmp/peak"
peak "tcat" tcat
peak "tcat -z" tcat -z1
peak "tstat" tstat
peak "relay: wquant, not chosen" wquant -t q4_K --only nothing --allow-none
peak "relay: wprune, not chosen" wprune -m magnitude -s 0.5 --only nothing --allow-none
peak "wquant -t int4 -g 128" wquant -t int4 -g 128
peak "wquant -t q4_K" wquant -t q4_K
peak "wquant -t q4_K -j 2" wquant -t q4_K -j 2
peak "tmerge -m linear, 2 files" tmerge -m linear "$tmp/m.safetensors" "$tmp/m.safetensors"
peak "tmerge -m linear, file, pipe" tmerge -m linear "$tmp/m.safetensors" -
peak "tmerge -m cat, 1 shard" sh -c 'tsplit --shard 1/1 "$0" | tmerge -m cat -' "$tmp/m.safetensors"
peak "tpack -t safetensors" tpack -t safetensors -o -
exit $bad

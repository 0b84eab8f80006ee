#!/bin/sh
# memory_gram: the most memory that a method by the gram holds while one N x N layer with its gram passes. Usage: tests/bench/memory_gram.sh [BUILD [N]]
# Needs GNU time. Prints the peak of each in MiB, and as multiples of the gram (F32).
set -eu
build=$(cd "${1:-build}" && pwd); n=${2:-4096}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/memory.XXXXXX"); trap 'rm -rf "$tmp"' EXIT
make -s "$build/tests/bench/with_gram" B="$build"
PATH=$build/bin:$build/tests/bench:$PATH

# The gram is I + a constant: full, and soon solved.
python3 - "$tmp" "$n" <<'PY'
import array, json, random, sys
tmp, n = sys.argv[1], int(sys.argv[2])
r = random.Random(1)
head = json.dumps({"w": {"dtype": "BF16", "shape": [n, n], "data_offsets": [0, 2 * n * n]}}).encode()
head += b" " * (-len(head) % 8)
with open(tmp + "/w.safetensors", "wb") as f:
    f.write(len(head).to_bytes(8, "little") + head)
    some = array.array("H", (r.randrange(0x3b00, 0x3d00) | r.randrange(2) << 15 for _ in range(n * 16))).tobytes()
    for _ in range(n // 16):
        f.write(some)
with open(tmp + "/gram", "wb") as f:
    for i in range(n):
        row = array.array("f", [0.5]) * n
        row[i] += 1
        f.write(row.tobytes())
PY

tsplit "$tmp/w.safetensors" | with_gram "$tmp/gram" >"$tmp/layer.weir"
peak() { # peak COMMAND...
    /usr/bin/time -f %M -o "$tmp/peak" "$@" <"$tmp/layer.weir" >/dev/null
    awk -v what="$*" -v n="$n" '{ printf "%-44s %7.1f MiB  %.2f grams\n", what, $1 / 1024, $1 * 1024 / (4 * n * n) }' "$tmp/peak"
}
peak tcat
peak wquant -q -t int4 -g 128 -m gptq
peak wquant -q -t int4 -g 128 -m gptq --act-order
peak wprune -q --only w -m sparsegpt -s 0.5
peak wprune -q --only w -m sparsegpt -s 2:4
peak wprune -q --only w -m magnitude -s 2:4 --refit
peak wprune -q --only w -m sparsegpt -s 2:4 --refit

#!/bin/sh
# memory: the most memory that each program and method holds while one large tensor passes. Usage: tests/bench/memory.sh [BUILD] [MIB]
# Needs GNU time. Prints the peak of each in MiB and its seconds; exit 1 when one that goes by slabs is above the goal, 64 MiB. Those that hold more by
# their nature stand below the line, beside what their pages say under MEMORY.
set -eu
build=$(cd "${1:-build}" && pwd); mib=${2:-256}; goal=64
tmp=$(mktemp -d "${TMPDIR:-/tmp}/memory.XXXXXX"); trap 'rm -rf "$tmp"' EXIT
PATH=$build/bin:$PATH
export TMPDIR="$tmp"

# F32 tensors of rows of 1024: some noise, which takes turns; four files that differ. With grams: memory_gram.sh.
python3 - "$tmp" "$mib" <<'PY'
import array, json, random, sys
folder, size, cols = sys.argv[1], int(sys.argv[2]) << 20, 1024
rows = size // cols // 4
head = json.dumps({"w": {"dtype": "F32", "shape": [rows, cols], "data_offsets": [0, size]}}).encode()
head += b" " * (-len(head) % 8)
for k in range(4):
    r = random.Random(k)
    noise = array.array("f", [r.gauss(0, 1) for _ in range(1 << 18)]).tobytes()
    with open(f"{folder}/m{k}.safetensors", "wb") as f:
        f.write(len(head).to_bytes(8, "little") + head)
        for _ in range(size >> 20):
            s = r.randrange(1 << 18) * 4
            f.write(noise[s:] + noise[:s])
PY
tsplit "$tmp/m0.safetensors" >"$tmp/m0.weir"

bad=0
row() { # row LIMIT NAME INPUT COMMAND...
    limit=$1 name=$2 input=$3; shift 3
    rc=0
    /usr/bin/time -f '%M %e' -o "$tmp/peak" "$@" <"$input" >/dev/null 2>"$tmp/err" || rc=$?
    tail -n 1 "$tmp/peak" | awk -v n="$name" -v goal="$limit" -v rc="$rc" '{
        printf "%-34s %8.1f MiB %7.2f s%s%s\n", n, $1 / 1024, $2, (rc > 1 ? "  status " rc : ""), (goal && $1 / 1024 > goal ? "  above the goal" : "")
        bad = goal && $1 / 1024 > goal } END { exit bad }' || bad=1
}
slabs() { name=$1; shift; row $goal "$name" "$tmp/m0.weir" "$@"; }
holds() { name=$1; shift; row 0 "$name" "$tmp/m0.weir" "$@"; }
models() { echo "$tmp/m0.safetensors" "$tmp/m1.safetensors" "$tmp/m2.safetensors" "$tmp/m3.safetensors"; }

slabs "tsplit" tsplit "$tmp/m0.safetensors"
slabs "tcat" tcat
slabs "tcat -z1" tcat -z1
slabs "tcat --dense=BF16" tcat --dense=BF16
slabs "tstat" tstat
slabs "tshow" tshow
slabs "tdiff, files" tdiff "$tmp/m0.safetensors" "$tmp/m1.safetensors"
slabs "tdiff, a stream" tdiff - "$tmp/m1.safetensors"
slabs "tpack -t safetensors" tpack -t safetensors -o -
for t in q8_0 q4_K; do slabs "wquant -t $t" wquant -t $t; done
slabs "wquant -t q4_K -j 2" wquant -t q4_K -j 2
for m in rtn hqq; do slabs "wquant -t int4 -m $m" wquant -t int4 -m $m; done
slabs "wquant -t int4 --residual" wquant -t int4 --residual
slabs "wquant, not chosen" wquant -t q4_K --only nothing --allow-none
for s in row tensor model; do slabs "wprune -m magnitude --scope $s" wprune -m magnitude -s 0.5 --only w --scope $s; done
slabs "wprune -m magnitude, 2:4" wprune -m magnitude -s 2:4 --only w
slabs "wprune -m magnitude, blocks" wprune -m magnitude -s 0.5 --block 8x8 --only w
for m in linear task ties breadcrumbs dare-linear dare-ties rws; do
    # shellcheck disable=SC2046
    slabs "tmerge -m $m, 4 files" tmerge -m $m $(models)
done
# shellcheck disable=SC2046
slabs "tmerge -m della, 4 files" tmerge -m della --density 0.5 $(models)
slabs "tmerge -m slerp, 2 files" tmerge -m slerp "$tmp/m0.safetensors" "$tmp/m1.safetensors"
slabs "tmerge -m ties, a stream" tmerge -m ties "$tmp/m1.safetensors" - "$tmp/m2.safetensors"
slabs "tmerge -m attach" tmerge -m attach - "$tmp/m0.weir"
tsplit --shard 1/1 "$tmp/m0.safetensors" >"$tmp/shard.weir"
slabs "tmerge -m cat" tmerge -m cat "$tmp/shard.weir"
slabs "walloc -m uniform" walloc -m uniform -s 0.5 --only w

echo "-- these hold the tensor, or more of it; see MEMORY on their pages"
holds "wscore -m magnitude" wscore -m magnitude --only w
holds "lrfactor -m svd -r 8" lrfactor -m svd -r 8 --only w
holds "tmerge -m rmm" tmerge -m rmm "$tmp/m0.safetensors" "$tmp/m1.safetensors"
holds "walloc -m error" walloc -m error --weigh size -s 0.5 --only w
exit $bad

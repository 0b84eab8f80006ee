#!/bin/bash
# clip.sh: what a model loses by each row of clip.tsv, nats a token above dense, with the standard error of the paired differences.
#   BIN=build/bin OUT=build/clip bash pipelines/real/clip.sh MODEL.gguf CALIB.txt TEXT...
# Of each text PIECES pieces of BYTES bytes, evenly spread, each its own window. Columns: row, all, error, then each text.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 3 ] || { echo 'usage: clip.sh MODEL.gguf CALIB.txt TEXT...' >&2; exit 2; }
PATH=${BIN:-$here/../../build/bin}:$PATH
OUT=${OUT:-$here/../../build/clip} PIECES=${PIECES:-4} BYTES=${BYTES:-1300} TOKENS=${TOKENS:-8192} JOBS=${JOBS:-2}
model=$1 calib=$2
shift 2
mkdir -p "$OUT/pieces"
rm -f "$OUT"/pieces/*
files=()
for t; do
    name=$(basename "$t" | cut -d. -f1) all=$(wc -c <"$t")
    for ((i = 0; i < PIECES; i++)); do
        at=$(((2 * i + 1) * all / (2 * PIECES) - BYTES / 2))
        { tail -c "+$((at < 1 ? 1 : at))" "$t" || true; } | { sed 1d || true; } | head -c "$BYTES" |
            iconv -c -f UTF-8 -t UTF-8 >"$OUT/pieces/$name.$i"
        files+=(-f "$OUT/pieces/$name.$i")
    done
done
tsplit "$model" | wquant -q -t f16 >"$OUT/dense.weir"
calibrate() { mcalib -q -j "$JOBS" -f "$calib" --tokens "$TOKENS" -c 512 --parts gram,norm2 "$@" <"$OUT/dense.weir"; }
calibrate >"$OUT/plain.weir"
calibrate --token-weight attncon >"$OUT/attncon.weir"
measure() { mppl -q -j "$JOBS" -c 512 "${files[@]}" | awk -F '\t' 'NR > 1 { n = $1; sub(".*/", "", n); sub("[.].*", "", n); print n "\t" $5 }'; }
measure <"$OUT/dense.weir" >"$OUT/dense"
while IFS=$'\t' read -r row statistics options; do
    # shellcheck disable=SC2086
    wquant -q -j "$JOBS" $options --only linear <"$OUT/$statistics.weir" | measure |
        paste "$OUT/dense" - | awk -v row="$row" '
            { d = $4 - $2; s += d; q += d * d; n++; if (!($1 in t)) name[++k] = $1; t[$1] += d; c[$1]++ }
            END { printf "%s\t%.4f\t%.4f", row, s / n, sqrt((q - s * s / n) / (n * (n - 1)))
                  for (i = 1; i <= k; i++) printf "\t%.3f", t[name[i]] / c[name[i]]; print "" }'
done <"$here/clip.tsv"

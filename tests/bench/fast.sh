#!/bin/sh
# fast: perplexity and calibration by each engine, CPU seconds and seconds by turns, the least of three: fast.sh MODEL TEXT [CONTEXT [PEER]]
# MODEL is what tsplit reads; PEER is llama-perplexity, run beside them by the same turns where MODEL is a GGUF. Variables: BIN (build/bin), JOBS (1).
set -eu
model=$1 text=$2 context=${3:-512} peer=${4:-} jobs=${JOBS:-1}
bin=$(cd "${BIN:-build/bin}" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/fast.XXXXXX"); trap 'rm -rf "$tmp"' EXIT
"$bin/tsplit" "$model" >"$tmp/in.weir"

row() { # row NAME COMMAND...: appends NAME, CPU seconds, seconds, and the figure that the command prints
    name=$1; shift
    /usr/bin/time -f '%U %S %e' -o "$tmp/time" "$@" <"$tmp/in.weir" >"$tmp/out" 2>"$tmp/err" || { cat "$tmp/err"; return; }
    figure=$(awk -F '\t' 'NR == 2 && NF > 5 { print $6 }' "$tmp/out")
    [ -n "$figure" ] || figure=$(sed -n 's/.*PPL = \([0-9.]*\).*/\1/p' "$tmp/out" "$tmp/err" | tail -n 1)
    awk -v n="$name" -v f="${figure:--}" '{ print n "\t" $1 + $2 "\t" $3 "\t" f }' "$tmp/time" >>"$tmp/rows"
}

for turn in 1 2 3; do
    for how in "" --fast --fast=bf16; do
        # shellcheck disable=SC2086
        row "mppl $how" "$bin/mppl" -q $how -j "$jobs" -c "$context" --protocol llama.cpp -f "$text"
        # shellcheck disable=SC2086
        row "mcalib gram $how" "$bin/mcalib" -q $how -j "$jobs" -c "$context" -f "$text" --parts gram
    done
    [ -z "$peer" ] || row llama-perplexity "$peer" -m "$model" -f "$text" -c "$context" -b "$context" -t "$jobs"
done
printf 'what\tcpu_s\ts\tppl\n'
awk -F '\t' '!($1 in cpu) { order[++n] = $1 } !($1 in cpu) || $2 < cpu[$1] { cpu[$1] = $2 } !($1 in s) || $3 < s[$1] { s[$1] = $3 } { ppl[$1] = $4 }
    END { for (i = 1; i <= n; i++) print order[i] "\t" cpu[order[i]] "\t" s[order[i]] "\t" ppl[order[i]] }' "$tmp/rows"

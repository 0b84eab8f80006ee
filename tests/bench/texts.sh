# texts: seconds of processor time and peak memory of the text filters over one corpus. Usage: sh tests/bench/texts.sh CORPUS.jsonl [BUILD]
# tests/bench/corpus.py makes corpora. Memory must not go with the corpus: run it on one of several sizes.
set -e
corpus=$(realpath "$1") build=${2:-build}
PATH=$(realpath "$build")/bin:$PATH
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
printf '%s: %s bytes\nfilter\tseconds\tpeak_MiB\n' "$(basename "$corpus")" "$(wc -c <"$corpus")"

measure() { # measure NAME COMMAND...: needs GNU time
    name=$1; shift
    /usr/bin/time -f '%U %S %M' -o "$w/time" "$@" >/dev/null
    awk -v n="$name" '{ printf "%s\t%.2f\t%.1f\n", n, $1 + $2, $3 / 1024 }' "$w/time"
}

dload -q "$corpus" >"$w/in"
dfeat "$w/in" >"$w/r"
head -n 300 "$corpus" | dload -q - | dfeat >"$w/t"
measure "dload" dload -q -j1 "$corpus"
measure "dfeat" dfeat -j1 "$w/in"
measure "dfeat --hash native" dfeat -j1 --hash native "$w/in"
measure "dfeat -m stats" dfeat -j1 -m stats "$w/in"
measure "dscore -m dsir" dscore -j1 -m dsir --target "$w/t" --raw "$w/r" "$w/in"
measure "dscore -m rules" dscore -j1 -m rules --preset gopher "$w/in"
measure "dsel --top 10%" dsel --by chars --top 10% "$w/in"
measure "ddup -m exact" ddup -j1 -S 256M -m exact "$w/in"
measure "ddup" ddup -j1 -S 256M "$w/in"
measure "ddup --verify" ddup -j1 -S 256M --verify 0.7 "$w/in"
measure "dsave" dsave "$w/in"

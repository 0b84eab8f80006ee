# llama: perplexity and speed of mppl and mcalib beside llama.cpp's programs on one F16 file. Usage: llama.sh FILE.gguf TEXT
# LLAMA: the folder of llama.cpp's programs; JOBS: threads; WINDOW: tokens. One TSV row; peaks in MB.
set -e
file=$1 text=$2 t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
timed() { # timed NAME COMMAND: runs it; seconds and peak kB into $t/NAME.time
    /usr/bin/time -f '%e %M' -o "$t/$1.time" bash -o pipefail -c "$2"
}
timed mppl "tsplit '$file' | mppl -q -j $JOBS -c $WINDOW --protocol llama.cpp -f '$text'" >"$t/mppl"
timed perplexity "'$LLAMA/llama-perplexity' -m '$file' -f '$text' -c $WINDOW -b $WINDOW -t $JOBS --no-warmup" >"$t/perplexity" 2>&1
timed mcalib "tsplit '$file' | mcalib -q -j $JOBS -c $WINDOW -f '$text' | tcat >/dev/null"
timed imatrix "'$LLAMA/llama-imatrix' -m '$file' -f '$text' -c $WINDOW -b $WINDOW -t $JOBS -o '$t/imatrix.gguf'" >"$t/imatrix" 2>&1
ours=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "ppl") c = i } NR == 2 { print $c }' "$t/mppl")
tokens=$(awk -F '\t' -v w="$WINDOW" 'NR == 2 { print $4 / (w - 1 - int(w / 2)) * w }' "$t/mppl")
theirs=$(sed -n 's/.*Final estimate: PPL = \([0-9.]*\).*/\1/p' "$t/perplexity")
printf 'model\ttokens\tmppl\tllama-perplexity\toff_percent'
for p in mppl perplexity mcalib imatrix; do printf '\t%s_tokens_s\t%s_MB' $p $p; done
echo
awk -v f="$(basename "$file" .f16.gguf)" -v n="$tokens" -v a="$ours" -v b="$theirs" 'BEGIN { printf "%s\t%d\t%s\t%s\t%.4f", f, n, a, b, 100 * (a / b - 1) }'
for p in mppl perplexity mcalib imatrix; do awk -v n="$tokens" '{ printf "\t%.0f\t%.0f", n / $1, $2 / 1024 }' "$t/$p.time"; done
echo

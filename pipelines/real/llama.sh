# llama: perplexity and speed of mppl and mcalib beside llama.cpp's programs on one F16 file. Usage: llama.sh FILE.gguf TEXT
# LLAMA: the folder of llama.cpp's programs; TORCH: a Python with transformers, or nothing; JOBS: threads; WINDOW: tokens; ROUNDS: each program
# runs once in each round. One TSV row: tokens a second are the medians of whole processes (of torch: of forward passes alone); peaks in MB.
set -e
file=$1 text=$2 t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
programs="mppl perplexity mcalib imatrix"
timed() { # timed NAME COMMAND: runs it; seconds and peak kB behind those in $t/NAME.time
    /usr/bin/time -a -f '%e %M' -o "$t/$1.time" bash -o pipefail -c "$2"
}
if [ -n "$TORCH" ]; then tsplit "$file" | tpack -q -o "$t/folder/"; programs="$programs torch"; fi
for _ in $(seq "${ROUNDS:-3}"); do
    timed mppl "tsplit '$file' | mppl -q -j $JOBS -c $WINDOW --protocol llama.cpp -f '$text'" >"$t/mppl"
    timed perplexity "'$LLAMA/llama-perplexity' -m '$file' -f '$text' -c $WINDOW -b $WINDOW -t $JOBS --no-warmup" >"$t/perplexity" 2>&1
    timed mcalib "tsplit '$file' | mcalib -q -j $JOBS -c $WINDOW -f '$text' | tcat >/dev/null"
    timed imatrix "'$LLAMA/llama-imatrix' -m '$file' -f '$text' -c $WINDOW -b $WINDOW -t $JOBS -o '$t/imatrix.gguf'" >"$t/imatrix" 2>&1
    [ -z "$TORCH" ] || timed torch "HF_HUB_OFFLINE=1 '$TORCH' torch_ppl.py '$t/folder' '$text' $WINDOW $JOBS" >>"$t/torch" 2>"$t/said" || { cat "$t/said" >&2; exit 1; }
done
ours=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "ppl") c = i } NR == 2 { print $c }' "$t/mppl")
tokens=$(awk -F '\t' -v w="$WINDOW" 'NR == 2 { print $4 / (w - 1 - int(w / 2)) * w }' "$t/mppl")
theirs=$(sed -n 's/.*Final estimate: PPL = \([0-9.]*\).*/\1/p' "$t/perplexity")
if [ -n "$TORCH" ]; then # its own seconds in place of the process's
    paste -d ' ' <(cut -f 3 "$t/torch") <(cut -d ' ' -f 2 "$t/torch.time") >"$t/own"; mv "$t/own" "$t/torch.time"
fi
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
printf 'model\ttokens\trounds\tmppl\tllama-perplexity\toff_percent\ttorch'
for p in $programs; do printf '\t%s_tokens_s\t%s_MB' $p $p; done
echo
awk -v f="$(basename "$file" .f16.gguf)" -v n="$tokens" -v r="${ROUNDS:-3}" -v a="$ours" -v b="$theirs" -v c="$([ -z "$TORCH" ] || tail -n 1 "$t/torch" | cut -f 1)" \
    'BEGIN { printf "%s\t%d\t%d\t%s\t%s\t%.4f\t%s", f, n, r, a, b, 100 * (a / b - 1), c == "" ? "-" : c }'
for p in $programs; do
    awk -v n="$tokens" -v s="$(cut -d ' ' -f 1 "$t/$p.time" | median)" -v m="$(cut -d ' ' -f 2 "$t/$p.time" | median)" 'BEGIN { printf "\t%.0f\t%.0f", n / s, m / 1024 }'
done
echo

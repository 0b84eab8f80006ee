# greedy: the greedy soup of Wortsman and others 2022, "Model soups", recipe 1. Models are tried from the best to the worst, each stays in the
# average when the average is then no worse. Usage: greedy.sh MEASURE OUT MODEL.weir...
# MEASURE reads a stream and prints mppl's table; the score is the mean of nats_per_token over its rows. A log of the choice goes to OUT.log.
set -e
measure=$1 out=$2; shift 2
score() { $measure | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "nats_per_token") c = i; next } { s += $c } END { printf "%.6f\n", s / (NR - 1) }'; }
order=$(mktemp "$out.XXXXXX")
trap 'rm -f "$order" "$order.log"' EXIT
for m; do echo "$(score <"$m") $m"; done | sort -n >"$order"
soup= best=
: >"$order.log"
while read -r alone m; do
    now=$(tmerge -m linear $soup "$m" | score)
    if [ -z "$soup" ] || awk "BEGIN { exit !($now <= $best) }"; then
        soup="$soup $m" best=$now verdict=in
    else
        verdict=out
    fi
    printf '%s\t%s\t%s\t%s\n' "$(basename "$m" .weir)" "$alone" "$now" "$verdict" >>"$order.log"
done <"$order"
mv "$order.log" "$out.log"
tmerge -m linear -o "$out" $soup

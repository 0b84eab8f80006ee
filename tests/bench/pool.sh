# pool: what DSIR finds in a pool whose texts say where they are from: the share of the target's domain among the chosen, and how much nearer to
# the target they are. Usage: sh tests/bench/pool.sh POOL.jsonl [BUILD [K]]
# Each line has a "domain"; 300 texts of it, every n-th, are the target and leave the pool. Prints domain, method, base rate, share, KL reduction.
set -e
pool=$(realpath "$1") build=${2:-build} k=${3:-2000}
PATH=$(realpath "$build")/bin:$PATH
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
share() { dsave -f domain | awk -v d="\"domain\":\"$1\"" 'index($0, d) { n++ } END { printf "%.3f", n / NR }'; }
for d in ${DOMAINS:-math code}; do
    dload -q "$pool" | dsel --where "domain=$d" | dsave >"$w/of"
    every=$(($(wc -l <"$w/of") / 300))
    awk -v n="$every" 'NR % n == 0 && k++ < 300' "$w/of" >"$w/target.jsonl"
    dload -q "$w/target.jsonl" | tee "$w/target" | dfeat >"$w/t"
    dsave --ids "$w/target" | sed 's/.*/"id":"&",/' >"$w/out" # as dsave writes ids
    dload -q "$pool" | dsave | grep -vFf "$w/out" | dload -q - | tee "$w/pool" | dfeat >"$w/r"
    for how in "sum: --norm none" "token: --norm token" "sqrt: --norm sqrt" "random:"; do
        pick="--by dsir"
        [ "$how" != random: ] || pick="-m random"
        # shellcheck disable=SC2086
        dscore -m dsir --target "$w/t" --raw "$w/r" ${how#*:} "$w/pool" | dsel $pick -k "$k" --report "$w/rep" --target "$w/t" --raw "$w/r" >"$w/chosen"
        printf '%s\t%s\t%s\t%s\t%s\n' "$d" "${how%%:*}" "$(share "$d" <"$w/pool")" "$(share "$d" <"$w/chosen")" "$(awk '/^KL reduction/ { print $NF }' "$w/rep")"
    done
done

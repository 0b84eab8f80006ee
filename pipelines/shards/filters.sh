# filters: one stream, a shard or the whole, through the filters. Usage: filters.sh BIN IN OUT
# A shard may hold nothing to prune: --allow-none. OUT appears when it is whole: a filter whose upstream was killed fails, so the last one's status is that of all.
set -e
PATH=$1:$PATH
to=$3.$(uname -n).$$
trap 'rm -f "$to"' EXIT
wprune -m wanda -s 0.5 --allow-none <"$2" | wquant -t q4_K --allow-none >"$to"
mv "$to" "$3"

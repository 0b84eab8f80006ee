# filters: one stream, a shard or the whole, through the filters. Usage: filters.sh BIN IN OUT
# A shard may hold nothing to prune: --allow-none. OUT appears when it is whole: a filter whose upstream was killed fails, so the last one's status is that of all.
set -e
PATH=$1:$PATH
wprune -m wanda -s 0.5 --allow-none <"$2" | wquant -t q4_K --allow-none >"$3.part"
mv "$3.part" "$3"

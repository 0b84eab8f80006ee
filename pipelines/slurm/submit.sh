# submit: an array of jobs, one for each shard that is not there yet, and the job that joins them. Usage: submit.sh MODEL OUT N
# Prints the numbers of both jobs. Words in SBATCH_WORDS go to sbatch ("--partition long").
set -e
[ $# -eq 3 ] || { echo "usage: submit.sh MODEL OUT N" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
model=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
# Shards that are there count as made, so all must be of one model and by the same filters.
from=$(printf '%s\n' "$model"; cksum <"$here/filters.sh"; cd "$model" && find -L . -type f -printf '%P\t%s\t%T@\n' | sort)
if [ -e "$out/made-from" ] && [ "$from" != "$(cat "$out/made-from")" ]; then
    echo "submit.sh: $2 holds what was made from another model or by other filters (see $2/made-from); name another folder, or remove this one" >&2
    exit 1
fi
printf '%s\n' "$from" >"$out/made-from"
missing=$(for i in $(seq "$3"); do [ -e "$out/$(printf 'shard-%05d-of-%05d.weir' "$i" "$3")" ] || echo "$i"; done | paste -sd ,)
wait=
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    array=$(sbatch --parsable $SBATCH_WORDS --array="$missing" --output="$out/job-%A-%a.log" "$here/shard.sbatch" "$here" "$model" "$out" "$3")
    wait="--dependency=afterok:$array --kill-on-invalid-dep=yes"
fi
# shellcheck disable=SC2086
join=$(sbatch --parsable $SBATCH_WORDS $wait --output="$out/join-%j.log" "$here/join.sbatch" "$out" "$3")
echo "${array:-none} $join"

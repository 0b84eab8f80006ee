# submit: an array of jobs, one for each shard that is not there yet, and the job that joins them. Usage: submit.sh MODEL OUT N
# Prints the numbers of both jobs. Words in SBATCH_WORDS go to sbatch ("--partition long").
set -e
[ $# -eq 3 ] || { echo "usage: submit.sh MODEL OUT N" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
model=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
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

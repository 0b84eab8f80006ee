# submit: two arrays of jobs over the shards of a pool, each with the job that joins what they made. Usage: submit.sh POOL TARGET OUT N K [MIN]
# Prints the numbers of the jobs; the last one writes OUT/selected.jsonl. Words in SBATCH_WORDS go to sbatch ("--partition long").
set -e
[ $# -eq 5 ] || [ $# -eq 6 ] || { echo "usage: submit.sh POOL TARGET OUT N K [MIN]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
pool=$(realpath "$1") target=$(realpath "$2")
mkdir -p "$3"
out=$(cd "$3" && pwd)
asked="$pool $target $4 $5 ${6:-100}"
if [ -e "$out/asked" ] && [ "$(cat "$out/asked")" != "$asked" ]; then
    echo "submit.sh: $out holds the work of other arguments: $(cat "$out/asked")" >&2
    exit 1
fi
echo "$asked" >"$out/asked"
after=

# submit STEP WORDS: when the step before has ended well.
submit() {
    step=$1; shift
    # shellcheck disable=SC2086
    job=$(sbatch --parsable $SBATCH_WORDS $after "$@" --output="$out/$step-%j.log" "$here/step.sbatch" "$step" "$pool" "$target" "$out" "$n" "$k" "$min")
    after="--dependency=afterok:$job --kill-on-invalid-dep=yes"
    echo "$job"
}

# missing FORMAT: the shards whose file is not there, as an array's tasks.
missing() {
    for i in $(seq "$n"); do
        # shellcheck disable=SC2059
        [ -e "$out/$(printf "$1" "$i")" ] || echo "$i"
    done | paste -sd ,
}

n=$4 k=$5 min=${6:-100}
if [ ! -e "$out/raw.feat" ]; then
    tasks=$(missing raw-%d.feat)
    [ -z "$tasks" ] || submit count --array="$tasks"
    submit sum
fi
tasks=$(missing part-%d.weir)
[ -z "$tasks" ] || submit pick --array="$tasks"
submit join

# select-dsir: the pipeline over shards, and the same programs under the contract of Hadoop Streaming.
load helpers

setup_file() {
    load helpers
    make -s -C "$TOP/pipelines/select-dsir" BIN="$BIN" OUT="$BATS_FILE_TMPDIR/out" demo >"$BATS_FILE_TMPDIR/log"
}

setup() {
    OUT=$BATS_FILE_TMPDIR/out
    cd "$BATS_TEST_TMPDIR"
}

# hadoop SPLITS INPUT OUTPUT MAPPER REDUCER: splits by lines, mappers with their environment, sort by key, one reducer, counters from stderr,
# _SUCCESS; a task that fails is tried once more.
hadoop() {
    local n=$1 input=$2 output=$3 mapper=$4 reducer=$5 i
    rm -rf job "$output" && mkdir job "$output"
    split -n "l/$n" -d -a 3 "$input" job/split.
    i=0
    for s in job/split.*; do
        mapreduce_task_ismap=true mapreduce_task_partition=$i mapreduce_map_input_file="$input" sh -c "$mapper" <"$s" >"job/map.$i" 2>"job/err.$i" ||
            mapreduce_task_partition=$i sh -c "$mapper" <"$s" >"job/map.$i" 2>"job/err.$i" || return 1
        i=$((i + 1))
    done
    cat job/map.* | LC_ALL=C sort -t "$(printf '\t')" -k 1,1 >job/sorted
    mapreduce_task_ismap=false mapreduce_task_partition=0 sh -c "$reducer" <job/sorted >"$output/part-00000" 2>job/err.reduce || return 1
    [ ! -s job/err.reduce ] || return 1
    touch "$output/_SUCCESS"
}

@test "four shards, merged, are the bytes of the whole; most of what is chosen is like the target" {
    cmp "$OUT/selected.jsonl" "$OUT/whole.jsonl"
    grep -q 'the same bytes' "$BATS_FILE_TMPDIR/log"
    [ "$(grep -c '"domain":"math"' "$OUT/selected.jsonl")" -gt 85 ]
    [ "$(grep -c '"domain":"math"' "$OUT/pool.jsonl")" -lt 200 ]
}

@test "as mappers and reducers: the same features, the same choice, for any number of splits" {
    cp "$OUT/target.feat" target.feat
    cp "$TOP"/pipelines/select-dsir/*.sh .
    for n in 1 3 7; do
        hadoop $n "$OUT/pool.jsonl" feat "dfeat --lines" "dfeat --lines --merge"
        dfeat --merge --lines "$OUT/raw.feat" | cmp - feat/part-00000
        cp feat/part-00000 raw.feat
        hadoop $n "$OUT/pool.jsonl" out "sh score.sh 100" "sh pick.sh 100"
        cmp out/part-00000 "$OUT/selected.jsonl"
    done
}

@test "an empty split and a split of which nothing is chosen are no failures" {
    : >empty
    dsel --lines --by x -k 3 <empty
    [ -z "$(head -n 3 "$OUT/pool.jsonl" | dsel --lines --where 'chars<0')" ]
    dfeat --lines <empty | grep -q '"records":0'
}

@test "a shard that fails stops the flow, and leaves no result" {
    cp -a "$OUT" o && rm o/part-2.weir
    head -c 3000 "$OUT/target.feat" >o/target.feat
    run make -s -C "$TOP/pipelines/select-dsir" BIN="$BIN" OUT="$PWD/o" -o "$PWD/o/target.feat" all
    [ "$status" -ne 0 ]
    rm o/selected.* o/part-*
    run make -s -C "$TOP/pipelines/select-dsir" BIN="$BIN" OUT="$PWD/o" -o "$PWD/o/target.feat" all
    [ "$status" -ne 0 ] && [ ! -e o/selected.weir ] && [ ! -e o/selected.jsonl ]
}

@test "no text of fewer than MIN words is chosen; other variables make anew what depends on them, and only that" {
    [ "$(dsel --where 'words<100' "$OUT/selected.weir" | dsave --ids | wc -l)" -eq 0 ]
    cp -a "$OUT" o
    m() { make -s -C "$TOP/pipelines/select-dsir" BIN="$BIN" OUT="$PWD/o" "$@" all; }
    stamp() { stat -c %Y.%y.%i "$@"; }
    m; stamp o/raw.feat o/part-1.weir o/selected.jsonl >before
    m; stamp o/raw.feat o/part-1.weir o/selected.jsonl | cmp - before
    m K=7 MIN=5
    [ "$(wc -l <o/selected.jsonl)" -eq 7 ]
    stamp o/raw.feat | cmp - <(head -n 1 before)
    [ "$(stamp o/part-1.weir)" != "$(sed -n 2p before)" ]
    m; cmp o/selected.jsonl "$OUT/selected.jsonl"
    m N=3; cmp o/selected.jsonl "$OUT/selected.jsonl"
    head -n 300 "$OUT/pool.jsonl" >other.jsonl
    m POOL="$PWD/other.jsonl"
    ! cmp -s o/selected.jsonl "$OUT/selected.jsonl"
    m POOL="$PWD/other.jsonl" OUT="$PWD/fresh"
    cmp o/selected.jsonl fresh/selected.jsonl
    m; rm o/part-3.weir o/selected.jsonl; m; cmp o/selected.jsonl "$OUT/selected.jsonl"
}

@test "two makes at once, and one that is killed and run again, give the bytes of one run" {
    for i in 1 2; do make -s -j 2 -C "$TOP/pipelines/select-dsir" BIN="$BIN" OUT="$PWD/o" all & p[i]=$!; done
    wait "${p[1]}" && wait "${p[2]}"
    cmp o/selected.jsonl "$OUT/selected.jsonl"
    for wait in 0.05 0.15 0.3; do
        rm -rf k
        setsid make -s -C "$TOP/pipelines/select-dsir" BIN="$BIN" OUT="$PWD/k" all >/dev/null 2>&1 & pid=$!
        sleep $wait
        kill -9 -- -$pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        make -s -C "$TOP/pipelines/select-dsir" BIN="$BIN" OUT="$PWD/k" all
        cmp k/selected.jsonl "$OUT/selected.jsonl"
    done
}

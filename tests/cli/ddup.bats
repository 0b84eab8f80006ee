# ddup: what goes, what stays, and that shards and order change nothing.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    cat >few <<'END'
{"id":"a","text":"the quick brown fox jumps over the lazy dog and runs away from it all","n":1,"scores":{"q":3}}
{"id":"b","text":"The quick brown fox jumps over the lazy dog, and runs away from it all!","n":2,"scores":{"q":7}}
{"id":"c","text":"something else entirely, of which there is only one in this small set of texts","n":3,"scores":{"q":1}}
{"id":"e","text":"The quick brown fox jumps over the lazy dog, and runs away from it all!","n":4,"scores":{"q":-2.5}}
END
}

ids() { sed 's/^{"id":"\([^"]*\)".*/\1/' | tr '\n' ' '; }

# texts N SEED: records of many families of likeness
texts() {
    python3 - "$1" "$2" <<'END'
import json, random, sys
r = random.Random(int(sys.argv[2]))
base = [[r.choice("abcdefghij") + str(r.randrange(4000)) for _ in range(90)] for _ in range(int(sys.argv[1]) // 3)]
for i in range(int(sys.argv[1])):
    t = list(r.choice(base))
    for _ in range(r.choice([0, 0, 1, 2, 5, 20])):
        t[r.randrange(90)] = "x" + str(r.randrange(10**6))
    print(json.dumps({"id": f"t{i}", "text": " ".join(t), "scores": {"q": r.randrange(50) / 8}}, separators=(",", ":")))
END
}

@test "the first by id's hash stays; the input keeps its order, fields and scores" {
    run ddup --lines few
    [ "$status" -eq 0 ] && [ "${#lines[@]}" -eq 2 ] || { echo "$output"; return 1; }
    [ "$(ddup --lines --keep all --cluster c few | grep -c '"c":"b"')" -eq 3 ]
    [ "$output" = "$(sed -n '2,3s/"q":\([0-9]*\)/"q":\1.0/p' few)" ]
}

@test "which one stays: input's order, the best score, none; a missing score is named" {
    [ "$(ddup --lines --order input few | ids)" = "a c " ]
    [ "$(ddup --lines --keep best:q few | ids)" = "b c " ]
    [ "$(ddup --lines --keep best:-q few | ids)" = "$(sed 's/"q":/"q":-/; s/--//' few | ddup --lines --keep best:q | ids)" ]
    [ "$(ddup --lines --keep best:-q few | ids)" != "b c " ]
    sed 's/"q":7/"q":-7/' few | ddup --lines --keep best:q | ids | grep -qx "a c "
    [ "$(ddup --lines --keep none few | ids)" = "c " ]
    [ "$(ddup --lines --keep all few | ids)" = "a b c e " ]
    echo '{"id":"z","text":"t"}' >>few
    run ddup --lines --keep best:q few
    one_line_error 1 ddup
    [ "$output" = "ddup: record z: it has no score 'q'" ]
}

@test "exact: equal bytes; with --normalise equal words" {
    [ "$(ddup --lines -m exact --order input few | ids)" = "a b c " ]
    [ "$(ddup --lines -m exact --normalise --order input few | ids)" = "a c " ]
}

@test "texts without a word: equal bytes only; presets that leave short texts alone keep them" {
    printf '{"id":"%s","text":"%s"}\n' 1 '' 2 '' 3 '?!' 4 '?!' 5 '!?' 6 word 7 Word >in
    [ "$(ddup --lines --order input in | ids)" = "1 3 5 6 " ]
    [ "$(ddup --lines -m exact --normalise --order input in | ids)" = "1 3 5 6 " ]
    [ "$(ddup --lines -m datatrove --order input in | ids)" = "1 2 3 4 5 6 7 " ]
}

@test "the report tells who is like whom, estimated and true" {
    ddup --lines --report r.tsv --verify 0.5 few >/dev/null
    [ "$(cat r.tsv)" = "$(printf 'id\tcluster\tkept\tlikeness\tjaccard\na\tb\t0\t1.0000\t1.0000\nb\tb\t1\t1.0000\t1.0000\ne\tb\t0\t1.0000\t1.0000')" ]
}

@test "--verify parts what only met by chance" {
    texts 300 5 >in
    ddup --lines --bands 60x2 --hashes 120 --verify 0.7 --report r.tsv in >/dev/null
    ddup --lines --bands 60x2 --hashes 120 --report loose.tsv in >/dev/null
    [ "$(wc -l <r.tsv)" -lt "$(wc -l <loose.tsv)" ]
    # every pair that Python finds to be alike is in one cluster
    python3 - <<'END'
import itertools, json
w = {}
for l in open("in"):
    o = json.loads(l); t = o["text"].split(); w[o["id"]] = {tuple(t[i:i + 5]) for i in range(len(t) - 4)}
c = dict(l.split("\t")[:2] for l in open("r.tsv"))
parent = {i: i for i in w}
def find(x):
    while parent[x] != x: x = parent[x]
    return x
near = 0
for a, b in itertools.combinations(w, 2):
    if len(w[a] & w[b]) / len(w[a] | w[b]) >= 0.7: parent[find(a)] = find(b); near += 1
assert near > 50
for a in w:
    for b in w:
        assert (find(a) == find(b)) == (a == b or (a in c and c.get(a) == c.get(b))), (a, b)
END
}

@test "against a reference: only what is like it goes, and nothing of the reference comes out" {
    printf '%s\n' '{"id":"r","text":"SOMETHING else, entirely: of which there is only one in this small set of texts."}' >ref
    [ "$(ddup --lines --against ref --report r.tsv few | ids)" = "a b e " ]
    [ "$(tail -n +2 r.tsv)" = "$(printf 'c\tr\t0\t1.0000')" ]
    ddup --lines --against /dev/null few | cmp - <(ddup --lines --keep all few)
}

@test "the same decisions for any order of input, and nothing more goes the second time" {
    texts 600 1 >in
    ddup --lines in >out
    [ "$(wc -l <out)" -gt 150 ] && [ "$(wc -l <out)" -lt 500 ]
    sort -R --random-source=<(yes) in | ddup --lines | sort | cmp - <(sort out)
    tac in | ddup --lines | tac | cmp - out
    ddup --lines out | cmp - out
    ddup --lines -j 2 in | cmp - out
}

@test "1, 3, 8 shards, merged in any order: the bytes of the whole" {
    texts 600 2 >in
    for how in "" "--order input" "--keep best:q" "--keep none --cluster c" "-m exact"; do
        ddup --lines $how --report want.tsv in >want
        for n in 1 3 8; do
            rm -f s.* out
            split -n "l/$n" -a 1 --numeric-suffixes=1 in s.in
            for i in $(seq "$n"); do ddup --lines $how --signatures --shard "$i/$n" "s.in$i" >"s.sig$i"; done
            ddup --lines $how --merge --report got.tsv $(ls -r s.sig*) >s.decisions
            for i in $(seq "$n"); do ddup --lines $how --apply s.decisions --shard "$i/$n" "s.in$i" >>out; done
            cmp out want && cmp got.tsv want.tsv || { echo "$how: $n shards"; return 1; }
        done
    done
}

@test "against a reference, and verified: over shards as over the whole" {
    texts 500 2 >in
    texts 900 2 | tail -n 120 | sed 's/"t/"r/' >ref
    loose="--bands 60x2 --hashes 120"
    for how in "--against ref" "--against ref --verify 0.6 $loose" "--verify 0.7 $loose --keep best:q" "--verify 0.5"; do
        here=${how/--against ref/} sets=$(grep -o -e '--verify [0-9.]*' <<<"$how") || true
        ddup --lines $how --report want.tsv in >want
        [ "$(wc -l <want)" -lt 500 ] && [ "$(wc -l <want)" -gt 100 ]
        split -n l/2 -a 1 --numeric-suffixes=1 ref r
        for i in 1 2; do ddup --lines $here --signatures --shard $i/2 r$i; done | tac >refsig
        for n in 1 3; do
            rm -f s.* out
            split -n "l/$n" -a 1 --numeric-suffixes=1 in s.in
            for i in $(seq "$n"); do ddup --lines $here --signatures --shard "$i/$n" "s.in$i" >"s.sig$i"; done
            ddup --lines ${how/against ref/against refsig} --merge --report got.tsv $(ls -r s.sig*) >s.decisions
            for i in $(seq "$n"); do ddup --lines ${here/$sets/} --apply s.decisions --shard "$i/$n" "s.in$i" >>out; done
            cmp out want && cmp got.tsv want.tsv || { echo "$how: $n shards"; return 1; }
        done
    done
    ddup --lines --signatures in >s
    run ddup --lines --merge --verify 0.5 s
    one_line_error 1 ddup
    [ "$output" = "ddup: s: record t0: its signature has no n-grams; --signatures writes them with --verify" ]
    sed '$d' s >cut
    run ddup --lines --merge --against cut s
    one_line_error 1 ddup
    [ "$output" = "ddup: --against: shard 1 of 1 is missing, or its signatures are cut off" ]
}

@test "under Hadoop's contract: the shard from the environment, signatures shuffled as lines, one reducer" {
    texts 300 6 >in
    ddup --lines in >want
    split -n l/3 -a 1 -d in p
    for i in 0 1 2; do mapreduce_task_partition=$i ddup --lines --signatures --shard auto/3 <p$i; done | sort >shuffled
    ddup --lines --merge - <shuffled >decided
    for i in 0 1 2; do mapreduce_task_partition=$i ddup --lines --apply decided --shard auto/3 <p$i; done | cmp - want
}

@test "as a stream: the same records, signatures and decisions; what else is in it passes" {
    texts 200 3 >in
    ddup --lines in >want
    dload in >in.weir
    ddup <in.weir | dsave | cmp - want
    cat in.weir | ddup | cmp - <(ddup <in.weir)
    ddup --signatures in.weir >sig && ddup --merge sig >decisions
    ddup --apply decisions in.weir | dsave | cmp - want
    tsplit "$MODEL" >model.weir
    cat model.weir in.weir | ddup | tshow >both
    grep -q 'lm_head\|norm' both
}

@test "signatures that do not belong together are refused" {
    head -n 2 few >p1
    tail -n 2 few >p2
    for i in 1 2; do ddup --lines --signatures --shard $i/2 p$i >s$i; done
    check() { # WANT FILE...
        want=$1; shift
        run ddup --lines --merge "$@"
        one_line_error 1 ddup
        [ "$output" = "ddup: $want" ] || { echo "$output"; return 1; }
    }
    check "shard 2 of 2 is missing, or its signatures are cut off" s1
    check "s1: shard 1 of 2 is there twice" s1 s2 s1
    sed 1d s2 >cut
    [ "$(wc -l <cut)" -eq 2 ]
    check "shard 2 of 2 has 1 signatures, not 2" s1 cut
    ddup --lines --signatures --shard 1/3 p1 >three
    check "three: signatures of 2 shards and of 3" s2 three
    check "few: record a: it has no signature under \"ddup\"; ddup --signatures makes them" few
    run ddup --lines --merge --seed 1 s1 s2
    one_line_error 1 ddup
    [[ $output == *"seed 0 order id', not of '"* ]]
    ddup --lines --merge s1 s2 >d
    run ddup --lines --apply d --shard 1/2 p2
    [ "$status" -eq 1 ] && [[ ${lines[-1]} == "ddup: record 0 of shard 1 is "*" here and "*" in the decisions" ]]
    run ddup --lines --apply d few
    [ "$status" -eq 1 ] && [ "${lines[-1]}" = "ddup: the decisions are for 2 shards, not 1" ]
}

@test "ids that are there twice: every record is judged by itself" {
    printf '%s\n' '{"id":"x","text":"one and the same text for all of these"}' '{"id":"x","text":"one and the same text for all of these","n":2}' \
        '{"id":"x","text":"another one of the same name, which is like none"}' >in
    [ "$(ddup --lines in | wc -l)" -eq 2 ]
    ddup --lines in | sort | cmp - <(tac in | ddup --lines | sort)
}

@test "bad lines are named: loose UTF-8, a missing field, a line beyond the limit; NUL is text" {
    printf '{"id":"1","text":"a\\u0000b"}\n{"id":"2","text":"a\\u0000b"}\n' | ddup --lines -m exact >out
    [ "$(wc -l <out)" -eq 1 ]
    printf '{"text":"ok"}\n{"text":"\xff"}\n' >bad
    run ddup --lines bad
    one_line_error 1 ddup
    [ "$output" = "ddup: bad: line 2: column 10: no well-formed UTF-8" ]
    echo '{"id":"a"}' >bad
    run ddup --lines bad
    one_line_error 1 ddup
    { printf '{"text":"'; head -c 100000000 /dev/zero | tr '\0' x; printf '"}\n'; } >long
    run ddup --lines long
    one_line_error 1 ddup
    [ "$output" = "ddup: long: line 1: it is longer than 33554432 bytes" ]
    [ "$(ddup --lines </dev/null | wc -c)" -eq 0 ]
}

@test "more than the memory: runs on disk give the same" {
    texts 30000 4 >in
    ddup --lines in >want
    for s in 48M 64M; do ddup --lines -S $s -m text-dedup --bands 120x2 in >big.$s; done
    cmp big.48M big.64M
    ddup --lines -S 48M in | cmp - want
}

@test "usage" {
    while IFS='|' read -r args want; do
        run ddup $args
        [ "$status" -eq 2 ] && [ "${lines[0]}" = "ddup: $want" ] || { echo "$args: $output"; return 1; }
    done <<'END'
-m nothing|method 'nothing' is not known; --list names them
--keep worst|--keep 'worst': first, best:SCORE, none or all is needed
--order size|--order 'size': id or input is needed
--order input --keep best:q|--order input: --keep best:q has an order
--bands 14|--bands '14': BxR of at most 1024 places is needed, such as 14x8
--bands 20x10 --hashes 128|--bands 20x10 needs 200 places, --hashes gives 128
--bands 2x2 --threshold 0.5|--bands 2x2 and --threshold: one of them decides
-m exact --threshold 0.5|-m exact has no n-grams, hashes, bands or threshold
--normalise|--normalise is for -m exact
--merge|--merge: which FILEs?
--merge --signatures x|one of --signatures, --merge and --apply
--signatures --against x|--against: --merge decides what is like what
--apply x --verify 0.5|--verify: --merge decides what is like what
-S 1M|-S: at least 48M
END
    ddup --list | cut -f 1 | tr '\n' ' ' | grep -qx 'native exact datatrove text-dedup redpajama nemo '
}

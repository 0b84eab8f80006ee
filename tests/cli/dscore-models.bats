# dscore -m ppl and -m predstrength: torch's figures, mppl's, pairs counted elsewhere, refusals.
load helpers

setup_file() {
    load helpers
    tsplit "$MODEL" >"$BATS_FILE_TMPDIR/brook.weir"
}

setup() { cd "$BATS_FILE_TMPDIR"; }

as_json() { # as_json FILE...: each a record of its own, without its last line feed
    python3 -c 'import json, sys
for f in sys.argv[1:]: print(json.dumps({"id": f.split("/")[-1], "text": open(f).read().removesuffix("\n")}))' "$@"
}

@test "ppl: torch's figures" {
    grep -v '^#' "$TOP/tests/vectors/rate_ppl.tsv" | while IFS='	' read -r file context tokens ppl bpb; do
        as_json "$BROOK/$file" | dscore -j 2 -m ppl --model brook.weir --context "$context" --lines |
            python3 -c 'import json, sys
s = json.loads(sys.stdin.readline())["scores"]
print("%d %.4f %.5f" % (s["ppl.tokens"], s["ppl"], s["ppl.bpb"]))' >got
        [ "$(cat got)" = "$tokens $ppl $bpb" ]
    done
    [ -s got ]
}

@test "ppl: what mppl says, text by text; other names; texts with nothing to score" {
    head -c 700 "$BROOK/prose.test.txt" >a.txt
    head -c 300 "$BROOK/math.test.txt" >b.txt
    mppl -f a.txt -f b.txt <brook.weir | awk -F '\t' 'NR > 1 { print $1, $4, $6 }' >want
    { as_json a.txt b.txt; echo '{"id":"none","text":""}'; } | dscore -m ppl --model brook.weir --ppl-as brook --lines >got
    head -n 2 got | python3 -c 'import json, sys
for l in sys.stdin:
    r = json.loads(l)
    print(r["id"], int(r["scores"]["brook.tokens"]), "%.4f" % r["scores"]["brook"])' | cmp - want
    grep -q '"id":"none".*"scores":{"brook.tokens":0.0}}' got
}

@test "ppl: refusals" {
    run dscore -m ppl --lines /dev/null
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: -m ppl needs --model STREAM" ]
    run dscore -m ppl --model absent --lines /dev/null
    [ "$status" -eq 1 ] && [ "$output" = "dscore: absent: No such file or directory" ]
    run dscore -m ppl --model brook.weir --context -3 --lines /dev/null
    [ "$status" -eq 2 ]
    head -c 100000 brook.weir >cut.weir
    run dscore -m ppl --model cut.weir --lines /dev/null
    [ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 1 ]
}

@test "predstrength: pairs as counted by a script; figures from the order" {
    n=0
    while IFS='	' read -r figures losses pairs share; do
        names=$(echo "$losses" | awk -F , '{ for (i = 1; i <= NF; i++) printf "%sm%d", (i > 1 ? "," : ""), i }')
        scores=$(echo "$losses" | awk -F , '{ for (i = 1; i <= NF; i++) printf "%s\"m%d\":%s", (i > 1 ? "," : ""), i, $i }')
        echo "{\"text\":\"t\",\"scores\":{$scores}}" | dscore -m predstrength --losses "$names" --benchmark "$figures" --lines |
            python3 -c 'import json, sys
s = json.loads(sys.stdin.readline())["scores"]
assert s["predstrength.pairs"] == float(sys.argv[1]) and s["predstrength"] == float(sys.argv[2]), s' "$pairs" "$share"
        n=$((n + 1))
    done < <(grep -v '^#' "$TOP/tests/vectors/rate_predstrength.tsv")
    [ $n -eq 9 ]
    echo '{"text":"t","scores":{"a":3,"b":2,"c":2.5}}' | dscore -m predstrength --losses a,b,c --lines | grep -q '"predstrength":0.6666666666666666,"predstrength.pairs":2.0'
}

@test "predstrength: refusals; a record without losses" {
    run dscore -m predstrength --lines /dev/null
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: -m predstrength needs --losses LIST" ]
    run dscore -m predstrength --losses a,b --benchmark 1 --lines /dev/null
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: --benchmark has 1 figures, --losses 2" ]
    run dscore -m predstrength --losses a,b --benchmark 1,1 --lines /dev/null
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: --losses a,b: there is no pair of models that the benchmark tells apart" ]
    [ "$(echo '{"id":"x","text":"t"}' | dscore -m predstrength --losses a,b --lines)" = '{"id":"x","text":"t"}' ]
    run dscore -m predstrength --losses a,b --lines <<<'{"id":"x","text":"t","scores":{"a":1}}'
    [ "$status" -eq 1 ] && [ "${lines[${#lines[@]} - 1]}" = "dscore: x: there is no score b, but 1 other losses are there" ]
}

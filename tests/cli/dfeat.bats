# dfeat and dscore -m dsir: DSIR's own numbers, and that parts add up.
load helpers

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "words and buckets are those of p-lambda/dsir" {
    printf '%s\n' '{"text":"Don'"'"'t stop!! e-mail a_b C++ 3.14 na\u00efve"}' '{"text":"\u65e5\u672c\u8a9e \u30c6\u30b9\u30c8 x\t\u00c9T\u00c9 \u0130stanbul \u03a3\u0391\u03a3 x\u00b2"}' >in
    dfeat --lines in >got
    python3 - <<'END'
import hashlib, json
words = [["don", "'", "t", "stop", "!!", "e", "-", "mail", "a_b", "c", "++", "3", ".", "14", "na\u00efve"],
         ["\u65e5\u672c\u8a9e", "\u30c6\u30b9\u30c8", "x", "\u00e9t\u00e9", "i", "\u0307", "stanbul", "\u03c3\u03b1\u03c2", "x\u00b2"]]
n = [0] * 10000
for w in words:
    for g in w + [" ".join(p) for p in zip(w, w[1:])]:
        n[int(hashlib.sha256(g.encode()).hexdigest(), 16) % 10000] += 1
f = json.load(open("got"))
assert f["counts"] == n and f["words"] == 24 and f["grams"] == 46 and f["lengths"][4] == 2, f
assert [int(hashlib.sha256(g.encode()).hexdigest(), 16) % 10000 for g in ("alice", "alice went", "()")] == [6720, 114, 3277]
END
}

@test "features of parts add up to those of the whole, in any order, as streams and as lines, with any -j" {
    for h in dsir native; do
        dload -f lines "$BROOK/prose.test.txt" | dfeat --hash $h -n 3 -b 5000 >whole
        for i in 1 2 3; do dload -f lines --shard $i/3 "$BROOK/prose.test.txt" | dfeat --hash $h -n 3 -b 5000 >p$i; done
        dload -f lines "$BROOK/prose.test.txt" | dfeat -j 3 --hash $h -n 3 -b 5000 | dfeat --merge --lines >wl
        dfeat --merge --lines whole | cmp - wl
        dfeat --merge --lines p3 p1 p2 | cmp - wl
        dfeat --merge p2 p3 >p23; cat p23 p1 | dfeat --merge --lines | cmp - wl
        for i in 1 2 3; do dfeat --merge --lines p$i; done | dfeat --merge --lines | cmp - wl
        dfeat --merge p1 p2 p3 | cmp - <(dfeat --merge p1 p2 p3)
    done
}

@test "features that differ are not added" {
    echo '{"text":"a b"}' >in
    dfeat --lines in >a; dfeat --lines -b 50 in >b
    run dfeat --merge --lines a b
    [ "$status" -eq 1 ] && [ "$output" = "dfeat: b: line 1: features differ: dsir 2-grams in 10000 buckets, and dsir 2-grams in 50 buckets" ]
    run dfeat --merge in
    [ "$status" -eq 1 ]
    sed 's/"grams":3/"grams":-3/' a >c
    run dfeat --merge --lines c
    [ "$status" -eq 1 ] && [ "$output" = "dfeat: c: line 1: features have no grams, or fewer than 0" ]
    sed 's/"grams":3/"grams":9223372036854775807/' a >c
    run dfeat --merge --lines a c
    [ "$status" -eq 1 ] && [ "$output" = "dfeat: c: line 1: features add up to more than 2^63 - 1" ]
    dload in >s
    run dfeat --merge s
    [ "$status" -eq 1 ] && [ "$output" = "dfeat: s: there are no features in it; dfeat makes them" ]
}

@test "log weights, lengths and the best twenty are those of p-lambda/dsir on its own data" {
    need_shared golden/golden_dsir.json
    G=$SHARED/golden
    dload --text-field contents "$G/toy_pile_data.jsonl" >raw
    dfeat raw >raw.feat
    dload --text-field contents "$G/toy_target_data.jsonl" | dfeat >t.feat
    dscore -m dsir --target t.feat --raw raw.feat raw | dscore -m dsir --target t.feat --raw raw.feat --smooth 1 --dsir-as s1 | dsave -f scores >got
    dfeat --merge --lines raw.feat >raw.json; dfeat --merge --lines t.feat >t.json
    python3 - "$G/golden_dsir.json" <<'END'
import json, math, sys
g = json.load(open(sys.argv[1]))
s = [json.loads(l)["scores"] for l in open("got")]
near = lambda a, b: abs(a - b) <= 1e-9 * max(1, abs(b))
w = [x["dsir"] for x in s]
assert all(near(a, b) for a, b in zip(w, g["w_first10"])) and near(sum(w), g["w_sum"]) and near(min(w), g["w_min"]) and near(max(w), g["w_max"])
assert [x["dsir.words"] for x in s[:10]] == g["len_first10"]
assert all(near(x["s1"], b) for x, b in zip(s, g["smooth1_w_first10"]))
ok = [i for i in range(len(s)) if s[i]["dsir.words"] >= 100]
assert len(ok) == g["n_eligible_ge100"]
assert sorted(ok, key=lambda i: -w[i])[:20] == g["top20_topk_idx"]
r, t = json.load(open("raw.json")), json.load(open("t.json"))
assert sum(c > 0 for c in r["counts"]) == g["raw_nonzero"] and sum(c > 0 for c in t["counts"]) == g["target_nonzero"]
d = [math.log(b / t["grams"] + 1e-8) - math.log(a / r["grams"] + 1e-8) for a, b in zip(r["counts"], t["counts"])]
assert all(near(a, b) for a, b in zip(d, g["log_diff_first10"])) and near(sum(d), g["log_diff_sum"])
assert near(sum((a / r["grams"]) ** 2 for a in r["counts"]), g["raw_probs_sum_sq"])
END
}

@test "norms, the length term, any -j" {
    dload -f lines "$BROOK/prose.test.txt" >raw; dfeat raw >raw.feat
    dload -f lines "$BROOK/math.test.txt" | dfeat >t.feat
    how="dscore -m dsir --target t.feat --raw raw.feat"
    $how raw | $how --norm token --dsir-as tok | $how --norm sqrt --dsir-as root | $how --poisson --dsir-as p | dsave -f scores >got
    { dfeat --merge --lines t.feat; dfeat --merge --lines raw.feat; } | python3 -c '
import json, math, sys
t, r = [json.loads(l) for l in sys.stdin]
a, b = t["words"] / t["records"], r["words"] / r["records"]
logp = lambda k, l: k * math.log(l) - l - math.lgamma(k + 1)
for l in open("got"):
    s = json.loads(l)["scores"]; n = max(s["dsir.words"], 1)
    assert math.isclose(s["tok"], s["dsir"] / n) and math.isclose(s["root"], s["dsir"] / math.sqrt(n))
    assert abs(s["p"] - s["dsir"] - (logp(n, a) - logp(n, b))) < 1e-8, s
'
    $how raw | dsave >one; $how -j 3 raw | dsave | cmp - one
}

@test "usage" {
    run dfeat -n 9
    [ "$status" -eq 2 ]
    run dfeat -m nothing
    [ "$status" -eq 2 ]
    run dscore -m dsir --target x
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: -m dsir needs --target and --raw; dfeat makes such features" ]
}

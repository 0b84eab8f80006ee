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
    [ "$status" -eq 1 ] && [ "$output" = "dfeat: b: features differ: dsir 2-grams in 10000 buckets, and dsir 2-grams in 50 buckets" ]
    run dfeat --merge in
    [ "$status" -eq 1 ]
    sed 's/"grams":3/"grams":-3/' a >c
    run dfeat --merge --lines c
    [ "$status" -eq 1 ] && [ "$output" = "dfeat: c: line 1: features have no grams, or fewer than 0" ]
    sed 's/"grams":3/"grams":9223372036854775807/' a >c
    run dfeat --merge --lines a c
    [ "$status" -eq 1 ] && [ "$output" = "dfeat: c: features add up to more than 2^63 - 1" ]
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

@test "stats: what Python finds, to the last bit of the sums" {
    python3 - <<'END'
import json, random
r = random.Random(4)
pieces = ["a", "Z", "7", " ", "\n", ".", "\u00e9", "\u0416", "\u0663", "\u20ac", "\u3000", "word ", "\U0001f600"]
with open("in", "w") as f:
    for i in range(400):
        o = {"id": i, "text": "".join(r.choice(pieces) for _ in range(r.choice([0, 1, 5, 80, 300])))}
        if i % 3: o["n"] = r.randrange(-300, 300)
        if i % 5 == 0: o["n"] = "none"
        if i % 2: o["scores"] = {"q": r.uniform(-1, 1) * 10.0 ** r.randrange(-300, 150)}
        if i % 4 == 0: o["tokens"] = [1] * r.randrange(50)
        f.write(json.dumps(o) + "\n")
END
    dfeat --lines -m stats --of chars,bytes,letters,digits,upper,spaces,signs,lines,words,n,q,tokens,none in >got
    python3 - <<'END'
import json, math, unicodedata
from fractions import Fraction
g = json.load(open("got"))
rec = [json.loads(l) for l in open("in")]
def share(f): return lambda o: sum(map(f, o["text"])) / len(o["text"]) if o["text"] else None
cat = unicodedata.category
num = lambda v: v if isinstance(v, (int, float)) else None
measure = {"chars": lambda o: len(o["text"]), "bytes": lambda o: len(o["text"].encode()), "lines": lambda o: o["text"].count("\n") + (o["text"][-1:] not in ("", "\n")),
           "letters": share(lambda c: cat(c)[0] == "L"), "digits": share(lambda c: cat(c) == "Nd"), "upper": share(lambda c: cat(c) == "Lu"),
           "spaces": share(str.isspace), "signs": share(lambda c: cat(c)[0] in "PS"), "n": lambda o: num(o.get("n")),
           "q": lambda o: o.get("scores", {}).get("q"), "tokens": lambda o: len(o["tokens"]) if "tokens" in o else None}
def exact(s):
    h, p = s.split("p"); return int(h, 16) * Fraction(2) ** int(p)
assert g["records"] == 400 and list(g["fields"]) == sorted(list(measure) + ["words", "none"]) and g["fields"]["none"]["n"] == 0
for k, f in measure.items():
    v = sorted(x for x in map(f, rec) if x is not None)
    s = g["fields"][k]
    assert s["n"] == len(v) and s["min"] == v[0] and s["max"] == v[-1], k
    total = sum(map(Fraction, v)); squares = sum(Fraction(x) ** 2 for x in v)
    assert exact(s["sum"]) == total and exact(s["squares"]) == squares, k
    assert s["mean"] == float(total) / len(v), k
    if k != "q": assert math.isclose(s["sd"] ** 2, squares / len(v) - (total / len(v)) ** 2, rel_tol=1e-9), k
    for p in (1, 5, 25, 50, 75, 95, 99):
        x, y = v[max(-(-p * len(v) // 100), 1) - 1], s["p%d" % p]
        assert x == y if abs(x) < 256 and x == int(x) else abs(x - y) <= abs(x) / 128, (k, p, x, y)
    assert sum(s["bins"][1::2]) == len(v)
END
}

@test "stats of parts, merged in any order and grouping, are those of the whole; fields may differ" {
    dload -f lines "$BROOK/prose.test.txt" | dscore -m size >in
    dfeat -m stats in >whole
    for i in 1 2 3; do dload -f lines --shard $i/3 "$BROOK/prose.test.txt" | dscore -m size | dfeat -m stats >p$i; done
    dfeat -m stats --merge --lines whole >want
    dfeat -m stats --merge --lines p3 p1 p2 | cmp - want
    dfeat -m stats --merge p2 p3 >p23; cat p23 p1 | dfeat -m stats --merge --lines | cmp - want
    for i in 3 1 2; do dfeat -m stats --merge --lines p$i | sed "s/^/key\t/"; done | dfeat -m stats --merge --lines | cmp - want
    dfeat -j 3 -m stats --lines <(dsave in) | cmp - want
    dfeat -m stats --of lines,none in >some
    dfeat -m stats --merge --lines whole some | python3 -c '
import json, sys
g = json.load(sys.stdin); n = int(sys.argv[1]); f = g["fields"]
assert g["records"] == 2 * n and len(f) == 10 and f["lines"]["n"] == 2 * n and f["bytes"]["n"] == n and f["none"]["n"] == 0
' "$(dsave --ids in | wc -l)"
}

@test "statistics that are none are refused" {
    dfeat -m stats --lines --of chars <<<'{"text":"abc"}' >ok
    dfeat -m stats --merge --lines ok | cmp - ok
    while IFS='|' read -r change want; do
        sed "$change" ok >bad
        ! cmp -s bad ok
        run dfeat -m stats --merge --lines bad
        one_line_error 1 dfeat
        [ "$output" = "dfeat: bad: line 1: $want" ] || { echo "$change: $output"; return 1; }
    done <<'END'
s/"n":1/"n":2/|field 1 of its statistics is damaged
s/"min":3.0/"min":4.0/|field 1 of its statistics is damaged
s/0x3p0/0x3p1/|field 1 of its statistics is damaged
s/\[3.0,1\]/[3.0,1,3.0,0]/|field 1 of its statistics is damaged
s/"squares"/"other"/|field 1 of its statistics is damaged
s/"fields":{/"fields":{"chars":3,/|field 1 of its statistics is damaged
s/"records":1/"records":-1/|the number of records is none
s/"fields"/"other"/|these are no statistics of texts; dfeat -m stats makes them
s/}}}/}}} x/|column 212: something follows the value
END
    echo '{"text":"a"}' | dfeat --lines >ngram
    run dfeat -m stats --merge --lines ngram
    one_line_error 1 dfeat
    [ "$output" = "dfeat: ngram: line 1: these are no statistics of texts; dfeat -m stats makes them" ]
    echo '{"text":"a"}' | dload - | dfeat >ngram
    run dfeat -m stats --merge --lines ngram
    one_line_error 1 dfeat
}

@test "usage" {
    run dfeat -n 9
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dfeat: --n: '9' is not from 1 to 8" ]
    run dfeat -n 0
    [ "$status" -eq 2 ]
    run dfeat -m stats -b 7
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dfeat: --buckets is an option of ngram, not of stats" ]
    run dfeat --of chars
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dfeat: --of is an option of stats, not of ngram" ]
    [ "$(dfeat -l | cut -f 1 | tr '\n' ' ')" = "ngram stats " ]
    run dfeat -m nothing
    [ "$status" -eq 2 ]
    run dscore -m dsir --target x
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: -m dsir needs --target and --raw; dfeat makes such features" ]
}

@test "--keep-going: files that are damaged count nothing, and are listed" {
    cd "$BATS_TEST_TMPDIR"
    for i in $(seq 400); do echo "{\"id\":$i,\"text\":\"word$i and café $RANDOM\"}"; done >in
    for i in 1 2 3; do dload --shard $i/3 in >s$i; dfeat s$i >f$i; done
    head -c $(($(stat -c %s s2) - 20)) s2 >c2
    head -c $(($(stat -c %s f2) - 20)) f2 >d2
    dfeat s1 s3 | dfeat --merge --lines >want
    dfeat --keep-going l s1 c2 none s3 | dfeat --merge --lines | cmp - want
    [ "$(cut -f 1 l | tr '\n' ' ')" = "file c2 none " ]
    dfeat --merge --keep-going l f1 d2 f3 | dfeat --merge --lines | cmp - want
    [ "$(cut -f 1 l | tr '\n' ' ')" = "file d2 " ]
    run dfeat --merge f1 d2 f3
    [ "$status" -eq 1 ]
}

@test "words of NLTK since 3.10: the same for ASCII, other ones where there are marks; both kinds are not added" {
    cd "$BATS_TEST_TMPDIR"
    printf '{"text":"plain words, and signs; nothing more."}\n' >a
    printf '{"text":"cafe\\u0301 \\u0939\\u093f\\u0928\\u094d\\u0926\\u0940"}\n' >m
    [ "$(dfeat --lines a | sed 's/"mode":"[^"]*"//')" = "$(dfeat --lines --hash dsir-nltk3.10 a | sed 's/"mode":"[^"]*"//')" ]
    dfeat --lines m | grep -q '"words":8,'
    dfeat --lines --hash dsir-nltk3.10 m | grep -q '"words":2,'
    dfeat --lines m >x; dfeat --lines --hash dsir-nltk3.10 m >y
    run dfeat --merge --lines x y
    [ "$status" -eq 1 ] && [[ $output == *"features differ: dsir 2-grams in 10000 buckets, and dsir-nltk3.10 2-grams in 10000 buckets" ]]
}

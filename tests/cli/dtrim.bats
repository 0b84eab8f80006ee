# dtrim: the lines that C4 drops, against datatrove's own texts (golden/datatrove); and words as its spaCy cuts them, nearly.
load helpers

setup_file() {
    load helpers
    awk 'NF { print; if (++n % 6 == 0) print "" }' "$BROOK"/*.test.txt | dload -q --lines -f paragraphs - |
        cat - "$TOP/tests/golden/datatrove/odd.jsonl" >"$BATS_FILE_TMPDIR/in.jsonl"
    cp "$TOP/tests/golden/datatrove/verdicts.tsv" "$BATS_FILE_TMPDIR"
}

setup() { cd "$BATS_FILE_TMPDIR"; }

@test "every text that datatrove's C4 filter leaves is the same here, with its rule of ends and without" {
    dtrim --lines in.jsonl >ended
    dtrim --lines --rule c4.terminal_punct=0 in.jsonl >any
    python3 - <<'END'
import hashlib, json
want = [l.rstrip("\n").split("\t") for l in open("verdicts.tsv")]
for column, name in (4, "ended"), (5, "any"):
    same = 0
    for w, l in zip(want, open(name), strict=True):
        r = json.loads(l)
        assert r["id"] == w[0]
        if w[column] in ("too_few_sentences", "lorem_ipsum", "curly_bracket"):
            continue
        assert hashlib.sha256(r["text"].encode()).hexdigest()[:16] == w[column], (name, r)
        same += 1
    assert same > 140, same
END
}

@test "what speaks against a page stays, so that the rules say it of the trimmed text too" {
    for p in 0 1; do
        dtrim --lines --rule c4.terminal_punct=$p in.jsonl | dscore --lines -m rules --preset c4 --rule c4.terminal_punct=$p >after
        dscore --lines -m rules --preset c4 --rule c4.terminal_punct=$p in.jsonl >before
        python3 - <<'END'
import json
n = 0
for a, b in zip(open("after"), open("before"), strict=True):
    a, b = json.loads(a), json.loads(b)
    assert a["reasons"] == b["reasons"], (a["id"], a["reasons"], b["reasons"])
    assert a["scores"]["c4.dropped"] == b["scores"]["rules.c4.lines"] - b["scores"]["rules.c4.kept_lines"]
    n += "c4.lorem_ipsum" in a["reasons"] or "c4.curly_bracket" in a["reasons"]
assert n >= 4, n
END
    done
}

@test "streams and lines, any number of threads; the id stays, and tokens of a text that changed go" {
    dload in.jsonl | dtrim -j 1 >one
    dload in.jsonl | dtrim -j 3 | cmp - one
    dsave one | cmp - <(dtrim --lines in.jsonl)
    printf '{"id":"a","text":"One two three four.\\nno end","tokens":[1,2]}\n{"id":"b","text":"One two three four.","tokens":[3]}\n' >t
    [ "$(dtrim --lines t | tr '\n' ' ')" = '{"id":"a","text":"One two three four.","scores":{"c4.dropped":1.0}} {"id":"b","text":"One two three four.","tokens":[3],"scores":{"c4.dropped":0.0}} ' ]
    run dtrim -m c5 /dev/null
    [ "$status" -eq 2 ]
    run dtrim --rule gopher.short_doc=1 /dev/null
    [ "$status" -eq 2 ]
    run dtrim --rule c4.none=1 /dev/null
    [ "$status" -eq 2 ]
    [ "$(dtrim -l | cut -f 1)" = c4 ]
}

@test "--words signs gives the verdicts of datatrove with spaCy for nearly all texts; an empty text fails repetition as there" {
    for w in space signs; do dscore --lines -m rules --preset gopher,fineweb --words $w in.jsonl >$w; done
    python3 - <<'END'
import json
want = {w[0]: w[1:4] for w in (l.rstrip("\n").split("\t") for l in open("verdicts.tsv"))}
other = {}
for name in "space", "signs":
    other[name] = 0
    for l in open(name):
        r = json.loads(l)
        for k, v in zip(("repetition", "gopher", "fineweb"), want[r["id"]]):
            mine = [x for x in r["reasons"] if x.startswith(k + ".")]
            other[name] += (not mine) != (v == "ok")
            if r["id"] == "empty" and k == "repetition":
                assert mine[0] == "repetition.empty" and v == "empty"
print(other)
assert other["signs"] < 30 and other["space"] > 5 * other["signs"], other
END
}

@test "a text of 200 MB is refused in one line before it takes a multiple of its length" {
    python3 -c 'print("{\"id\":\"big\",\"text\":\"" + "a b " * 50000000 + "\"}")' | dload --max-bytes 300M - >big.weir
    for f in "dscore -m rules" "dscore -m rules --words signs --preset all" dtrim; do
        (limit 1000000; $f big.weir >out 2>err) && return 1
        [ "$(wc -l <err)" -eq 1 ] && grep -q 'big: the text has 200000000 bytes, rules take 33554432 at most' err || { cat err; return 1; }
    done
    [ "$(dsel --where 'bytes<=33554432' big.weir | dscore -m rules | dsave --ids | wc -l)" -eq 0 ]
    rm big.weir
}

# dload: every form of input, shards, and what is refused.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    python3 - <<'END'
import json
with open("a.jsonl", "w") as f:
    for i in range(400):
        f.write(json.dumps({"id": "r%d" % i, "text": "text \u00e9 \"%d\"\n" % i * (i % 7 + 1), "n": i, "tags": ["x", None]}, ensure_ascii=i % 2 == 0) + "\n")
END
}

@test "what goes in comes out, through a stream too" {
    dload a.jsonl | dsave >b.jsonl
    dload --lines a.jsonl | cmp - b.jsonl
    python3 -c 'import json; r = lambda f: [json.loads(l) for l in open(f)]; assert r("a.jsonl") == r("b.jsonl")'
}

@test "gzip of several members, zstd of several frames, by their first bytes" {
    dload --lines a.jsonl >want
    { head -n 100 a.jsonl | gzip; tail -n +101 a.jsonl | gzip -1; } >x
    dload --lines x | cmp - want
    command -v zstd >/dev/null || skip "needs zstd(1)"
    { head -n 100 a.jsonl | zstd -q; tail -n +101 a.jsonl | zstd -q; } >y
    dload --lines - <y | cmp - want
}

@test "dsave compresses what dload reads" {
    dload a.jsonl >s; dsave s >want
    dsave --gzip s | gzip -dc | cmp - want
    dsave -z9 -o z s && dload z | dsave | cmp - want
}

@test "a file cut inside gzip or zstd, or damaged, is an error" {
    gzip -c a.jsonl >x; dload a.jsonl | dsave -z >y
    head -c 600 x >x1; head -c 600 y >y1
    run dload --lines x1
    [ "$status" -eq 1 ] && [ "${lines[-1]}" = "dload: x1: it ends inside a gzip member: was it copied whole?" ]
    run dload --lines y1
    [ "$status" -eq 1 ] && [ "${lines[-1]}" = "dload: y1: it ends inside a zstd frame: was it copied whole?" ]
    { cat x; echo rest; } >x2
    run dload --lines x2
    [ "$status" -eq 1 ]; [[ ${lines[-1]} == "dload: x2: damaged gzip:"* ]]
    dload x1 2>err | { ! dsave >out 2>err2; }
}

@test "shards together are the whole, in order, for any number; of pipes too" {
    dload --lines a.jsonl a.jsonl >want
    for n in 1 2 3 8 50; do
        for i in $(seq $n); do dload --lines --shard $i/$n a.jsonl a.jsonl; done | cmp - want
    done
    for i in 1 2 3; do dload --lines --shard $i/3 - <a.jsonl; done | sort >got
    dload --lines a.jsonl | sort | cmp - got
    size=$(stat -c %s a.jsonl)
    { dload --lines --bytes 0:5000 a.jsonl; dload --lines --bytes 5000: a.jsonl; } | cmp - <(dload --lines a.jsonl)
    [ "$(PARALLEL_SEQ=2 dload --lines --shard auto/3 a.jsonl | sum)" = "$(dload --lines --shard 2/3 a.jsonl | sum)" ]
    [ "$(SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=4 dload --lines --shard auto a.jsonl | sum)" = \
        "$(dload --lines --shard 2/4 a.jsonl | sum)" ]
}

@test "a missing shard is noticed by who needs all" {
    for i in 1 3; do dload --shard $i/3 a.jsonl; done >two
    run tcat -o out two
    [ "$status" -eq 0 ]
    tshow two >/dev/null
    run bash -c "tpack -t safetensors -o out <two"
    [ "$status" -eq 1 ]
}

@test "bad lines are refused, counted, and kept aside with the reason" {
    { head -n 2 a.jsonl; echo '{"text":'; printf '{"text":"\xff"}\n\n   \n{"id":"x"}\n'; tail -n 1 a.jsonl | tr -d '\n'; } >bad
    dload --rejects rej bad 2>err | dsave --ids >ids
    [ "$(tr '\n' ' ' <ids)" = "r0 r1 r399 " ]
    [ "$(head -n 1 err)" = "dload: bad: line 3: column 9: the text is no string: left out, and counted" ]
    [ "$(tail -n 1 err)" = 'dload: 3 lines were refused in all: 1 no well-formed UTF-8; 1 the text is no string; 1 there is no field "text"' ]
    python3 - <<'END'
import json
r = [json.loads(l) for l in open("rej")]
b = open("bad", "rb").read()
assert [x["line"] for x in r] == [3, 4, 7], r
assert all(b[x["offset"]:x["offset"] + x["bytes"]].split(b"\n")[0] == b[x["offset"]:x["offset"] + x["bytes"]] for x in r)
assert r[0]["raw"] == '{"text":' and r[1]["raw"] == '{"text":"\ufffd"}' and r[2]["reason"] == 'there is no field "text"'
END
    run dload --strict --lines bad
    [ "$status" -eq 1 ] && [ "${lines[-1]}" = "dload: bad: line 3: column 9: the text is no string" ]
}

@test "a line of 100 MB is refused in little memory; NUL and an empty file pass" {
    { head -n 1 a.jsonl; python3 -c 'print("{\"text\":\"" + "x" * 100000000 + "\"}")'; tail -n 1 a.jsonl; } >big
    (limit 300000; dload --lines big 2>err | wc -l >n)
    [ "$(cat n)" -eq 2 ]
    [ "$(cat err)" = "dload: big: line 2: the line is longer than 33554432 bytes: left out, and counted" ]
    [ "$(printf '{"id":"z","text":"a\\u0000b"}\n' | dload - | dsave)" = '{"id":"z","text":"a\u0000b"}' ]
    printf 'a\nbcdefgh\nc\n' >long
    [ "$(dload -f lines --max-bytes 4 --lines long 2>err | dsave --lines -f text | tr '\n' ' ')" = '{"text":"a"} {"text":"c"} ' ]
    [ "$(cat err)" = "dload: long: line 2: the line is longer than 4 bytes: left out, and counted" ]
    [ -z "$(dload --lines /dev/null)" ]
    dload /dev/null | dsave --ids
}

@test "WET, texts, lines, paragraphs" {
    python3 - <<'END'
def rec(t, body, **k):
    h = "WARC/1.0\r\nWARC-Type: %s\r\n" % t + "".join("%s: %s\r\n" % (a.replace("_", "-"), b) for a, b in k.items())
    return h.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"\r\n\r\n"
w = rec("warcinfo", b"software: x\r\n") + rec("conversion", "eins\nzw\u00f6lf\n".encode(), WARC_Target_URI="http://a/", WARC_Record_ID="<urn:uuid:1-2>")
w += rec("conversion", b"\xfe\n", WARC_Target_URI="http://b/") + rec("conversion", b"drei", WARC_Target_URI="http://c/", WARC_Date="2026-01-01")
open("w", "wb").write(w); open("cut", "wb").write(w[:-6])
open("t", "w").write("a b\nc\n\n \n\nd\ne")
END
    dload --lines w 2>err >out
    [ "$(cat err)" = "dload: w: line 3: byte 1 of the text: no well-formed UTF-8: left out, and counted" ]
    [ "$(head -n 1 out)" = '{"id":"1-2","text":"eins\nzwölf\n","url":"http://a/"}' ]
    [ "$(sed -n 2p out | cut -d , -f 2-)" = '"text":"drei","url":"http://c/","date":"2026-01-01"}' ]
    run dload --lines cut
    [ "$status" -eq 1 ]; [[ ${lines[-1]} == *"cut: record 4: the file ends inside its content" ]]
    [ "$(dload -f text t | dsave -f text)" = '{"text":"a b\nc\n\n \n\nd\ne"}' ]
    [ "$(dload -f paragraphs t | dsave -f text | tr '\n' ' ')" = '{"text":"a b\nc"} {"text":"d\ne"} ' ]
    [ "$(dload -f lines t | dsave -f text | wc -l)" -eq 4 ]
}

@test "--meta, --text-field, --id-field" {
    printf '{"body":"t","key":3,"a":1,"b":2}\n' >in
    [ "$(dload --lines --text-field body --id-field key --meta b in)" = '{"id":"3","text":"t","b":2}' ]
    [ "$(dload --lines --text-field body --id-field key --meta '' in)" = '{"id":"3","text":"t"}' ]
}

@test "usage" {
    run dload
    [ "$status" -eq 2 ]
    run dload --shard 4/3 a.jsonl
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dload: --shard: '4/3': shards count from 1, 1048576 at most" ]
    run dload -f nothing a.jsonl
    [ "$status" -eq 2 ]
    run dload none.jsonl
    [ "$status" -eq 1 ] && [ "$output" = "dload: cannot open none.jsonl: No such file or directory" ]
}

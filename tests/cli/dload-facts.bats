# dload-facts: what a file is that is given as texts: named, read, or listed as lost; never passed over in silence.
load helpers

setup() { cd "$BATS_TEST_TMPDIR"; }

# named WANT COMMAND...: one line, status 1, with WANT in it.
named() {
    local want=$1
    shift
    run "$@"
    one_line_error 1 dload && [[ $output == *"$want"* ]] || { echo "$*: $output"; return 1; }
}

@test "a file that is no text is named for what it is, from a pipe and packed too, in every format" {
    python3 - <<'END'
def put(name, b):
    open(name, "wb").write(b + b"\0" * 90)
put("parquet", b"PAR1\x15\x04")
put("arrow", b"ARROW1\0\0")
put("arrows", b"\xff\xff\xff\xff\x78\x01\0\0")
put("xz", b"\xfd7zXZ\0\0\x04")
put("bz2", b"BZh91AY&SY\xd9")
put("zip", b"PK\x03\x04\x14\0")
put("lz4", b"\x04\x22\x4d\x18")
put("pdf", b"%PDF-1.7\n")
open("utf16", "wb").write('{"text":"a"}\n'.encode("utf-16"))
open("utf16be", "wb").write('{"text":"a"}\n'.encode("utf-16-be") * 9)
open("lfs", "w").write("version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 11547040\n")
END
    while IFS='|' read -r file what; do
        for f in auto jsonl text lines paragraphs; do
            named "$file: $what" dload --lines -f $f $file
            named "standard input: $what" dload --lines -f $f - <$file
        done
        gzip -c $file >$file.gz
        named "$file.gz: $what" dload --lines $file.gz
        named "$file: $what" dload --lines --shard 2/3 $file $file $file
    done <<'END'
parquet|a Parquet file
arrow|an Arrow file
arrows|an Arrow stream
xz|compressed by xz
bz2|compressed by bzip2
zip|a zip archive
lz4|compressed by lz4
pdf|a PDF file
utf16|text in UTF-16
utf16be|text in UTF-16
lfs|a git-lfs pointer, not the file; git lfs pull fetches it
END
    echo '{"text":"a"}' >a.jsonl
    gzip -c a.jsonl | gzip -c >twice
    named "twice: compressed by gzip" dload --lines twice
    dload a.jsonl >s
    named "s: a stream of weir already" dload --lines s
}

@test "JSON that is no lines, HTML, CSV: named; a file of which every line is refused is an error" {
    printf '[\n {"text":"a"},\n {"text":"b"}]\n' >array
    printf ' \n[{"text":"a"}]\n' >array1
    printf '<!DOCTYPE html>\n<p>a\n' >html
    printf 'id,text\n1,a\n2,b\n' >csv
    printf '{\n "text": "a"\n}\n' >pretty
    printf '{"body":"a"}\n{"body":"b"}\n' >nofield
    named "array: a JSON array, not JSON lines; jq -c '.[]' makes lines of it" dload --lines array
    named "array1: a JSON array" dload --lines array1
    named "array: a JSON array" dload --lines --shard 2/2 array array
    named "html: a page of HTML" dload --lines html
    for f in csv pretty nofield; do
        run dload --lines $f
        [ "$status" -eq 1 ] && [[ ${lines[-1]} == "dload: $f: nothing in it is a record: all of"* ]] || { echo "$output"; return 1; }
    done
    run dload --lines csv
    [[ ${lines[-1]} == *"it looks like CSV or TSV, and JSON lines are needed" ]]
    run dload --lines pretty
    [[ ${lines[-1]} == *"it looks like one JSON document; jq -c . makes a line of it" ]]
    run dload --lines nofield
    [[ ${lines[-1]} == *'all of 2 refused, the first: line 1: there is no field "text"' ]]
    for f in array html csv; do dload --lines -f paragraphs $f | grep -q '"text"'; done # texts they may be
    run bash -c 'echo "{\"text\":\"a\"}" >good; dload good csv | dsave'
    [ "$status" -eq 1 ]
    gzip -c good >good.gz
    run dscore --lines -m size good.gz
    one_line_error 1 dscore && [[ $output == *"good.gz: compressed by gzip"* ]]
}

@test "a byte order mark is no part of the text, in any format, cut anywhere" {
    printf '\xef\xbb\xbf{"text":"first"}\n{"text":"second"}\n' >bom.jsonl
    printf '\xef\xbb\xbffirst\nsecond\n' >bom.txt
    [ "$(dload bom.jsonl | dsave -f text | tr '\n' ' ')" = '{"text":"first"} {"text":"second"} ' ]
    [ "$(dscore --lines -m size bom.jsonl | dsave --lines -f text,bytes | head -n 1)" = '{"text":"first","bytes":5.0}' ]
    for m in lines paragraphs text; do
        dload --lines -f $m bom.txt | cmp - <(tail -c +4 bom.txt | dload --lines -f $m -) || return 1
    done
    for f in bom.jsonl bom.txt; do
        how="-f jsonl"; [ $f = bom.jsonl ] || how="-f lines"
        dload --lines $how $f >want
        for at in $(seq 0 "$(stat -c %s $f)"); do
            { dload --lines $how --bytes 0:$at $f; dload --lines $how --bytes $at: $f; } | cmp - want || { echo "$f at $at"; return 1; }
        done
        gzip -c $f | dload --lines $how - | cmp - want
    done
    printf '\xef\xbb\xbf' >only
    [ -z "$(dload --lines only)" ]
}

@test "CR LF is one end of a line; lines that end in CR alone are named; a whole text keeps every byte" {
    printf 'a b\nc\n\nd\n' >lf
    sed 's/$/\r/' lf >crlf
    tr '\n' '\r' <lf >cr
    for m in lines paragraphs; do
        dload --lines -f $m crlf | cmp - <(dload --lines -f $m lf)
        run dload --lines -f $m cr
        [ "$status" -eq 1 ] && [[ $output == *"the lines end in CR alone; tr '\r' '\n' gives them line feeds"* ]] || { echo "$output"; return 1; }
    done
    printf '{"text":"a"}\r\n{"text":"b"}\r\n' >j
    [ "$(dload --lines j | wc -l)" -eq 2 ]
    tr -d '\n' <j >jcr
    run dload --lines jcr
    [ "$status" -eq 1 ] && [[ $output == *"the lines end in CR alone"* ]]
    for f in lf crlf cr; do
        for end in "" x; do
            { cat $f; printf %s "$end"; } >t
            dload -f text t | dsave -f text | python3 -c 'import json, sys; sys.stdout.buffer.write(json.loads(sys.stdin.read())["text"].encode())' | cmp - t
        done
    done
    printf 'no end' | dload --lines -f text - | grep -q '"text":"no end"'
}

@test "refusals are counted by reason, whatever the column" {
    { echo '{"text":"ok"}'; for i in 1 22 333; do echo "{\"id\":$i,\"text\":5}"; done; echo '{"id":"x"}'; echo '{"a'; echo '{"ab'; } >in
    dload --lines in 2>err >out
    [ "$(tail -n 1 err)" = 'dload: 6 lines were refused in all: 3 the text is no string; 2 the line ends inside a string; 1 there is no field "text"' ] || { cat err; return 1; }
}

@test "--keep-going: past damaged, absent and foreign files; the list tells what was lost, and how much was had" {
    for i in $(seq 4000); do echo "{\"id\":$i,\"text\":\"text $i $RANDOM $RANDOM $RANDOM\"}"; done >a.jsonl
    gzip -c a.jsonl >a.gz
    head -c 50000 a.gz >cut.gz
    printf 'PAR1xxxx' >b.parquet
    printf 'x,y\n1,2\n' >c.csv
    dload --keep-going lost.tsv a.jsonl cut.gz b.parquet none.jsonl c.csv a.gz 2>err >out
    dsave --ids out >ids
    python3 - <<'END'
rows = [l.rstrip("\n").split("\t") for l in open("lost.tsv")]
assert rows[0] == ["file", "records", "reason"]
assert [r[0] for r in rows[1:]] == ["cut.gz", "b.parquet", "none.jsonl", "c.csv"], rows
had = int(rows[1][1])
assert 0 < had < 4000 and len(open("ids").read().split()) == 8000 + had
assert rows[1][2] == "it ends inside a gzip member: was it copied whole?"
assert rows[2][2].startswith("a Parquet file") and rows[3][1] == "0" and "No such file" in rows[3][2] and "CSV" in rows[4][2]
END
    [ "$(tail -n 1 err)" = "dload: 4 files could not be read whole: lost.tsv lists them" ]
    dload --lines --keep-going none.tsv a.jsonl | cmp - <(dload --lines a.jsonl)
    [ "$(cat none.tsv)" = "$(printf 'file\trecords\treason')" ]
    run dload --lines a.jsonl cut.gz
    [ "$status" -eq 1 ]
}

@test "a folder is its files, in order; --text-field and --id-field reach into objects" {
    mkdir -p d/sub d/.git
    echo '{"text":"1"}' >d/a.jsonl; echo '{"text":"2"}' | gzip -c >d/b.jsonl.gz; echo '{"text":"3"}' | zstd -q -c >d/sub/c.json.zst; echo '{"text":"4"}' >d/z.ndjson
    echo readme >d/README.md; echo '{"text":"no"}' >d/.git/x.jsonl; echo '{"text":"no"}' >d/.hidden.jsonl
    [ "$(dload d | dsave -f text | tr -dc 0-9)" = 1234 ]
    [ "$(dload d/ d/a.jsonl | dsave -f text | tr -dc 0-9)" = 12341 ]
    for n in 2 3; do [ "$(for i in $(seq $n); do dload --lines --shard $i/$n d; done | dsave --lines -f text | tr -dc 0-9)" = 1234 ]; done
    [ "$(dload -f lines d/sub/../README.md | dsave -f text)" = '{"text":"readme"}' ]
    mkdir empty; echo x >empty/README.md
    run dload --lines empty
    one_line_error 1 dload && [[ $output == "dload: empty: there is no file of texts in this folder"* ]]
    dload --lines -f text empty | grep -q '"text":"x\\n"'
    printf '{"data":{"text":"hi","x":1},"m":{"id":77},"k":2}\n{"k":1,"data":{"text":"","y":{}},"m":null}\n{"data.text":"dot"}\n' >n.jsonl
    [ "$(dload --lines --text-field data.text --id-field m.id n.jsonl | head -n 1)" = '{"id":"77","text":"hi","data":{"x":1},"m":{},"k":2}' ]
    [ "$(dload --text-field data.text n.jsonl | dsave -f text | tr '\n' ' ')" = '{"text":"hi"} {"text":""} {"text":"dot"} ' ]
    # Lines in, lines out: as they were, but for the id that a line lacked.
    dscore --lines --text-field data.text --id-field m.id -m size n.jsonl >out
    python3 - <<'END'
import json
a, b = ([json.loads(l) for l in open(f)] for f in ("n.jsonl", "out"))
assert b[0]["data"] == a[0]["data"] and b[0]["m"] == {"id": "77"} and b[0]["scores"]["bytes"] == 2
assert b[1]["data"] == a[1]["data"] and len(b[1]["m"]["id"]) == 32
END
    [ "$(dload --text-field data.text n.jsonl | dsave --text-field a.b.c -f k,text | head -n 1)" = '{"k":2,"a":{"b":{"c":"hi"}}}' ]
    run bash -c 'dload --text-field data.text n.jsonl | dsave --text-field a.t --id-field a.i -f id,text'
    [ "$status" -eq 1 ] && [[ $output == *'text and id both go into "a": without --fields they can' ]]
    [ "$(dload --text-field data.text n.jsonl | dsave --text-field a.t --id-field a.i | tail -n 1 | cut -c 1-11)" = '{"a":{"i":"' ]
    printf '{"data":{"text":5}}\n' | { run dload --strict --lines --text-field data.text -; one_line_error 1 dload && [[ $output == *'the text at "data.text" is no string' ]]; }
}

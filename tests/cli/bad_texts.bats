# bad_texts: what is wrong with texts, before every filter that reads them: refused in one line that names the place, or passed on whole.
load helpers

setup_file() {
    { printf '{"id":"a","text":"ok"}\n{"text":"'; head -c 100000000 /dev/zero | tr '\0' x; printf '"}\n'; } >"$BATS_FILE_TMPDIR/long"
}

setup() { cd "$BATS_TEST_TMPDIR"; }

FILTERS=("dload --strict --lines" "dfeat --lines" "dfeat -m stats --lines" "dscore -m size --lines" "dscore -m rules --preset all --lines" "dsel --lines"
    "dsel --lines -m random -k 9" "ddup --lines" "ddup --lines --signatures" "dsave --lines")

# refused WANT FILE: each filter ends with 1 and one line, which ends in WANT.
refused() {
    for f in "${FILTERS[@]}"; do
        run $f "$2"
        one_line_error 1 "${f%% *}" && [[ $output == *"$2: line 2: $1" ]] || { echo "$f: $output"; return 1; }
    done
}

@test "lines that are no records: named by every filter" {
    while IFS='|' read -r line want; do
        printf '{"id":"a","text":"ok"}\n%b\n' "$line" >in
        refused "$want" in
    done <<'END'
{"text":"a\xffb"}|column 11: no well-formed UTF-8
{"text":"\xed\xa0\x80"}|column 10: no well-formed UTF-8
{"text":"a\0000b"}|column 11: a control byte stands in a string
\0000|column 1: the line is no object
{"id":"b"}|there is no field "text"
{"id":"b","text":null}|column 18: the text is no string
{"id":"b","text":"cut|column 22: the line ends inside a string
END
}

@test "a line of 100 MB: refused in little memory" {
    ln -s "$BATS_FILE_TMPDIR/long" long
    for f in "${FILTERS[@]}"; do
        (limit 400000; $f long >out 2>err) && return 1
        [ "$(wc -l <err)" -eq 1 ] && grep -q 'long: line 2: .*longer than 33554432 bytes$' err || { echo "$f"; cat err; return 1; }
    done
}

@test "blank lines, NUL as an escape, empty texts, ids that are there twice, no line feed at the end: nothing is lost" {
    printf '\n{"id":"a","text":"x\\u0000y"}\n  \t\r\n\n{"id":"a","text":""}\n{"id":"a","text":"z z"}' >in
    for f in "dload --lines" "dscore -m size --lines" "dsel --lines" "dsel --lines -m random -k 9" "ddup --lines --keep all" "dsave --lines"; do
        $f in >out
        [ "$(wc -l <out)" -eq 3 ] && [ "$(grep -c '"id":"a"' out)" -eq 3 ] && grep -q 'x\\u0000y' out || { echo "$f"; cat out; return 1; }
    done
    [ "$(dload in | dscore -m size | dsel --by chars -k 9 | ddup | dsave --ids | wc -l)" -eq 3 ]
    dfeat --lines in | grep -q '"records":3'
    dfeat --lines -m stats in | grep -q '"records":3'
}

@test "nothing at all, plain, gzip and zstd, is no error; a file that is cut is" {
    : >empty
    for f in "${FILTERS[@]}"; do $f empty >out || { echo "$f"; return 1; }; done
    gzip -c empty >e.gz
    zstd -q -c empty >e.zst
    [ -z "$(dload --lines empty e.gz e.zst)" ]
    for i in $(seq 3000); do echo "{\"id\":$i,\"text\":\"text $RANDOM $RANDOM\"}"; done >in
    gzip -c in >in.gz
    zstd -q -c in >in.zst
    for z in gz zst; do
        size=$(stat -c %s in.$z)
        for at in 4 12 $((size / 2)) $((size - 5)) $((size - 1)); do
            head -c "$at" in.$z >cut.$z
            run dload --lines cut.$z
            [ "$status" -eq 1 ] && [[ ${lines[-1]} == "dload: cut.$z: "* ]] || { echo "$z at $at: $status ${lines[-1]}"; return 1; }
            dload cut.$z 2>err | { ! dsave >out 2>err2; }
        done
        dload --lines in.$z | cmp - <(dload --lines in)
    done
}

# pipelines/clean: every text ends in one place, with its reason.
load helpers

setup_file() {
    load helpers
    make -s -C "$TOP/pipelines/clean" BIN="$BIN" OUT="$BATS_FILE_TMPDIR/out" demo >"$BATS_FILE_TMPDIR/log"
}

setup() { cd "$BATS_FILE_TMPDIR/out"; }

@test "kept, rejected and duplicates are all there is; the web's additions are out" {
    dsave -f id scored.weir | sort >all
    dsave -f id clean.weir >kept
    jq_id() { python3 -c 'import json, sys
for l in sys.stdin: print(json.dumps({"id": json.loads(l)["id"]}, separators=(",", ":")))'; }
    jq_id <rejects.jsonl >rejected
    awk -F '\t' 'NR > 1 && $3 == 0 { print "{\"id\":\"" $1 "\"}" }' duplicates.tsv >double
    sort kept rejected double | cmp - all
    [ "$(grep -cE 'menu|banner|list' rejected)" -eq 9 ]
    ! grep -qE 'menu|banner|list' kept
}

@test "of two equal texts one is kept, by id" {

    dsave -f id passed.weir | grep -c again- >passed
    awk -F '\t' 'NR > 1 && $3 == 0' duplicates.tsv >double
    [ "$(cat passed)" -gt 0 ]
    [ "$(wc -l <double)" -eq "$(cat passed)" ]
}

@test "reasons are counted: the menu is short, the list has bullets" {
    grep -q '"gopher.short_doc"' rejects.jsonl
    [ "$(grep '"id":"list1"' rejects.jsonl | grep -c '"gopher.too_many_bullets"')" -eq 1 ]
    [ "$(awk -F '\t' '$1 == "gopher.too_many_bullets" { print $3 }' reasons.tsv)" -eq 3 ]
    awk -F '\t' 'NR > 1 { n += $2 } END { print n }' reasons.tsv >first
    [ "$(cat first)" -eq "$(wc -l <rejects.jsonl)" ]
}

@test "FineWeb's order: what fails at first is not trimmed, and what is trimmed has lost C4's lines" {
    dsave -f id first.weir | cmp - <(dsave -f id trimmed.weir)
    dtrim --rule c4.terminal_punct=0 first.weir | dsave -f text | cmp - <(dsave -f text trimmed.weir)
    dload -q pool.jsonl | dscore -m rules | dsel --where rules.repetition=0 --where rules.gopher=0 | dsave -f id | cmp - <(dsave -f id first.weir)
}

@test "other limits, another preset, the same folder again: only what depends on them is made anew" {
    cp -a . ../again && cd ../again
    m() { make -s -C "$TOP/pipelines/clean" BIN="$BIN" OUT="$PWD" "$@" all; }
    stamp() { stat -c %Y.%y.%i "$@"; }
    m; stamp scored.weir clean.weir >before
    m; stamp scored.weir clean.weir | cmp - before
    m DEDUP="-m exact"
    stamp scored.weir | cmp - <(head -n 1 before)
    [ "$(stamp clean.weir)" != "$(tail -n 1 before)" ]
    m PRESET=gopher RULES=gopher.short_doc=off
    make -s -C "$TOP/pipelines/clean" BIN="$BIN" OUT="$PWD/fresh" POOL="$PWD/pool.jsonl" PRESET=gopher RULES=gopher.short_doc=off all
    cmp clean.jsonl fresh/clean.jsonl
    m; cmp clean.jsonl ../out/clean.jsonl
}

@test "other limits, another preset" {
    make -s -C "$TOP/pipelines/clean" BIN="$BIN" OUT="$PWD/gopher" POOL="$PWD/pool.jsonl" PRESET=gopher RULES="gopher.short_doc=off gopher.enough_stop_words=off" all
    ! grep -qE 'short_doc|enough_stop_words|c4' gopher/reasons.tsv
    [ "$(wc -l <gopher/clean.jsonl)" -gt "$(wc -l <clean.jsonl)" ]
}

# dsave: what of a record is written. That all of it comes back is in dload.bats.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    printf '{"id":"a","text":"x","m":{"k":[1]},"tokens":[1,2,70000],"scores":{"q":0.5}}\n{"id":"b","text":"y\\t\\u0001","q":2}\n' >in
    dload in >s
}

@test "all, fields in their order, ids, tokens" {
    [ "$(dsave s | tail -n 1)" = '{"id":"b","text":"y\t\u0001","q":2}' ]
    [ "$(dsave -f q,id s | tr '\n' ' ')" = '{"q":0.5,"id":"a"} {"q":2,"id":"b"} ' ]
    [ "$(dsave -f m,tokens,scores,none s | head -n 1)" = '{"m":{"k":[1]},"tokens":[1,2,70000],"scores":{"q":0.5}}' ]
    [ "$(dsave --ids s | tr '\n' ' ')" = "a b " ]
    run dsave --tokens s
    [ "$status" -eq 1 ] && [ "${lines[-1]}" = "dsave: b: it has no token ids; --tokenizer FOLDER makes them" ]
    [ "$(head -n 1 in | dsave --lines --tokens)" = "1 2 70000" ]
}

@test "a file appears when it is whole" {
    head -c 200 s >cut
    run dsave -o out cut
    [ "$status" -eq 1 ] && [ ! -e out ]
    dsave -o out s && [ "$(wc -l <out)" -eq 2 ]
}

@test "other names for text and id; a meta value of that name is an error" {
    [ "$(dsave --text-field contents s | head -n 1 | cut -c 1-26)" = '{"id":"a","contents":"x","' ]
    run dsave --text-field m s
    [ "$status" -eq 1 ] && [ "$output" = 'dsave: a: meta key "m" is also the field for the text or the id' ]
}

@test "usage" {
    run dsave --ids --tokens s
    [ "$status" -eq 2 ]
    run dsave -z --gzip s
    [ "$status" -eq 2 ]
}

@test "--tokenizer: the ids that brook's tokenizer gives, which mcalib reads; ids that are there stay" {
    printf '%s\n' '{"id":"a","text":"The function returns a pointer"}' '{"id":"b","text":"","tokens":[7,8]}' '{"id":"c","text":""}' >in.jsonl
    run dsave --lines --tokens --tokenizer "$MODEL" in.jsonl
    [ "$status" -eq 0 ] && [ "${lines[0]}" = "1 372 593 1145 263 1869" ] && [ "${lines[1]}" = "7 8" ] && [ "${lines[2]}" = 1 ]
    run dsave --lines --tokens --tokenizer /dev/null in.jsonl
    one_line_error 1 dsave
    run dsave --lines --tokenizer "$MODEL" in.jsonl
    [ "$status" -eq 2 ]
}

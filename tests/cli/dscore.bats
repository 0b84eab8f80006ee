# dscore: scores on records, as a stream and as lines.
load helpers

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "size: bytes, characters, lines" {
    [ "$(printf '{"id":"a","text":"h\\u00e9\\nx"}\n' | dscore -m size --lines)" = \
        '{"id":"a","text":"hé\nx","scores":{"bytes":5.0,"chars":4.0,"lines":2.0}}' ]
}

@test "lines keep every field, the order, and numbers" {
    printf '%s\n' '{"url":"u","text":"t","n":[1,-2.5,{"x":null,"y":[]}],"big":18446744073709551615,"id":12,"tokens":[3,4],"scores":{"a":1}}' >in
    run dscore -m size --lines in
    [ "$output" = '{"id":"12","text":"t","url":"u","n":[1,-2.5,{"x":null,"y":[]}],"big":18446744073709551615,"tokens":[3,4],"scores":{"a":1.0,"bytes":1.0,"chars":1.0,"lines":1.0}}' ]
}

@test "text and id under other names; the default id is a hash of the text" {
    [ "$(echo '{"contents":"zz"}' | dscore -m size --lines --text-field contents --id-field key | cut -c 1-63)" = \
        '{"key":"6265b9f5c1a576c0ac2a57b8683099f1","contents":"zz","scor' ]
}

@test "a bad line is named and what is wrong with it" {
    while IFS='|' read -r line want; do
        printf '{"text":"ok"}\n%b\n' "$line" >in
        run dscore -m size --lines in
        [ "$status" -eq 1 ] && [ "${lines[${#lines[@]} - 1]}" = "dscore: in: line 2: $want" ] || { echo "$line: $output"; return 1; }
    done <<'END'
{"text":"a|column 11: the line ends inside a string
{"text":7}|column 9: the text is no string
{"id":"a"}|there is no field "text"
{"text":"a"} x|column 14: something follows the object
{"text":"a","n":1e999}|column 22: a number is too large for a double
{"text":"a","n":123456789012345678901}|column 38: an integer does not fit into 64 bits
{"text":"\\ud800"}|column 11: an escape is half of a surrogate pair
{"text":"\xff"}|column 10: no well-formed UTF-8
[1]|column 1: the line is no object
{"text":"a","n":NaN}|column 17: no value of JSON
{"text":"a","text":"b"}|column 20: the text is there twice
END
}

@test "usage" {
    run dscore
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: -m NAME is needed; --list shows the methods" ]
    run dscore -m nothing
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: method 'nothing' is not known; --list names them" ]
    dscore --list | grep -q '^size	'
}

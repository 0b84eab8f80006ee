# dash: - is standard input wherever a d filter reads a file, once; and standard output is the records'.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    for i in $(seq 40); do echo "{\"id\":\"r$i\",\"text\":\"text $i of the $((i / 2)) kind\",\"n\":$i}"; done >in.jsonl
    dload in.jsonl >s
    dload --shard 1/2 in.jsonl >s1
    dload --shard 2/2 in.jsonl >s2
    dfeat s >f
    ddup --signatures <s >sig
    ddup --merge sig >dec
}

# same FILE COMMAND: with - for FILE, whose bytes come from standard input, the command writes what it writes with FILE's name.
same() {
    eval "${2//@/$1}" | dsave >want
    eval "${2//@/-}" <"$1" | dsave >got
    cmp want got && [ -s got ] || { echo "$2"; return 1; }
}

@test "- where a file is read: the same as its name" {
    same in.jsonl 'dload @'
    same s 'dscore -m size @'
    same s 'dtrim --rule c4.terminal_punct=0 @'
    same s 'dsel --where "n>3" @'
    same s 'dsel --by n -k 4 @'
    same s2 'dsel --merge --by n -k 4 s1 @'
    same s 'ddup @'
    same f 'dscore -m dsir --target @ --raw f s'
    same f 'dscore -m dsir --target f --raw @ s'
    same f 'dsel --by n --top 10% --total @ s'
    same f 'dsel --by n -k 4 --report r --target @ --raw f s'
    same f 'dsel --by n -k 4 --report r --target f --raw @ s'
    same s1 'ddup --threshold 0.9 --against @ s2'
    same dec 'ddup --apply @ s'
    ddup --merge - <sig | dsave | cmp - <(dsave dec)
    dsave - <s | cmp - <(dsave s)
    dfeat --lines - <in.jsonl | cmp - <(dfeat --lines in.jsonl)
    dfeat --merge --lines - <f | cmp - <(dfeat --merge --lines f)
    dfeat --lines in.jsonl - <in.jsonl | cmp - <(dfeat --lines in.jsonl in.jsonl)
}

@test "read twice it would be empty: refused, also where no FILE means it" {
    for f in "dload --lines - -" "dload --lines in.jsonl - -" "dfeat --lines - -" "dfeat --merge - f -" "dscore -m dsir --target - --raw - s" \
        "dscore -m dsir --target - --raw f" "dscore -m dsir --lines --target - --raw f" "dsel --lines --by n --top 1% --total -" "dsel --lines --merge --by n -k 3 - -"; do
        run bash -c "cat f | $f"
        [ "$status" -eq 1 ] && [[ ${lines[-1]} == *"standard input is to be read twice: - stands for it, and so does no FILE" ]] || { case $f in dload*|"dfeat --lines"*|"dsel --lines --merge"*) in=in.jsonl ;; *) in=f ;; esac
            run bash -c "cat $in | $f"
            [ "$status" -eq 1 ] && [[ ${lines[-1]} == *"standard input is to be read twice: - stands for it, and so does no FILE" ]] || { echo "$f: $output"; return 1; }; }
    done
    for f in "ddup --against -" "ddup --against - -" "ddup --apply -" "ddup --apply - -"; do
        run bash -c "cat s | $f"
        [ "$status" -eq 2 ] && [[ ${lines[0]} == *"standard input is to be read twice" ]] || { echo "$f: $output"; return 1; }
    done
}

@test "standard output is the records': what else would go there is a usage error" {
    for f in "dload --rejects - in.jsonl" "dload --lines --rejects - in.jsonl" "dload --keep-going - in.jsonl" "dsel --rejects - s" "dsel --lines --rejects - in.jsonl" \
        "dsel --by n -k 3 --report - s" "ddup --report - s"; do
        run bash -c "$f"
        [ "$status" -eq 2 ] && [[ ${lines[0]} == *" -: standard output is the "* ]] || { echo "$f: $output"; return 1; }
    done
}

load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >in.weir
}

setup() { cd "$BATS_FILE_TMPDIR"; }

# stream COMPANION ROW...: a tensor w of rows of two, with a companion's lines before
stream() {
    printf 'weir-text 1\ntensor w [%d, 2]\n%s' $(($# - 1)) "${1:+$1
}"
    shift
    printf 'term dense\npart dense F32 [%d, 2]\n' $#
    printf '%s\n' "$@" end
}

differs() { # differs ARGS...: tdiff ARGS says 1; its lines but the first are left in got
    local rc=0
    tdiff "$@" >all || rc=$?
    [ "$rc" -eq 1 ] || { echo "status $rc"; return 1; }
    tail -n +2 all >got
}

@test "the same: status 0 and silence" {
    run tdiff in.weir in.weir
    [ "$status" -eq 0 ] && [ -z "$output" ]
    run tdiff in.weir - <in.weir
    [ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "figures by hand" {
    stream "" "3 4" "0 0" | tload >a.weir
    stream "" "3 4" "0 0.5" | tload >b.weir
    differs a.weir b.weir
    printf 'w\t4\t0.5\t0.1\t0.99503719\t20\tnan\t-\tvalue\n' | diff - got
}

@test "the output's error by a gram, and by its diagonal" {
    g='part gram F32 [2, 2]
2 1
1 3'
    stream "$g" "1 2" "1 0" | tload >a.weir
    stream "$g" "1 1" "1 1" | tload >b.weir
    differs a.weir b.weir
    # E = (0 1; 0 -1): tr E H E' = 3 + 3; W: (1 2) H (1 2)' = 2 + 4 + 12 = 18, (1 0): 2
    cut -f 1,7,8,9 got | diff - <(printf 'w\t0.3\tgram\tvalue\n')
    stream "part norm2 F32 [2]
2 3" "1 2" "1 0" | tload >a.weir
    stream "" "1 1" "1 1" | tload >b.weir
    differs a.weir b.weir
    # 3 + 3 over 2 + 12 + 2
    cut -f 1,7,8,9 got | diff - <(printf 'w\t0.375\tnorm2\tvalue,companions\n')
}

@test "every bit counts: a zero's sign, a NaN's bits, a type, a key, a companion" {
    stream "" "0 1" | tload >a.weir
    stream "" "-0 1" | tload >b.weir
    differs a.weir b.weir
    cut -f 3,9 got | diff - <(printf '0\tvalue\n')
    stream "" "nan 1" | tload >a.weir
    stream "" "nan:7fc00001 1" | tload >b.weir
    tdiff a.weir a.weir
    differs a.weir b.weir
    stream "" "nan 1" | tload >a.weir
    stream "" "0 1" | tload >b.weir
    differs a.weir b.weir
    cut -f 3 got | grep -qx inf
    tcat --dense=F32 in.weir >f32.weir
    differs in.weir f32.weir
    ! cut -f 9 got | grep -vx type
    [ "$(cut -f 3 got | sort -u)" = 0 ]
}

@test "missing tensors and other shapes are named" {
    tcat --skip norm.final in.weir >less.weir
    differs in.weir less.weir
    diff got <(printf 'model.norm.weight\t-\t-\t-\t-\t-\t-\t-\tonly in A\n')
    differs less.weir in.weir
    diff got <(printf 'model.norm.weight\t-\t-\t-\t-\t-\t-\t-\tonly in B\n')
    stream "" "0 1" | tload >a.weir
    stream "" "0 1" "2 3" | tload >b.weir
    differs a.weir b.weir
    grep -q 'shape' got
}

@test "any order; equal names in their order" {
    cat <(tcat --layers 1 in.weir) <(tcat --layers 0 in.weir) >turned.weir
    tcat --layers 0: in.weir >straight.weir
    tdiff straight.weir turned.weir
    tdiff turned.weir - <straight.weir
    for x in 1 2; do stream "" "0 $x" | tload >$x.weir; done
    cat 1.weir 2.weir >12.weir
    cat 2.weir 1.weir >21.weir
    tdiff 12.weir 12.weir
    differs 12.weir 21.weir
    [ "$(wc -l <got)" -eq 2 ]
}

@test "--max-rel calls near things the same; --all shows them" {
    stream "" "3 4" | tload >a.weir
    stream "" "3 4.4" | tload >b.weir
    tdiff --max-rel 0.081 a.weir b.weir
    differs --max-rel 0.079 a.weir b.weir
    tdiff --all in.weir in.weir >all
    [ "$(wc -l <all)" -eq $(($(tshow --json in.weir | grep -c '"tensor"') + 1)) ]
    tdiff --max-rel 0 in.weir <(tcat --dense=F32 in.weir)
}

@test "a folder, its stream, a GGUF and a llama2.c file of one model are the same, whichever is A" {
    tpack -o in.gguf <in.weir
    python3 "$TOP/tests/cli/llama2c.py" tiny 1 m.bin
    for a in tiny in.weir in.gguf m.bin; do
        for b in tiny in.weir in.gguf m.bin; do
            run tdiff --max-rel 0 $a $b
            [ "$status" -eq 0 ] && [ -z "$output" ]
        done
    done
    tdiff tiny in.weir
    differs tiny in.gguf # norms are F32 in a GGUF
    [ "$(cut -f 9 got | sort -u)" = type ]
    [ "$(cut -f 1 got | grep -vc norm)" -eq 0 ]
    tsplit in.gguf | tdiff --max-rel 0 - tiny
    # rows of q in the other's order are a difference
    sed 's/rope=interleaved/rope=half/' <(tsplit in.gguf | tshow --data) | tload >odd.weir
    differs --max-rel 0 tiny odd.weir
    [ "$(wc -l <got)" -eq 4 ] && [ "$(grep -c '[qk]_proj' got)" -eq 4 ]
}

@test "a GPT-2's folder, whose matrices are turned, beside its GGUF, without its masks" {
    python3 "$TOP/tests/cli/tiny_gpt2.py" gpt2
    tsplit gpt2 | tpack -o gpt2.gguf
    tdiff gpt2 gpt2.gguf
    tdiff gpt2.gguf gpt2
}

@test "quantized, sparse, with companions: the figures are those of one format" {
    wquant -t q4_0 <in.weir >q.weir
    tpack -o q.gguf <q.weir
    differs --only linear in.weir q.weir
    cut -f 1-6 got >want
    differs --only linear in.weir q.gguf
    [ "$(wc -l <want)" -eq 14 ] && cut -f 1-6 got | diff want -
    tpack -o in.gguf <in.weir
    lrfactor -m dense-sparse --keep 0.1 --only attn <in.weir >s.weir
    tsplit in.gguf | lrfactor -m dense-sparse --keep 0.1 --only attn >sg.weir
    tshow sg.weir | grep -q '^blk.0.attn_q.weight.*sparse'
    tdiff --max-rel 0 s.weir sg.weir
    wscore -m magnitude <in.weir >score.weir
    tsplit in.gguf | wscore -m magnitude | tdiff --only linear score.weir -
    tsplit in.gguf | wscore -m magnitude | tdiff --only linear - score.weir
}

@test "what is missing in another format is named as it is called where it is; A's names choose" {
    tpack -o in.gguf <in.weir
    tsplit in.gguf | tcat --skip blk.1.ffn_up.weight >less.weir
    differs --max-rel 0 tiny less.weir
    cut -f 1,9 got | diff - <(printf 'model.layers.1.mlp.up_proj.weight\tonly in A\n')
    differs --max-rel 0 less.weir tiny
    cut -f 1,9 got | diff - <(printf 'model.layers.1.mlp.up_proj.weight\tonly in B\n')
    tcat --skip mlp.up --layers 1 in.weir >less.weir
    differs --max-rel 0 --layers 1 in.gguf less.weir
    cut -f 1,9 got | diff - <(printf 'blk.1.ffn_up.weight\tonly in A\n')
    tdiff --max-rel 0 --skip 'blk.1.*' in.gguf in.weir
    wprune -m magnitude -s 0.5 --layers 1 <in.weir >p.weir
    tdiff --max-rel 0 --skip 'blk.1.*' in.gguf p.weir
    differs --max-rel 0 in.gguf p.weir
    [ "$(wc -l <got)" -eq 7 ] && [ "$(grep -c '^blk\.1\.' got)" -eq 7 ]
}

@test "only what is chosen is compared" {
    tcat --skip mlp in.weir >less.weir
    tdiff --only attn in.weir less.weir
    differs --only mlp.up in.weir less.weir
    [ "$(wc -l <got)" -eq 2 ]
}

@test "trouble is status 2" {
    run tdiff in.weir nothing.weir
    one_line_error 2 tdiff
    head -c 3000 in.weir >cut.weir
    run tdiff in.weir cut.weir
    one_line_error 2 tdiff
    run tdiff cut.weir in.weir
    one_line_error 2 tdiff
    run tdiff - -
    [ "$status" -eq 2 ]
    run tdiff in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tdiff: two operands are needed: A B" ]
    tcat --only mlp in.weir >some.weir
    run sh -c 'tdiff in.weir some.weir >/dev/full'
    one_line_error 2 tdiff
}

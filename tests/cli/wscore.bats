# wscore: the companion it adds, its report, what it refuses.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit "$TINY" >tiny.weir
    tsplit "$TINY" | mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 >calib.weir
    python3 "$TOP/tests/cli/st.py" make w.safetensors w F32 2x3 1 -2 0 -0.5 4 3
}
setup() { cd "$BATS_FILE_TMPDIR"; }

@test "every method of --list runs, and the report has a line for each linear" {
    wscore --list | cut -f 1 >list
    [ "$(wc -l <list)" -ge 4 ]
    while read -r m; do
        wscore -m "$m" --report r.tsv <calib.weir >out.weir
        [ "$(wc -l <r.tsv)" -eq 15 ] # 7 linears in 2 layers, a line of titles
        [ "$(grep -c "^model.layers.*_proj" r.tsv)" -eq 14 ]
    done <list
}

@test "magnitude: zeros, sum, least and greatest" {
    tsplit w.safetensors | wscore -m magnitude --only w -n >r.tsv
    [ "$(tail -n 1 r.tsv)" = "w	2	3	1	10.5	0	4" ]
}

@test "the score travels before the value, and the value is as it was" {
    tsplit w.safetensors | wscore -m magnitude --only w >s.weir
    [ "$(tsplit w.safetensors | wprune -m magnitude -s 0.5 --only w | tdiff - <(wprune -m score -s 0.5 --only w <s.weir) >/dev/null; echo $?)" = 0 ]
    tpack -t safetensors -o back.safetensors <s.weir
    python3 "$TOP/tests/cli/st.py" kept w.safetensors back.safetensors | grep -qx 'w 2 3 1 -'
}

@test "random depends on the seed and on nothing else" {
    wscore -m random <tiny.weir >a.weir
    wscore -m random -j 4 <tiny.weir | tdiff a.weir - # the head differs: it names the arguments
    wscore -m random --seed 1 -n <tiny.weir >b.tsv
    wscore -m random -n <tiny.weir >a.tsv
    run cmp -s a.tsv b.tsv
    [ "$status" -eq 1 ]
    wscore -m random --seed 1 --layers 1 -n <tiny.weir >one.tsv # the same numbers for a part of the model
    [ "$(grep -c . one.tsv)" -eq 8 ]
    [ "$(grep -F -x -f b.tsv -c one.tsv)" -eq 8 ]
}

@test "wanda without norm2 says what is missing" {
    run bash -c 'wscore -m wanda <tiny.weir 2>&1 >/dev/null'
    one_line_error 1 wscore
    [[ $output == *model.layers.0.self_attn.q_proj.weight*norm2*mcalib* ]]
}

@test "NaN is named by tensor and place" {
    python3 "$TOP/tests/cli/st.py" make nan.safetensors w F32 2x3 1 2 3 4 nan 6
    run bash -c 'tsplit nan.safetensors | wscore -m random --only w 2>&1 >/dev/null'
    one_line_error 1 wscore
    [[ $output == *"w: weight [1, 1] is NaN"* ]]
}

@test "usage" {
    for bad in "" "-m nosuch" "-m magnitude more" "-m magnitude --report -" "-m magnitude --layers x"; do
        # shellcheck disable=SC2086
        run wscore $bad <tiny.weir
        [ "$status" -eq 2 ]
    done
}

# wscore: the companion it adds, its report, what it refuses.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit "$TINY" >tiny.weir
    tpack -t safetensors -o tiny.safetensors <tiny.weir
    tsplit "$TINY" | mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 --parts norm2,absmean,gram,bi >calib.weir
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

@test "a score is about weights, channels or the tensor, and --list says which" {
    for m in $(wscore -l | cut -f 1); do
        wscore -m "$m" <calib.weir | tcat --only "*layers.0.mlp.down_proj*" | tshow --data >shown
        case $(wscore -l | awk -F '\t' -v m="$m" '$1 == m { print $2 }') in
        weight) want='\[32, 64\]' ;; channel) want='\[1, 64\]' ;; tensor) want='\[1, 1\]' ;; *) want=none ;;
        esac
        grep -q "score.*$want" shown || { echo "$m: $want"; head -c 2000 shown; return 1; }
    done
}

@test "wprune goes by a score of any shape, and by its own of the same name" {
    for m in sparsegpt minitron bi simdrop shiftadd-sens lift; do
        scope=$([ "$m" = bi ] && echo model || echo tensor)
        wscore -m "$m" <calib.weir | wprune -m score -s 0.4 --scope "$scope" | tpack -t safetensors -o one.safetensors
        [ "$m" = sparsegpt ] && continue # wprune's own is the algorithm
        wprune -m "$m" -s 0.4 --scope "$scope" <calib.weir | tpack -t safetensors -o two.safetensors
        cmp one.safetensors two.safetensors
    done
}

@test "minitron's channels are those that go as whole columns" {
    wscore -m minitron <calib.weir | wprune -m score --only mlp.down -s 0.25 --layers 0 | tpack -t safetensors -o cols.safetensors
    python3 "$TOP/tests/cli/st.py" kept tiny.safetensors cols.safetensors | grep -q "layers.0.mlp.down_proj.weight 32 64 512 "
}

@test "simdrop and wprune over the model drop whole sub-layers: attention's are those of least influence" {
    wscore -m simdrop --only attn.o -n <calib.weir >r.tsv
    least=$(awk -F '\t' 'NR > 1 { print $5, $1 }' r.tsv | sort -g | head -n 1 | cut -d ' ' -f 2)
    wscore -m simdrop --only attn.o <calib.weir | wprune -m score --only attn.o -s 0.5 --scope model --report p.tsv >/dev/null
    [ "$(awk -F '\t' '$6 == 1 { print $1 }' p.tsv)" = "$least" ] && [ "$(awk -F '\t' 'NR > 1 && $6 == 0' p.tsv | wc -l)" -eq 1 ]
}

@test "dimap sees the layer: q, k and v share one greatest weight; wprune alone does not" {
    wscore -m dimap -n <calib.weir >r.tsv
    [ "$(awk -F '\t' '/layers.0.self_attn.[qkv]_proj/ && $7 == 1' r.tsv | wc -l)" -eq 1 ]
    [ "$(awk -F '\t' '/layers.0.self_attn.o_proj/ { print $7 }' r.tsv)" = 1 ]
    run bash -c 'wprune -m dimap -s 0.5 <calib.weir 2>&1 >/dev/null'
    one_line_error 1 wprune
    [[ $output == *"wscore -m dimap"* ]]
}

@test "what a score needs and is not there is named" {
    for case in minitron:absmean sparsegpt:gram shiftadd-sens:gram bi:bi simdrop:bi_sub; do
        run bash -c "wscore -m ${case%:*} <tiny.weir 2>&1 >/dev/null"
        one_line_error 1 wscore
        [[ $output == *q_proj*"${case#*:}"*mcalib* ]]
    done
}

@test "NaN is named by tensor and place" {
    python3 "$TOP/tests/cli/st.py" make nan.safetensors w F32 2x3 1 2 3 4 nan 6
    run bash -c 'tsplit nan.safetensors | wscore -m random --only w 2>&1 >/dev/null'
    one_line_error 1 wscore
    [[ $output == *"w: weight [1, 1] is NaN"* ]]
}

@test "usage" {
    for bad in "" "-m nosuch" "-m magnitude more" "-m magnitude --report -" "-m magnitude --layers x" "-m lift -r 0"; do
        # shellcheck disable=SC2086
        run wscore $bad <tiny.weir
        [ "$status" -eq 2 ]
    done
}

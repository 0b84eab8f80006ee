# wprune: counts, scopes, patterns; what stays keeps its bytes; what it refuses.
load helpers

ST() { python3 "$TOP/tests/cli/st.py" "$@"; }

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit "$TINY" >tiny.weir
    tpack -t safetensors -o tiny.safetensors <tiny.weir
    tsplit "$TINY" | mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 --parts norm2,mean,absmean,gram,bi >calib.weir
}
setup() { cd "$BATS_FILE_TMPDIR"; }

prune() { # prune FILE ARGUMENTS...: values after pruning, tensor w
    f=$1; shift
    tsplit "$f" | wprune --only '*' "$@" | tpack -t safetensors -o out.safetensors
    ST show out.safetensors w
}

@test "row, tensor and model; ties go by place" {
    ST make a.safetensors w F32 2x4 1 -5 2 8 3 -3 3 3 -- v F32 1x4 9 9 9 0.5
    [ "$(prune a.safetensors -m magnitude -s 0.5 --scope row)" = "0 -5 0 8
0 0 3 3" ]
    [ "$(prune a.safetensors -m magnitude -s 0.5)" = "0 -5 0 8
0 0 3 3" ]
    [ "$(prune a.safetensors -m magnitude -s 0.375)" = "0 -5 0 8
0 -3 3 3" ]
    [ "$(prune a.safetensors -m magnitude -s 66% --scope model)" = "0 -5 0 8
0 0 0 0" ]
    [ "$(ST show out.safetensors v)" = "9 9 9 0" ]
}

@test "N:M keeps N" {
    ST make a.safetensors w BF16 1x8 1 -5 2 8 3 -3 3 3
    [ "$(prune a.safetensors -m magnitude -s 2:4)" = "0 -5 0 8 0 0 3 3" ]
    [ "$(prune a.safetensors -m magnitude -s 1:4)" = "0 0 0 8 0 0 0 3" ]
    [ "$(prune a.safetensors -m magnitude -s 3:4)" = "0 -5 2 8 0 -3 3 3" ]
    [ "$(prune a.safetensors -m magnitude -s 4:8)" = "0 -5 0 8 0 0 3 3" ]
}

@test "blocks go by their mean, cut ones too" {
    ST make a.safetensors w F32 3x3 1 1 9 1 2 9 4 4 1
    [ "$(prune a.safetensors -m magnitude -s 0.5 --block 2x2)" = "0 0 9
0 0 9
4 4 0" ]
    [ "$(prune a.safetensors -m magnitude -s 0.5 --block 2x2 --scope row)" = "0 0 9
0 0 9
4 4 0" ]
}

@test "types: what stays keeps its bytes, -0 too" {
    ST make a.safetensors w F64 2x2 1e-300 0.1 3 1e300 -- i I8 1x4 -7 2 127 1 -- z F32 1x4 -0.0 1 2 3 -- y BF16 1x2 -0.0 3
    tsplit a.safetensors | wprune -m magnitude -s 0.5 --only w,i | tpack -t safetensors -o out.safetensors
    for s in "--only [wizy] -s 0" "--only [wizy] -s 0 --scope row" "--only i,z -s 4:4" "--only [wizy] -s 0 --scope model"; do
        # shellcheck disable=SC2086
        tsplit a.safetensors | wprune -m magnitude $s | tpack -t safetensors -o same.safetensors
        ST kept a.safetensors same.safetensors >k
        [ "$(ST show same.safetensors z)" = "-0 1 2 3" ]
        [ "$(ST show same.safetensors y)" = "-0 3" ]
    done
    [ "$(ST kept a.safetensors out.safetensors | tr '\n' ';')" = "i 1 4 2 2;w 2 2 2 -;y 1 2 0 0;z 1 4 0 0;" ] || {
        ST kept a.safetensors out.safetensors; ST show out.safetensors; false; }
}

@test "a model: exact counts, kept bytes, only linears" {
    for m in magnitude wanda random; do
        wprune -m $m -s 50% --scope row <calib.weir | tpack -t safetensors -o out.safetensors
        ST kept tiny.safetensors out.safetensors >k
        [ "$(grep -c _proj k)" -eq 14 ]
        while read -r name _ cols zeros row; do
            case $name in *_proj*) [ "$row" -eq $((cols / 2)) ] ;; *) [ "$zeros" -eq 0 ] ;; esac
        done <k
    done
}

@test "every method of --list at three scopes: the model's share is exact" {
    wscore -m magnitude <calib.weir >scored.weir
    for m in $(wprune --list | cut -f 1); do
        for scope in row tensor model; do
            if [ "$m $scope" = "sparsegpt model" ]; then continue; fi
            wprune -m "$m" -s 0.3 --scope $scope -n <scored.weir >r.tsv
            awk -v s=$scope 'NR > 1 { n += $2 * $3; z += $5; if (s == "row") want += $2 * int($3 * 0.3); if (s == "tensor") want += int($2 * $3 * 0.3) }
                END { if (s == "model") want = int(n * 0.3); if (z != want) { print s, z, want; exit 1 } }' r.tsv
        done
    done
}

@test "a score has its options here too: as by wscore and the companion" {
    wscore -m lift --rank 2 <tiny.weir | wprune -m score -s 0.5 | tpack -t safetensors -o two.safetensors
    wprune -m lift --rank 2 -s 0.5 <tiny.weir | tpack -t safetensors -o here.safetensors
    cmp two.safetensors here.safetensors
    wprune -m lift -s 0.5 <tiny.weir | tpack -t safetensors -o usual.safetensors
    run cmp -s two.safetensors usual.safetensors
    [ "$status" -eq 1 ]
    run wprune -m dsnot --init sparsegpt --damp -1 -s 0.5 <tiny.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "wprune: --damp: '-1' is not at least 0" ]
    run wprune -m dsnot --damp 1 -s 0.5 <tiny.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "wprune: --damp is an option of sparsegpt, not of dsnot" ]
}

@test "model scope from a pipe and from a file, any -j, are the same bytes" {
    wprune -m magnitude -s 0.5 --scope model <tiny.weir >a.weir
    # shellcheck disable=SC2002
    cat tiny.weir | wprune -m magnitude -s 0.5 --scope model | cmp - a.weir
    for scope in row tensor model; do
        wprune -m magnitude -s 0.5 --scope $scope <tiny.weir | tpack -t safetensors -o one.safetensors
        wprune -m magnitude -s 0.5 --scope $scope -j 4 <tiny.weir | tpack -t safetensors -o many.safetensors
        cmp one.safetensors many.safetensors
    done
}

@test "companions: inputs' stay, score goes; a second pass changes nothing" {
    wscore -m wanda <calib.weir | wprune -m score -s 0.5 --scope row >a.weir
    wprune -m wanda -s 0.5 <calib.weir >b.weir
    tdiff a.weir b.weir
    run bash -c 'wprune -m score -s 0.5 <a.weir 2>&1 >/dev/null'
    one_line_error 1 wprune
    [[ $output == *score*wscore* ]]
    tdiff b.weir <(wprune -m wanda -s 0.5 <b.weir)
}

@test "the stream shrinks" {
    wprune -m magnitude -s 0.9 --only '*' <tiny.weir >a.weir
    [ "$(wc -c <a.weir)" -lt $(($(wc -c <tiny.weir) * 6 / 10)) ]
}

lost() { # lost ARGUMENTS...: the share of the outputs' energy lost, a line a tensor
    wprune "$@" -n <calib.weir | awk -F '\t' 'NR > 1 { print $8 }'
}

@test "by the gram: sparsegpt loses less than wanda, a refit less than either, in every tensor" {
    for s in 0.5 2:4; do
        lost -m wanda -s $s >wanda
        lost -m sparsegpt -s $s >sparsegpt
        lost -m wanda -s $s --refit >wanda.refit
        lost -m sparsegpt -s $s --refit >sparsegpt.refit
        paste wanda sparsegpt wanda.refit sparsegpt.refit >all
        [ "$(wc -l <all)" = 14 ]
        awk '!($2 < $1 && $3 < $1 && $4 <= $2) { print; bad = 1 } END { exit bad }' all
    done
}

@test "sparsegpt, dsnot and refit: any -j and any instruction set, the same bytes; counts stay" {
    for o in "-m sparsegpt" "-m sparsegpt --scope row" "-m dsnot" "-m dsnot --init sparsegpt --refit" "-m magnitude --refit"; do
        # shellcheck disable=SC2086
        wprune $o -s 0.5 <calib.weir >a.weir
        # shellcheck disable=SC2086
        wprune $o -s 0.5 -j 3 <calib.weir | cmp - a.weir
        # shellcheck disable=SC2086
        WEIR_KERNEL=base wprune $o -s 0.5 <calib.weir | cmp - a.weir
        # shellcheck disable=SC2086
        wprune $o -s 0.5 -n <calib.weir | awk 'NR > 1 && $5 != $2 * $3 / 2 { exit 1 }'
    done
}

@test "dsnot keeps the values of what stays" {
    wprune -m dsnot -s 0.5 <calib.weir | tpack -t safetensors -o out.safetensors
    ST kept tiny.safetensors out.safetensors >k
    [ "$(awk '/_proj/ && $4 * 2 == $2 * $3' k | wc -l)" = 14 ]
}

@test "refusals name the place" {
    run bash -c 'wprune -m wanda -s 0.5 <tiny.weir 2>&1 >/dev/null'
    one_line_error 1 wprune
    [[ $output == *q_proj*norm2*mcalib* ]]
    ST make a.safetensors w F32 2x3 1 2 3 4 nan 6
    for scope in row tensor model; do
        run bash -c "tsplit a.safetensors | wprune -m magnitude -s 0.5 --only w --scope $scope 2>&1 >/dev/null"
        one_line_error 1 wprune
        [[ $output == "wprune: w: weight [1, 1] is NaN" ]]
    done
    run bash -c 'tsplit a.safetensors | wprune -m magnitude -s 2:4 --only w 2>&1 >/dev/null'
    one_line_error 1 wprune
    [[ $output == *"3 columns are no multiple of the 4 of 2:4"* ]]
}

@test "usage" {
    for bad in "" "-m magnitude" "-s 0.5" "-m nosuch -s 0.5" "-m magnitude -s 2" "-m magnitude -s 5:4" "-m magnitude -s 2:4 --block 2x2" \
        "-m magnitude -s 0.5 --scope layer" "-m magnitude -s 0.5 --block 0x1" "-m magnitude -s 0.5 --report -" "-m magnitude -s 0.5 x" "-m sparsegpt -s 0.5 --scope model" \
        "-m sparsegpt -s 0.5 --block 2x2" "-m sparsegpt -s 128:256" "-m dsnot -s 0.5 --block 2x2" \
        "-m dsnot -s 0.5 --init dsnot" "-m dsnot -s 0.5 --init nosuch" "-m wanda -s 0.5 --init wanda" "-m sparsegpt -s 0.5 --damp -1"; do
        # shellcheck disable=SC2086
        run wprune $bad <tiny.weir
        [ "$status" -eq 2 ] || { echo "$bad: $status"; false; }
    done
}

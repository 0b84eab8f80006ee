# Experts that saw no token: a method that needs statistics leaves their weights to one that needs none, and says so.
load helpers

setup_file() {
    load helpers
    printf '62 25 5\n' >"$BATS_FILE_TMPDIR/few"
    tsplit "$TOP/tests/golden/arch/qwen3_moe" |
        mcalib --ids "$BATS_FILE_TMPDIR/few" -c 24 --parts norm2,mean,absmean,gram,bi >"$BATS_FILE_TMPDIR/u.weir" 2>"$BATS_FILE_TMPDIR/said"
}

setup() {
    U=$BATS_FILE_TMPDIR/u.weir
    cd "$BATS_TEST_TMPDIR"
}

part() { tcat "$@" | tshow --data | sed -n '/^tensor/,$p' | grep -v '^end'; }

# same METHOD... = OTHER...: the weights of unseen experts come out as by OTHER, those of seen ones not; METHOD says that 6 took it.
same() {
    local a=() unseen='*.0.*experts.4.*,*.2.*experts.4.*'

    while [ "$1" != = ]; do a+=("$1"); shift; done
    shift
    "${a[@]}" <"$U" >a.weir 2>said
    "$@" <"$U" >b.weir 2>/dev/null
    part --only "$unseen" <a.weir >a
    part --only "$unseen" <b.weir >b
    [ -s a ]
    cmp a b || { echo "${a[*]}: not as $*"; return 1; }
    part --skip "$unseen" <a.weir >a
    part --skip "$unseen" <b.weir >b
    if cmp -s a b; then echo "${a[*]}: all weights are as $*"; return 1; fi
    [ "$(grep -c '6 weights of experts that saw no token' said)" -eq 1 ]
}

@test "the text leaves two experts unseen" {
    grep -q '^mcalib: 2 of 10 experts saw no token and have no statistics (layer:expert): 0:4 2:4$' "$BATS_FILE_TMPDIR/said"
}

@test "wprune: magnitude, in the same pattern" {
    same wprune -m wanda -s 0.5 = wprune -m magnitude --scope row -s 0.5
    same wprune -m wanda -s 2:4 = wprune -m magnitude -s 2:4
    same wprune -m wanda -s 0.5 --scope model = wprune -m magnitude -s 0.5 --scope tensor
    same wprune -m sparsegpt -s 0.5 = wprune -m magnitude -s 0.5
    same wprune -m dsnot -s 0.5 --scope row = wprune -m magnitude -s 0.5 --scope row
    same wprune -m minitron -s 0.5 = wprune -m magnitude -s 0.5
    same wprune -m shiftadd-sens -s 0.5 --scope tensor = wprune -m magnitude -s 0.5
    same wprune -m magnitude -s 0.5 --refit = wprune -m magnitude -s 0.5
}

@test "wscore: magnitude" {
    for m in wanda sparsegpt shiftadd-sens minitron; do same wscore -m $m = wscore -m magnitude; done
}

@test "lrfactor: svd; without the inputs' size; no adapter" {
    for m in whiten afm asvd; do same lrfactor -m $m -r 4 = lrfactor -m svd -r 4; done
    same lrfactor -m sparse-lowrank --keep 0.5 = lrfactor -m sparse-lowrank --keep 0.5 --alpha 0
    same lrfactor -m dense-sparse --keep 0.1 --alpha 1 = lrfactor -m dense-sparse --keep 0.1
    same lrfactor -m eva -r 4 = tcat
    wquant -b 4 -m rtn --residual <"$U" >r.weir
    lrfactor -m whiten -r 4 --term residual --only moe.gate,moe.up,moe.down <r.weir 2>said | tcat --only '*.0.*experts.4.*' | tshow --data | sed -n '/^tensor/,$p' >a
    lrfactor -m svd -r 4 --term residual --only moe.gate,moe.up,moe.down <r.weir | tcat --only '*.0.*experts.4.*' | tshow --data | sed -n '/^tensor/,$p' >b
    cmp a b
    grep -q '6 weights of experts that saw no token were factored by svd' said
}

@test "wquant: rtn, named as a fallback" {
    for m in gptq awq; do
        wquant -b 4 -m $m --only moe.gate,moe.up,moe.down -v <"$U" >a.weir 2>said
        wquant -b 4 -m rtn --only moe.gate,moe.up,moe.down <"$U" >b.weir
        part --only '*.0.*experts.4.*,*.2.*experts.4.*' <a.weir >a
        part --only '*.0.*experts.4.*,*.2.*experts.4.*' <b.weir >b
        [ -s a ]
        cmp a b
        ! cmp -s a.weir b.weir
        [ "$(grep -c "has no gram, as its expert saw no token: rtn, not $m" said)" -eq 6 ]
    done
}

@test "methods that need no statistics say nothing; -v names; statistics from elsewhere count" {
    wprune -m magnitude -s 0.5 <"$U" 2>said | tcat >/dev/null
    lrfactor -m pissa -r 4 <"$U" 2>>said | tcat >/dev/null
    wscore -m bi <"$U" 2>>said | tcat >/dev/null
    [ ! -s said ]
    wprune -v -m wanda -s 0.5 <"$U" 2>said >/dev/null
    grep -q ': model.layers.0.mlp.experts.4.gate_proj.weight .*model.layers.2.mlp.experts.4.down_proj.weight$' said
    tshow --data <"$U" | sed '/^tensor .*experts.4/s/count=0/count=1/' | tload >seen.weir
    run bash -c 'wprune -m wanda -s 0.5 <seen.weir 2>&1 >/dev/null'
    one_line_error 1 wprune
    [[ $output == *"norm2"* ]]
}

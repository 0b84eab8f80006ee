# lrfactor: products in place of weights, by the report, by tdiff and by the model's perplexity.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    head -c 3000 "$BROOK/prose.test.txt" >text
    tsplit tiny >tiny.weir
    mcalib -f text -c 64 --parts norm2,absmean,gram <tiny.weir >gram.weir
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "linears become products of the asked rank, the rest passes" {
    lrfactor -m svd -r 4 <tiny.weir >out
    [ "$(tshow out | awk -F '\t' '$3 ~ /lowrank/' | wc -l)" -eq 14 ]
    [ "$(tshow out | awk -F '\t' '$3 ~ /lowrank/ && $5 !~ /^(attn|mlp)/' | wc -l)" -eq 0 ]
    tcat --only embed,norm tiny.weir >a && tcat --only embed,norm out >b
    tdiff a b
}

@test "full rank is refused as larger; the weight stays, bit for bit" {
    lrfactor -m svd -r 32 --report r.tsv <tiny.weir >out
    [ "$(awk -F '\t' 'NR > 1 && $4 != "-"' r.tsv | wc -l)" -eq 0 ]
    tdiff tiny.weir out
}

@test "the predicted loss of whiten is the measured one, and no method loses less" {
    for m in svd asvd whiten afm; do
        lrfactor -m $m -r 6 --exact -t F32 --report $m.tsv <gram.weir >/dev/null
    done
    awk -F '\t' 'NR > 1 && ($7 - $8 > 1e-4 || $8 - $7 > 1e-4) { print; bad = 1 } END { exit bad }' whiten.tsv
    for m in svd asvd; do
        paste whiten.tsv $m.tsv | awk -F '\t' 'NR > 1 && $8 > $17 + 1e-6 { print; bad = 1 } END { exit bad }'
    done
    paste whiten.tsv afm.tsv | awk -F '\t' 'NR > 1 && ($8 - $17 > 1e-4 || $17 - $8 > 1e-4) { print; bad = 1 } END { exit bad }'
}

@test "the randomized decomposition loses at most one hundredth more" {
    lrfactor -m whiten -r 6 -n <gram.weir >quick.tsv
    lrfactor -m whiten -r 6 --exact -n <gram.weir >exact.tsv
    paste quick.tsv exact.tsv | awk -F '\t' 'NR > 1 && $7 > 1.01 * $16 { print; bad = 1 } END { exit bad }'
}

@test "--keep says how many numbers stay" {
    lrfactor -m svd --keep 50% -n <tiny.weir | awk -F '\t' 'NR > 1 { n++; if ($4 * ($2 + $3) > 0.5 * $2 * $3) exit 1 } END { exit n != 14 }'
}

@test "pissa: the sum of product and rest is the weight" {
    lrfactor -m pissa -r 4 -t F32 <tiny.weir | tcat --dense=F32 >sum
    tcat --dense=F32 tiny.weir >whole
    tdiff --max-rel 1e-6 whole sum
}

@test "eva: the value is untouched, B is zero" {
    lrfactor -m eva -r 4 <gram.weir >out
    tcat --dense=F32 gram.weir >whole
    tcat --dense=F32 out >sum
    tdiff whole sum
}

@test "missing companions, wrong options and weights that are no numbers are told in one line" {
    run bash -c 'lrfactor -m whiten -r 4 <tiny.weir >/dev/null'
    one_line_error 1 lrfactor
    [[ $output == *layers.0.self_attn.q_proj*gram*mcalib* ]]
    run bash -c 'lrfactor -m svd -r 4 --term residual <tiny.weir >/dev/null'
    one_line_error 1 lrfactor
    [[ $output == *"wquant --residual"* ]]
    for wrong in '-m svd' '-r 4' '-m none -r 4' '-m svd -r 4 --keep 0.5' '-m svd -r 4 --term x' '-m svd -r 4 -t I8' '-m eva -r 2 --term residual'; do
        run bash -c "lrfactor $wrong <tiny.weir >/dev/null"
        [ "$status" -eq 2 ]
    done
}

@test "brook: at 60 % of the numbers whiten costs less than svd" {
    tsplit "$MODEL" | mcalib -j 2 -f "$BROOK/calib.txt" --tokens 20000 -c 256 --parts gram >brook.weir
    for m in svd whiten; do
        lrfactor -j 2 -m $m --keep 0.6 <brook.weir | mppl -j 2 -f text -c 256 | awk -F '\t' 'END { print $6 }' >$m.ppl
    done
    awk -v a="$(cat whiten.ppl)" -v b="$(cat svd.ppl)" 'BEGIN { exit !(a > 0 && a < b) }'
}

# lrfactor: products in place of weights, by the report, by tdiff and by the model's perplexity.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    head -c 3000 "$BROOK/prose.test.txt" >text
    tsplit tiny >tiny.weir
    mcalib -f text -c 64 --parts norm2,absmean,mean,gram <tiny.weir >gram.weir
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
    lrfactor -m svd -r 32 --allow-none --report r.tsv <tiny.weir >out
    [ "$(awk -F '\t' 'NR > 1 && $4 != "-"' r.tsv | wc -l)" -eq 0 ]
    tdiff tiny.weir out
}

@test "the predicted loss of whiten is the measured one, and no method loses less" {
    for m in svd asvd whiten afm; do
        # shellcheck disable=SC2046
        lrfactor -m $m -r 6 $([ $m = afm ] || echo --exact) -t F32 --report $m.tsv <gram.weir >/dev/null
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

@test "monarch: bytes are the form's, the loss predicted is the one measured, slabs do not change it" {
    lrfactor -m monarch --keep 0.5 --report r.tsv <tiny.weir >out
    awk -F '\t' 'NR > 1 && $4 != "-" { n++; if ($6 > 0.5 * $5 || $7 - $8 > 1e-4 || $8 - $7 > 1e-4) { print; exit 1 } } END { exit n != 14 }' r.tsv
    [ "$(tshow out | awk -F '\t' '$3 ~ /^monarch\/[48]$/' | wc -l)" -eq 14 ]
    tcat out | tcat --dense=F32 | tdiff - <(tcat --dense=F32 out)
    lrfactor -m monarch -r 1 --blocks 1 -t F32 <tiny.weir | tcat --dense=F32 >one
    lrfactor -m svd -r 1 -t F32 --exact <tiny.weir | tcat --dense=F32 | tdiff --max-rel 1e-6 - one
    run bash -c 'lrfactor -m monarch -r 1 --blocks 3 <tiny.weir >/dev/null'
    one_line_error 1 lrfactor
    [[ $output == *q_proj*"3 blocks"*"32 rows"* ]]
}

@test "sparse-lowrank: the numbers asked for, less loss than a product, kept entries exact" {
    lrfactor -m sparse-lowrank --keep 0.5 --alpha 0 --rounds 20 --report s.tsv <tiny.weir >out
    lrfactor -m svd --keep 0.5 -n <tiny.weir >svd.tsv
    paste s.tsv svd.tsv | awk -F '\t' 'NR > 1 && $8 > 0.5 * $17 { print; bad = 1 } END { exit bad }'
    tshow out | awk -F '\t' '$3 ~ /lowrank/ { n += $3 ~ /^sparse\+lowrank\/[0-9]+$/ } END { exit n != 14 }'
    lrfactor -m sparse-lowrank --keep 0.5 -r 1 --rounds 2 -n <gram.weir | awk -F '\t' 'NR > 1 { n += $4 == 1 } END { exit n != 14 }'
    lrfactor -m sparse-lowrank --keep 0.5 -r 16 --rounds 2 --allow-none -n <gram.weir | awk -F '\t' 'NR > 1 { n += $4 == "-" } END { exit n != 14 }'
}

@test "dense-sparse: the sum is the weight; wquant rounds the dense term alone and errs less for it" {
    lrfactor -m dense-sparse --keep 0.02 <tiny.weir >ds
    tcat --dense ds | tdiff - tiny.weir
    tshow ds | awk -F '\t' '$3 == "BF16+sparse" { n++ } END { exit n != 14 }'
    wquant -t int3 -g 32 --only attn,mlp <ds >q
    tshow q | awk -F '\t' '$3 == "int3/g32+sparse" { n++ } END { exit n != 14 }'
    tcat --dense=F32 ds >a; tcat --dense=F32 q >b
    python3 - "$TOP" <<'PY'
import struct, subprocess, sys
sys.path.insert(0, sys.argv[1] + "/tests/ref")
import safetensors
def read(path):
    subprocess.run("tpack -t safetensors -o - <%s >%s.st" % (path, path), shell=True, check=True)
    return {k: struct.unpack("<%df" % (len(t["data"]) // 4), t["data"]) for k, t in safetensors.read(path + ".st")[1].items()}
a, b = read("a"), read("b")
for k in a:
    if "proj" in k:
        top = sorted(range(len(a[k])), key=lambda i: (-abs(a[k][i]), i))[:len(a[k]) * 2 // 100]
        assert all(abs(a[k][i] - b[k][i]) < 2e-3 * abs(a[k][i]) for i in top), k  # codes of their zeros are zeros, up to the f16 of a scale
        assert a[k] != b[k]
PY
    for f in tiny.weir ds; do
        wquant -t int3 -g 32 --only attn,mlp <$f | tdiff tiny.weir - | awk -F '\t' 'NR > 1 && /proj/ { s += $4 } END { print s }'
    done >err
    awk 'NR == 1 { plain = $1 } NR == 2 { exit !($1 < plain) }' err
    wquant -t int3 -g 32 --only attn,mlp --residual <ds | tcat --dense | tdiff - tiny.weir
    wquant -t int3 -g 32 --only attn,mlp -n <ds | awk -F '\t' '/q_proj/ { print $5; exit }' >forecast
    [ "$(cat forecast)" = "$(tshow q | awk -F '\t' '/q_proj/ { print $4; exit }')" ]
    run bash -c 'wquant -t int3 -g 32 -m awq --only attn,mlp <ds >/dev/null'
    one_line_error 1 wquant
}

@test "masa: atoms travel once, whatever is cut or recoded between; predicted loss is the measured one" {
    lrfactor -m masa -r 1 -t F32 --allow-none --report r.tsv <tiny.weir >out
    [ "$(awk -F '\t' 'NR > 1 { n++ } END { print n }' r.tsv)" -eq 14 ]
    awk -F '\t' 'NR > 1 { d = $7 - $8; if (d < 0) d = -d; if ($4 != "-" && d > 1e-5) { print; bad = 1 } } END { exit bad }' r.tsv
    lrfactor -m masa -r 1 <tiny.weir >out
    [ "$(tshow out | awk -F '\t' '$3 == "mix/1" { n++; small += $4 == 4 } END { print n, small }')" = "14 7" ]
    [ "$(($(stat -c %s tiny.weir) - $(stat -c %s out)))" -gt 15000 ]
    tcat --dense out >dense
    tcat -z out | tcat --raw | tcat --dense | tdiff - dense
    tcat --only '*.1.*' out | tcat --dense | tdiff - <(tcat --only '*.1.*' dense)
    tshow --data out | tload | tcat --dense | tdiff - dense
    python3 "$REF/weir.py" copy out again && tdiff out again
    [ "$(mppl -f text -c 64 <out | tail -1)" = "$(tcat --dense=F32 out | mppl -f text -c 64 | tail -1)" ]
    tpack --dense -o folded.safetensors <out
    lrfactor -m masa -r 2 --allow-none <tiny.weir | tdiff tiny.weir -
    lrfactor -m masa -r 1 --span 1 --allow-none <tiny.weir | tdiff tiny.weir -
    lrfactor -m masa --keep 50% --only attn.q <tiny.weir | tshow | awk -F '\t' '$3 == "mix/1" { n++ } END { exit n != 2 }'
    cat out out | tcat -z | tcat --dense | tshow | awk -F '\t' '$3 == "BF16" && /proj/ { n++ } END { exit n != 28 }'
}

@test "missing companions, wrong options and weights that are no numbers are told in one line" {
    run bash -c 'lrfactor -m whiten -r 4 <tiny.weir >/dev/null'
    one_line_error 1 lrfactor
    [[ $output == *layers.0.self_attn.q_proj*gram*mcalib* ]]
    run bash -c 'lrfactor -m svd -r 4 --term residual <tiny.weir >/dev/null'
    one_line_error 1 lrfactor
    [[ $output == *"wquant --residual"* ]]
    for wrong in '-m svd' '-r 4' '-m none -r 4' '-m svd -r 4 --keep 0.5' '-m svd -r 4 --term x' '-m svd -r 4 -t I8' '-m eva -r 2 --term residual' \
        '-m dense-sparse -r 2' '-m dense-sparse -r 2 --keep 0.1' '-m sparse-lowrank -r 2' '-m svd -r 2 --blocks 2' '-m svd -r 2 --rounds 2' \
        '-m sparse-lowrank --keep 0.5 --rounds 0' '-m asvd -r 2 --alpha -2' '-m svd -r 2 --span 2' '-m masa -r 2 --term residual'; do
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

@test "eva is about the mean, which it asks for" {
    run bash -c 'mcalib -f text -c 64 --parts gram <tiny.weir | lrfactor -m eva -r 4'
    [ "$status" -eq 1 ]
    [[ $output == *mean*mcalib* ]]
}

@test "afm: where there is a bias the product is about the mean, and the bias takes what is lost on it" {
    python3 "$TOP/tests/cli/tiny_gpt2.py" gpt2
    tsplit gpt2 | mcalib -f text -c 32 --parts mean,gram >g.weir
    lrfactor -m afm -r 5 --report with.tsv -t F32 <g.weir >with.weir
    tshow --data --only '*.0.attn.c_proj.bias' with.weir >b1
    tshow --data --only '*.0.attn.c_proj.bias' g.weir >b0
    run cmp -s b0 b1
    [ "$status" -eq 1 ]
    awk -F '\t' 'NR > 1 && $4 != "-" { n++; d = $8 - $7; if (d > 1e-4 || d < -1e-4) { print; exit 1 } } END { exit n < 4 }' with.tsv
    run bash -c 'tsplit gpt2 | mcalib -f text -c 32 --parts gram | lrfactor -m afm -r 5'
    [ "$status" -eq 1 ]
    [[ $output == *mean* ]]
}

@test "a gram of fewer tokens than columns is told, and afm goes by the weights where it tells nothing" {
    tsplit "$MODEL" | mcalib -f "$BROOK/calib.txt" --tokens 64 -c 64 --parts gram >poor.weir
    head -c 6000 "$BROOK/prose.test.txt" >t
    for m in afm whiten; do
        lrfactor -m $m --keep 0.6 <poor.weir 2>err | mppl -q -f t -c 256 | awk 'NR == 2 { print $6 }' >$m.ppl
        grep -q 'gram is of 64 tokens, fewer than its 256 columns' err
        [ "$(wc -l <err)" -eq 1 ]
    done
    paste afm.ppl whiten.ppl | awk '{ print; exit !($1 < 1.05 * $2) }'
}

@test "sparse-lowrank: rounds are worth their time, 80 more than 10" {
    tsplit "$MODEL" | mcalib -f "$BROOK/calib.txt" --tokens 1024 -c 256 --parts norm2 | tcat --only '*.0.self_attn.k_proj.weight' >k.weir
    for r in 1 10 80; do lrfactor -m sparse-lowrank --keep 0.5 --rounds $r -n <k.weir | awk -F '\t' 'NR == 2 { print $7 }'; done | paste -sd' ' >lost
    awk '{ print; exit !($2 < 0.8 * $1 && $3 < 0.95 * $2) }' lost
}

# wquant: sizes, choice, fallbacks, importance, what it refuses, what brook loses. The bytes of blocks are tested in C (tests/vectors, tests/unit).
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >tiny.weir
    tsplit "$MODEL" >brook.weir
}
setup() { cd "$BATS_FILE_TMPDIR"; }

# column FILE TENSOR NUMBER: of the report
column() { awk -F '\t' -v t="$2" -v c="$3" '$1 == t {print $c}' "$1"; }

# nan FILE: a safetensors file whose weight [1, 2] is NaN
nan() {
    python3 - "$1" <<'EOF'
import struct, sys
head = b'{"w":{"dtype":"F32","shape":[2,32],"data_offsets":[0,256]}}'
values = [1.0] * 64
values[34] = float("nan")
open(sys.argv[1], "wb").write(struct.pack("<Q", len(head)) + head + struct.pack("<64f", *values))
EOF
}

@test "bits and bytes are those of the type, and the forecast's" {
    while read -r bits type; do
        # shellcheck disable=SC2086
        wquant -t $type --report r.tsv <brook.weir >q.weir
        [ "$(column r.tsv model.embed_tokens.weight 3)" = "$bits" ] || { cat r.tsv; return 1; }
        # shellcheck disable=SC2086
        wquant -t $type -n <brook.weir >n.tsv
        diff <(cut -f 1-5 r.tsv) <(cut -f 1-5 n.tsv)
        [ "$(stat -c %s q.weir)" -gt "$(column r.tsv total 5)" ]
    done <<EOF
8.5 q8_0
6.5625 q6_K
5.5 q5_K
4.5 q4_K
4.5 Q4_0
3.4375 q3_k
2.625 q2_K
4.5 iq4_nl
4.25 IQ4_XS
3.4375 iq3_s
4.25 mxfp4
4.5 nvfp4
2.25 q2_0
2.0625 tq2_0
1.6875 tq1_0
1.125 q1_0
16 f16
4.1875 int4
4.25 int4 -g 64 --sym
3.375 int3 -g 64
3.625 int3 -g 64 --scales f32
8.0938 int8 -g 0
4.25 int4 -m hqq
EOF
}

@test "errors fall with bits, and hqq's are below rtn's at few" {
    last=9
    for b in 2 3 4 5 6 7 8; do
        wquant -b $b --only mlp --layers 1 --report r.tsv <brook.weir >/dev/null
        e=$(column r.tsv model.layers.1.mlp.up_proj.weight 6)
        awk -v a="$e" -v b="$last" 'BEGIN {exit !(a < 0.7 * b)}'
        last=$e
    done
    wquant -b 3 -m rtn --report r.tsv <brook.weir >/dev/null
    wquant -b 3 -m hqq --report h.tsv <brook.weir >/dev/null
    [ "$(paste r.tsv h.tsv | awk -F '\t' 'NR > 1 && $1 != "total" && $15 >= $6' | wc -l)" -eq 0 ]
}

@test "what is quantized already loses nothing to the same type" {
    for t in q8_0 q4_0 q5_1 f16; do
        wquant -t $t <brook.weir | wquant -t $t --report r.tsv >/dev/null
        [ "$(awk -F '\t' 'NR > 1 && $1 != "total" && $6 != 0' r.tsv | wc -l)" -eq 0 ]
    done
}

@test "the choice: matrices but norms; --only, --skip, --layers" {
    wquant -t q8_0 -n <brook.weir >n.tsv
    [ "$(wc -l <n.tsv)" -eq 45 ]
    ! grep -q norm n.tsv
    wquant -t q8_0 -n --only mlp --skip mlp.down --layers 0:2 <brook.weir >n.tsv
    [ "$(cut -f 1 n.tsv | tr '\n' ' ')" = "tensor model.layers.0.mlp.gate_proj.weight model.layers.0.mlp.up_proj.weight \
model.layers.1.mlp.gate_proj.weight model.layers.1.mlp.up_proj.weight total " ]
    wquant -t q8_0 -n --only '*norm*' --allow-none <brook.weir >n.tsv # vectors pass
    [ "$(wc -l <n.tsv)" -eq 2 ]
}

@test "columns that are no multiple of a block take a fallback, and one line says so" {
    wquant -t q4_K --report r.tsv <tiny.weir >/dev/null 2>err
    [ "$(cat err)" = "wquant: 15 of 15 tensors took a fallback; -v names them" ]
    [ "$(column r.tsv model.layers.0.mlp.down_proj.weight 2)" = q5_0 ]
    wquant -t q4_K -v --only mlp.down --layers 0 <tiny.weir 2>err >/dev/null
    [ "$(cat err)" = "wquant: model.layers.0.mlp.down_proj.weight: 64 columns are no multiple of 256: q5_0, not q4_K" ]
}

@test "importance lowers the error that it weighs; --no-importance leaves it out; the companion stays" {
    tsplit tiny | mcalib -f "$BROOK/calib.txt" --tokens 512 -c 128 --parts norm2 >c.weir
    wquant -t q4_0 --report with.tsv <c.weir >q.weir
    wquant -t q4_0 --no-importance --report without.tsv <c.weir >/dev/null
    wquant -t q4_0 --report plain.tsv <tiny.weir >/dev/null
    cmp without.tsv plain.tsv
    [ "$(column without.tsv model.layers.0.mlp.up_proj.weight 7)" = - ]
    [ "$(awk -F '\t' '$7 ~ /^[0-9]/' with.tsv | wc -l)" -eq 14 ]
    wquant -t f32 <q.weir | wquant -t q4_1 --report again.tsv >/dev/null
    [ "$(awk -F '\t' '$7 ~ /^[0-9]/' again.tsv | wc -l)" -eq 14 ]
}

@test "brook: q8_0 within 0.1 %, q4_K better than q4_0, hqq better than rtn at 3 bits" {
    head -c 20000 "$BROOK/prose.test.txt" >text
    loss() { mppl -f text -c 256 -j 2 | awk -F '\t' 'END {print $6}'; }
    less() { awk -v a="$1" -v b="$2" 'BEGIN {exit !(a < b)}'; }
    base=$(loss <brook.weir)
    for t in q8_0 q4_K q4_0 "int3 -g 64 -m hqq" "int3 -g 64"; do
        # shellcheck disable=SC2086
        declare "${t//[^a-z0-9]/_}=$(wquant -t $t <brook.weir | loss)"
    done
    # shellcheck disable=SC2154
    echo "$base $q8_0 $q4__ $q4_0 $int3__g_64__m_hqq $int3__g_64"
    less "$q8_0" "$(echo "$base" | awk '{print $1 * 1.001}')"
    less "$q4__" "$q4_0"
    less "$int3__g_64__m_hqq" "$int3__g_64"
}

@test "the same bytes by every kernel that this CPU has" {
    [ "$(kernels | head -n 1)" = base ]
    for t in q4_K q3_K q5_1 iq3_s iq4_xs mxfp4 "int3 -g 100 -m hqq" "int8 --sym"; do
        for k in $(kernels); do
            # shellcheck disable=SC2086
            WEIR_KERNEL=$k wquant -t $t --layers 0:2 <brook.weir >"$k.weir"
            cmp base.weir "$k.weir"
        done
    done
}

@test "what it refuses: one line, the tensor named" {
    nan bad.safetensors
    run bash -c 'tsplit bad.safetensors | wquant -t q4_0 --only w >out'
    one_line_error 1 wquant
    [ "$output" = "wquant: w: weight [1, 2] is nan; weights must be finite" ]
}

@test "of a model without a page only matrices of the linear kind are taken, and none falls back to f16" {
    python3 "$TOP/tests/cli/st.py" make m.safetensors mixer.in_proj.weight F32 1x32 $(seq 32) -- mixer.dt_proj.weight F32 2x16 $(seq 32) \
        -- mixer.A_log F32 1x32 $(seq 32) -- mixer.conv1d.weight F32 1x32 $(seq 32) -- mlp.gate.weight F32 1x32 $(seq 32) -- norm.weight F32 32 $(seq 32)
    tsplit m.safetensors | wquant -t q8_0 | tshow | awk -F'\t' '/^m/ || /^norm/ { print $1, $3 }' | sort >got
    printf '%s\n' 'mixer.A_log F32' 'mixer.conv1d.weight F32' 'mixer.dt_proj.weight F32' 'mixer.in_proj.weight q8_0' 'mlp.gate.weight F32' \
        'norm.weight F32' >want
    diff want got
    tsplit m.safetensors | wquant -t q8_0 --only '*A_log' | tshow | grep -q 'A_log.*q8_0'
}

@test "usage errors" {
    bad() { # bad MESSAGE ARGUMENTS...
        want=$1; shift
        run wquant "$@" <tiny.weir
        [ "$status" -eq 2 ] && [ "${lines[0]}" = "wquant: $want" ] || { echo "$output"; return 1; }
    }
    bad "one of -t TYPE, -b BITS, --budget FILE and --policy NAME is needed; --list names the types"
    bad "one of -t TYPE, -b BITS, --budget FILE and --policy NAME is needed; --list names the types" -t q4_0 -b 4
    bad "-b 9: 2 to 8 bits" -b 9
    for pair in q4:q4_K Q4K:q4_K q4_2:q4_K q8:q8_0 q8_K:q8_0 iq4xs:iq4_xs iq3:iq3_s fp16:f16 bf8:bf16 MXFP:mxfp4 int:int4; do
        bad "type '${pair%:*}' is not known; did you mean ${pair#*:}? --list names them" -t "${pair%:*}"
    done
    bad "type 'q' is not known; --list names them" -t q
    bad "type 'int16' is not known; int2 to int8 are" -t int16
    bad "method 'best' is not known; --list names them" -b 4 -m best
    bad "--sym belongs to int2 to int8; the codes of other types are fixed" -t q4_0 --sym
    bad "method 'hqq' belongs to int2 to int8; the codes of other types are fixed" -t q4_0 -m hqq
    bad "--sym fixes the zero, which method 'hqq' moves" -b 4 -m hqq --sym
    bad "--scales 'f8': f16, bf16 or f32, f8_e8m0, f8_e4m3" -t fp4 --scales f8
    bad "method 'hqq' belongs to int2 to int8: fp4 has no zero to place" -t fp4 -m hqq
    bad "--rows belongs to types of floats (fp8, fp4, nf4) by -m rtn" -t int4 --rows 2
    bad "--rows 3: 2, 4, 8 ... 512" -t fp8 --rows 3
    bad "--scales 'f8': f16, bf16 or f32" -b 4 --scales f8
    bad "--report -: standard output is the stream's; with -n it is free" -b 4 --report -
    bad "operand 'x': the stream comes on standard input" -b 4 x
}

@test "--list names every type and method once" {
    run wquant --list
    [ "$status" -eq 0 ]
    for t in q8_0 q6_K q5_K q5_1 q5_0 q4_K q4_1 q4_0 q3_K q2_K iq4_nl iq4_xs iq3_s iq3_xxs iq2_s iq2_xs iq2_xxs iq1_m iq1_s tq1_0 tq2_0 mxfp4 nvfp4 q1_0 q2_0; do
        [ "$(grep -c "^type	$t	" <<<"$output")" -eq 1 ]
    done
    [ "$(grep -c '^method	' <<<"$output")" -eq "$(grep -c '^METHOD' "$TOP/lib/quant/quant.def")" ]
}

calibrated() {
    [ -e cal.weir ] || tsplit "$BATS_FILE_TMPDIR/tiny" | mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 --parts norm2,absmean,gram >cal.weir
}

@test "gptq: the outputs lose less than by rtn in every linear; any -j, any instruction set, the same bytes" {
    calibrated
    wquant -b 3 -g 32 --only linear --report rtn <cal.weir >/dev/null
    for o in "" --in-order --act-order --static-groups "--sym --damp 0.1"; do
        # shellcheck disable=SC2086
        wquant -b 3 -g 32 -m gptq --only linear --report gptq $o <cal.weir >a.weir
        # shellcheck disable=SC2086
        WEIR_KERNEL=base wquant -b 3 -g 32 -m gptq --only linear --report gptq $o -j 3 <cal.weir | cmp - a.weir
        [ "$(grep -c _proj gptq)" = 14 ]
        [ -n "${o##--sym*}" ] || continue
        paste rtn gptq | awk -F '\t' '/_proj/ && !($17 < $8 && $18 == 0.01) { print; bad = 1 } END { exit bad }'
    done
}

@test "--clip: every linear loses less by the gram, less by norm2; the default at 3 bits; without statistics an error" {
    calibrated
    for o in "-b 3 -g 32" "-b 4 -g 32 --sym" "-b 3 -g 32 -m gptq" "-t q4_0" "-t q4_1 -m gptq" "-t q8_0 -m gptq"; do
        # shellcheck disable=SC2086
        wquant $o --no-clip --only linear --report was <cal.weir >/dev/null
        # shellcheck disable=SC2086
        wquant $o --clip --only linear --report is <cal.weir >a.weir
        paste was is | awk -F '\t' '/_proj/ && !($17 < $8) { print; bad = 1 } END { exit bad }'
        # shellcheck disable=SC2086
        WEIR_KERNEL=base wquant $o --clip --only linear -j 3 <cal.weir | cmp - a.weir
    done
    wquant -b 3 -g 32 --only linear <cal.weir >a.weir
    wquant -b 3 -g 32 --clip --only linear <cal.weir >b.weir
    tdiff -q a.weir b.weir >/dev/null
    tsplit tiny | mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 >norm2.weir
    wquant -b 3 -g 32 --no-clip --only linear <norm2.weir >plain.weir
    wquant -b 3 -g 32 --only linear <norm2.weir >b.weir
    tdiff -q b.weir plain.weir >/dev/null
    wquant -b 3 -g 32 --clip --only linear <norm2.weir >b.weir
    run tdiff -q b.weir plain.weir
    [ "$status" -eq 1 ]
    run bash -c 'tsplit tiny | wquant -b 4 --clip --only linear 2>&1 >/dev/null'
    one_line_error 1 wquant
    [[ $output == *"q_proj"*"--clip goes by the companion gram, or norm2; run mcalib first" ]]
    wquant -b 4 --clip <cal.weir >/dev/null
}

@test "gptq into blocks: they lose less than by the type's own encoder, and are read as that type" {
    calibrated
    for t in q4_0 q4_1 q5_0 q5_1 q8_0; do
        wquant -t $t --only linear --report own <cal.weir >/dev/null
        wquant -t $t -m gptq --only linear --report gptq <cal.weir >/dev/null
        paste own gptq | awk -F '\t' -v t=$t '/_proj/ && !($17 < $8 && $11 == t && $13 == $4) { print; bad = 1 } END { exit bad }'
    done
    run wquant -t iq4_nl -m gptq <cal.weir
    one_line_error 2 wquant || [ "$status" -eq 2 ]
    [[ $output == *"method 'gptq' belongs to"* ]]
}

@test "gptq: the embedding has no gram and goes by rtn, said once; a linear without one is an error" {
    calibrated
    run bash -c 'wquant -b 4 -m gptq <cal.weir 2>&1 >/dev/null'
    [ "$output" = "wquant: 1 of 15 tensors took a fallback; -v names them" ]
    run bash -c 'wquant -b 4 -m gptq -v <cal.weir 2>&1 >/dev/null'
    [[ $output == *"embed_tokens.weight: has no gram"* ]]
    run bash -c 'tsplit tiny | wquant -b 4 -m gptq --only linear 2>&1 >/dev/null'
    one_line_error 1 wquant
    [[ $output == *q_proj*gram*mcalib* ]]
}

@test "--residual: codes and what they lost are the weight again" {
    calibrated
    for t in int3 q4_K; do
        wquant -t $t -g 32 --only linear --residual <cal.weir 2>/dev/null >r.weir
        tdiff cal.weir r.weir >d || [ $? -eq 1 ]
        [ "$(awk -F '\t' '/_proj/ && $3 < 1e-7' d | wc -l)" = 14 ]
        wquant -t $t -g 32 --only linear <cal.weir 2>/dev/null | tdiff cal.weir - >d || [ $? -eq 1 ]
        [ "$(awk -F '\t' '/_proj/ && $3 > 1e-4' d | wc -l)" = 14 ]
    done
}

@test "awq: the layer computes what it computed; any -j, any instruction set, the same bytes" {
    calibrated
    head -c 1000 "$BROOK/calib.txt" >text
    for o in "-b 3 -g 32" "-b 4 -g 32 --no-clip" "-b 4 -g 32 --only mlp"; do
        # shellcheck disable=SC2086
        wquant -m awq $o --only linear --residual <cal.weir >a.weir
        mppl -f text --against cal.weir <a.weir | awk -F '\t' 'NR == 2 && $10 < 1e-6 { ok = 1 } END { exit !ok }'
        # shellcheck disable=SC2086
        WEIR_KERNEL=base wquant -m awq $o --only linear --residual -j 3 <cal.weir | cmp - a.weir
    done
    wquant -b 3 -g 32 -m awq --only linear <cal.weir | mppl -f text --against cal.weir | awk -F '\t' 'NR == 2 && $10 > 1e-6 { ok = 1 } END { exit !ok }'
}

@test "awq: companions are of the inputs as they now are: calibrated again they are the same" {
    calibrated
    wquant -b 3 -g 32 -m awq --no-clip --only linear --residual <cal.weir >a.weir
    mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 --parts norm2,absmean,gram <a.weir >b.weir
    tshow --data --only '*.0.*q_proj*' <a.weir >a
    tshow --data --only '*.0.*q_proj*' <b.weir >b
    python3 - a b <<'EOF'
import sys
def numbers(path):
    part, seen = None, {}
    for line in open(path):
        w = line.split()
        if w[:1] == ["part"]:
            part = w[1]
        elif part in ("norm2", "absmean", "gram"):
            try:
                seen.setdefault(part, []).extend(float(x) for x in w)
            except ValueError:
                part = None
    return seen
a, b = numbers(sys.argv[1]), numbers(sys.argv[2])
assert set(a) == set(b) == {"norm2", "absmean", "gram"}, (a.keys(), b.keys())
for k in a:
    top = max(map(abs, a[k]))
    assert len(a[k]) == len(b[k]) and all(abs(x - y) <= 1e-4 * top for x, y in zip(a[k], b[k])), k
EOF
}

@test "options of one method are refused with another" {
    for o in "-m rtn --act-order" "-m hqq --static-groups" "-m hqq --clip" "-m gptq --clip --no-clip" "-m gptq --damp -1" "-m awq --sym --act-order"; do
        # shellcheck disable=SC2086
        run wquant -b 4 $o <tiny.weir
        one_line_error 2 wquant || [ "$status" -eq 2 ]
    done
}

@test "awq: a LayerNorm's bias is divided too" {
    python3 "$TOP/tests/cli/tiny_gpt2.py" gpt2
    python3 -c 'print(*[(i * 37 + i * i * 11) % 264 for i in range(60)])' >ids
    tsplit gpt2 | mcalib --ids ids -c 40 --parts absmean,gram >gpt2.weir
    wquant -m awq -b 4 -g 8 --only linear --residual <gpt2.weir >a.weir
    mppl --ids ids -c 40 --against gpt2.weir <a.weir | awk -F '\t' 'NR == 2 && $10 < 1e-6 { ok = 1 } END { exit !ok }'
    tdiff gpt2.weir a.weir >d || [ $? -eq 1 ]
    grep -q 'ln_2.bias' d
}

@test "what is quantized keeps its role, layer and expert, and runs" {
    for n in llama qwen3_moe; do
        tsplit "$TOP/tests/golden/arch/$n" >in.weir
        tshow --data in.weir | sed -n 's/^\(tensor .*\) dtype=.*/\1/p' >before
        wquant -q -t q8_0 <in.weir >out.weir
        tshow --data out.weir | sed -n 's/^\(tensor .*\) dtype=.*/\1/p' | cmp - before
        mppl -q --ids "$TOP/tests/golden/arch/$n/ids" -c 24 <out.weir >table
    done
}

@test "floats: tables of levels with scales in five types, by rtn and gptq, whatever the threads" {
    head -c 3000 "$BROOK/prose.test.txt" >some.txt
    mcalib -f some.txt -c 64 --parts gram <tiny.weir >c.weir
    for t in "fp8 -g 0" "fp8_e5m2 -g 8 --scales bf16" "fp4 -g 16 --scales f8_e4m3" "fp4 -g 32 --scales f8_e8m0" "fp4_e3m0 -g 8" "nf4 -g 8 --scales f32" \
        "fp8 -g 16 --rows 8 --scales f32"; do
        # shellcheck disable=SC2086
        wquant -t $t --only linear --report r.tsv <c.weir >a.weir
        # shellcheck disable=SC2086
        wquant -t $t --only linear -j 3 <c.weir | cmp a.weir
        # the report has the bytes that are written
        tshow <a.weir | awk -F'\t' '$3 ~ /^table/ { n += $4; k++ } END { print k, n }' >got
        awk -F'\t' '$1 ~ /proj/ { n += $5; k++ } END { print k, n }' r.tsv | diff got -
        case $t in *--rows*) continue ;; esac
        # by gptq outputs lose less
        # shellcheck disable=SC2086
        wquant -t $t -m gptq --only linear --report g.tsv <c.weir | tcat >/dev/null
        paste r.tsv g.tsv | awk -F'\t' '$1 ~ /proj/ { a += $8; b += $17 } END { exit !(b < a) }'
    done
}

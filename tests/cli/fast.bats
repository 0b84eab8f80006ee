# fast: --fast in every filter that multiplies: near the own result, in the history, refused where the library is not.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    head -c 3000 "$BROOK/prose.test.txt" >text
    tsplit tiny | mcalib -f text --parts norm2,gram >in.weir
    mkdir absent
    : >absent/libopenblas.so.0 # the loader finds this first, and it is no library
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

need_openblas() {
    tsplit tiny | mppl --fast -f text -c 64 >/dev/null 2>why || skip "needs libopenblas0-pthread: $(cat why)"
}

column() { # column NAME: of the table's first line of figures
    awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == 2 { print $c }'
}

near() { # near A B TOLERANCE: relative
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; if (d > t * b) { print a, "is not near", b; exit 1 } }'
}

# worst A.weir B.weir: the largest relative error of a tensor's output, by the gram.
worst() {
    tdiff "$1" "$2" | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "out_rel") c = i }
        NR > 1 && ($c == "nan" || $c > w) { w = $c } END { print w + 0 }'
}

@test "without the library each of them refuses in one line that names the package, status 1" {
    for p in mppl mcalib wprune wquant lrfactor tmerge wshrink walloc wscore dsel tdiff; do
        run env LD_LIBRARY_PATH=absent "$BIN/$p" --fast
        one_line_error 1 "$p"
        [[ $output == "$p: --fast: "*libopenblas* ]]
        [[ $output == *"(Debian's package is libopenblas0-pthread)" ]]
    done
}

@test "a word that is no engine is a wrong command line" {
    run mppl --fast=f16 -f text
    [ "$status" -eq 2 ]
    [ "${lines[0]}" = "mppl: --fast: 'f16' is not bf16" ]
    run wprune --fast=bf16 -m magnitude -s 0.5
    [ "$status" -eq 2 ]
}

@test "perplexity by OpenBLAS is that of the own kernels" {
    need_openblas
    want=$(mppl -f text -c 64 <in.weir | column nats_per_token)
    near "$(mppl --fast -f text -c 64 <in.weir | column nats_per_token)" "$want" 2e-6
    near "$(mppl --fast -j 2 -f text -c 64 <in.weir | column nats_per_token)" "$want" 2e-6
}

@test "perplexity in bf16 is near, and another" {
    need_openblas
    run mppl --fast=bf16 -f text -c 64 <in.weir
    if [ "$status" -eq 1 ]; then
        [ "$output" = "mppl: --fast: this processor has no products of bf16 (AVX512_BF16)" ]
        skip "needs AVX512_BF16"
    fi
    want=$(mppl -f text -c 64 <in.weir | column nats_per_token)
    got=$(column nats_per_token <<<"$output")
    near "$got" "$want" 2e-3
    [ "$got" != "$want" ]
}

@test "grams, GPTQ, SparseGPT, refit and whitened factors come near" {
    need_openblas
    tsplit tiny | mcalib --fast -f text --parts norm2,gram >calib.weir
    for c in "wprune -m sparsegpt -s 0.5" "wprune -m wanda -s 0.5 --refit" "lrfactor -m whiten -r 4" "wquant -t int4 -g 32 -m gptq"; do
        $c <in.weir >own.weir
        $c --fast <calib.weir >fast.weir
        w=$(worst own.weir fast.weir)
        awk -v w="$w" 'BEGIN { exit !(w < 0.001) }' || { echo "$c: relative error $w"; return 1; }
    done
}

@test "the history says --fast" {
    need_openblas
    wprune --fast -m sparsegpt -s 0.5 <in.weir | tshow --data | grep '^history' | grep -F -- --fast
    [ -z "$(wprune -m sparsegpt -s 0.5 <in.weir | tshow --data | grep '^history' | grep -F -- --fast)" ]
}

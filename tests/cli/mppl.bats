# mppl: perplexities of brook against torch and llama.cpp (../shared/models/README.md), divergence, and what it refuses.
load helpers

setup_file() {
    load helpers
    tiny_model
    tsplit "$MODEL" >"$BATS_FILE_TMPDIR/brook.weir"
    tsplit "$BATS_FILE_TMPDIR/tiny" >"$BATS_FILE_TMPDIR/tiny.weir"
    head -c 2000 "$BROOK/prose.test.txt" >"$BATS_FILE_TMPDIR/short.txt"
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

column() { # column NAME: of the table's first line of figures
    awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == 2 { print $c }'
}

@test "brook on math.test, windows of 256: torch says 9.3925, 1.35662 bits a byte, 37379 tokens" {
    mppl -j 2 -f "$BROOK/math.test.txt" -c 256 <brook.weir >math
    [ "$(column ppl <math)" = 9.3925 ]
    [ "$(column bits_per_byte <math)" = 1.35662 ]
    [ "$(column tokens <math)" = 37379 ]
    [ "$(column bytes <math)" = 89038 ]
    [ "$(column text <math)" = math.test.txt ]
}

@test "brook on math.test as llama-perplexity does it: 8.3352 +- 0.163 over 18542 tokens" {
    mppl -j 2 -f "$BROOK/math.test.txt" -c 256 --protocol llama.cpp <brook.weir >math
    [ "$(column ppl <math)" = 8.3352 ]
    [ "$(column tokens <math)" = 18542 ]
    [ "$(column plus_minus <math)" = 0.1628 ]
    [ "$(column bits_per_byte <math)" = - ]
}

@test "llama.cpp's windows of a tokenizer that adds no beginning-of-text keep their first token: torch says 21.9300" {
    cp -r "$MODEL" nobos
    sed -i 's/"add_bos_token": true/"add_bos_token": false/' nobos/tokenizer_config.json
    tsplit nobos | mppl -f short.txt -c 64 --protocol llama.cpp >short
    [ "$(column ppl <short)" = 21.9300 ]
    [ "$(column tokens <short)" = 310 ]
}

@test "the fine-tune for mathematics: torch says 8.1285" {
    need_shared models/brook-6m-math
    tsplit "$SHARED/models/brook-6m-math" | mppl -j 2 -f "$BROOK/math.test.txt" -c 256 >math
    [ "$(column ppl <math)" = 8.1285 ]
}

@test "ids as they are: the golden 32 give torch's 2.898244 nats" {
    need_shared models/golden-tokens.json
    python3 -c 'import json, sys; print(*json.load(open(sys.argv[1]))["ids"])' "$SHARED/models/golden-tokens.json" >ids
    tsplit "$SHARED/models/brook-6m-f32" | mppl --ids ids -c 256 >out
    [ "$(column tokens <out)" = 31 ]
    [ "$(column bytes <out)" = - ]
    awk -v x="$(column nats_per_token <out)" 'BEGIN { exit !(x - 2.898244 < 2e-6 && 2.898244 - x < 2e-6) }'
}

@test "activations of 8 bits: brook in q4_0 is 8.4321, llama-perplexity says 8.4325; by f32 activations 8.4318" {
    wquant -q -t q4_0 <brook.weir >q4.weir
    mppl -q -j 2 -f "$BROOK/math.test.txt" -c 256 --protocol llama.cpp --activations q8 <q4.weir >math 2>said
    [ "$(column ppl <math)" = 8.4321 ]
    mppl -q -j 2 -f "$BROOK/math.test.txt" -c 256 --protocol llama.cpp --activations f32 <q4.weir >math
    [ "$(column ppl <math)" = 8.4318 ]
    [ ! -s said ]
}

@test "activations of 8 bits: the same figures from every instruction set and count of threads" {
    for t in q8_0 q4_K q6_K; do
        wquant -q -t $t <brook.weir >q.weir
        WEIR_KERNEL=base mppl -f short.txt -c 64 --activations q8 --against brook.weir <q.weir >base
        mppl -f short.txt -c 64 --against brook.weir <q.weir >f32
        ! cmp -s base f32
        for k in "" avx2 avx512; do
            [ -z "$k" ] || grep -qw "${k/512/512f}" /proc/cpuinfo || continue
            WEIR_KERNEL=$k mppl -j 3 -f short.txt -c 64 --activations q8 --against brook.weir <q.weir | cmp - base
        done
    done
}

@test "activations of 8 bits: weights that have no such product, or are not quantized, stay with f32, and mppl says so" {
    mppl -q -f short.txt -c 64 <tiny.weir >plain
    mppl -q -f short.txt -c 64 --activations q8 <tiny.weir 2>said | cmp - plain
    [ "$(cat said)" = "mppl: --activations q8: no weight is quantized, so all activations stay f32" ]
    wquant -q -t int4 -g 16 <tiny.weir >int4.weir
    mppl -q -f short.txt -c 64 <int4.weir >plain
    mppl -q -f short.txt -c 64 --activations q8 <int4.weir 2>said | cmp - plain
    grep -Eqx 'mppl: --activations q8: ([0-9]+) of \1 quantized weights, of affine, stay with f32: .*' said
    run mppl -f short.txt --activations q4 <tiny.weir
    [ "$status" -eq 2 ]
    [ "${lines[0]}" = "mppl: --activations: 'q4' is not a type of activations: f32 or q8" ]
}

@test "a line for each text, the same as alone; any number of threads; states in a file" {
    head -c 700 short.txt >other.txt
    mppl -f short.txt -f other.txt -c 50 <tiny.weir >both
    mppl -f other.txt -c 50 <tiny.weir >alone
    [ "$(sed -n 3p both)" = "$(sed -n 2p alone)" ]
    [ "$(wc -l <both)" = 3 ]
    for opt in "-j 2" "-j 7" "-S 0" "-j 2 -S 1K"; do
        mppl $opt -f short.txt -f other.txt -c 50 <tiny.weir | cmp - both
    done
}

@test "against itself the divergence is 0 and the first token the same; against another it is not" {
    mppl -f short.txt -c 64 --against tiny.weir <tiny.weir >same
    for c in kl_mean kl_max kl_p50 kl_p99.9; do [ "$(column $c <same)" = 0.000000 ]; done
    [ "$(column same_top <same)" = 1.00000 ]
    mppl -f short.txt -c 64 --against brook.weir <tiny.weir >other
    mppl -j 2 -S 0 -f short.txt -c 64 --against brook.weir <tiny.weir | cmp - other
    awk -v mean="$(column kl_mean <other)" -v p50="$(column kl_p50 <other)" -v p90="$(column kl_p90 <other)" -v max="$(column kl_max <other)" \
        'BEGIN { exit !(mean > 1 && p50 > 0 && p50 <= p90 && p90 <= max) }'
    [ "$(column same_top <other)" != 1.00000 ]
    mppl -f short.txt -c 64 <tiny.weir >plain
    [ "$(column ppl <other)" = "$(column ppl <plain)" ]
}

@test "a text whose last newline is missing is the same text; a short text is one short window" {
    printf 'One short line.\n' >with.txt
    printf 'One short line.' >without.txt
    mppl -f with.txt -f without.txt <tiny.weir >out
    [ "$(sed -n 2p out | cut -f 2-)" = "$(sed -n 3p out | cut -f 2-)" ]
}

@test "an empty text is refused" {
    printf '\n' >empty.txt
    run mppl -f empty.txt <tiny.weir
    one_line_error 1 mppl
    [ "$output" = "mppl: empty.txt: the text is empty" ]
}

@test "a window longer than the model's context, a text shorter than llama.cpp's window" {
    run mppl -f short.txt -c 513 <tiny.weir
    one_line_error 1 mppl
    [ "$output" = "mppl: windows of 513 tokens are longer than the model's context of 512" ]
    printf 'short' >with.txt
    run mppl -f with.txt -c 100 --protocol llama.cpp <tiny.weir
    one_line_error 1 mppl
}

@test "an id that the vocabulary does not have, a word that is no id" {
    echo 1 5 4096 >ids
    run mppl --ids ids <tiny.weir
    one_line_error 1 mppl
    [ "$output" = "mppl: model.embed_tokens.weight: token id 4096 is not in a vocabulary of 4096" ]
    echo 1 5 x >ids
    run mppl --ids ids <tiny.weir
    one_line_error 1 mppl
    [ "$output" = "mppl: ids: byte 4: 'x' is not a token id" ]
}

@test "a missing tensor, layer, norm is named" {
    tcat --skip 'model.layers.1.mlp.up_proj.weight' <tiny.weir >cut
    run mppl -f short.txt <cut
    one_line_error 1 mppl
    [ "$output" = "mppl: layer 1 has no tensor of role mlp.up" ]
    tcat --skip 'model.layers.1.*' <tiny.weir >cut
    run mppl -f short.txt <cut
    one_line_error 1 mppl
    [ "$output" = "mppl: the stream has 1 layers, its head says 2" ]
    tcat --skip 'model.norm.weight' <tiny.weir >cut
    run mppl -f short.txt <cut
    one_line_error 1 mppl
    [ "$output" = "mppl: the stream has no tensor of role norm.final" ]
}

@test "no configuration, no tokenizer, an unknown architecture: the sentence says what to do" {
    mkdir -p bare && cp tiny/model.safetensors bare
    tsplit bare/model.safetensors >bare.weir
    echo 1 2 3 >ids
    run mppl --ids ids <bare.weir
    one_line_error 1 mppl
    case $output in *config.json*) ;; *) false ;; esac
    cp tiny/config.json bare
    tsplit bare >bare.weir
    run mppl -f short.txt <bare.weir
    one_line_error 1 mppl
    case $output in *tokenizer*--ids*) ;; *) false ;; esac
    mppl --ids ids <bare.weir
    sed -i 's/"model_type": *"llama"/"model_type": "rwkv"/' bare/config.json
    tsplit bare >bare.weir
    run mppl --ids ids <bare.weir
    one_line_error 1 mppl
    [[ $output == "mppl: architecture 'rwkv' has no page here; there are mixtral, llama, "* ]]
}

@test "a tensor that the forward pass would leave out is refused" {
    tshow --data <tiny.weir | sed 's/model.layers.0.self_attn.o_proj/model.layers.0.self_attn.q_norm/; s/role=attn.o layer=0 //' | tload >odd
    run mppl -f short.txt <odd
    one_line_error 1 mppl
    case $output in "mppl: model.layers.0.self_attn.q_norm.weight: no tensor that"*) ;; *) false ;; esac
}

@test "usage" {
    run mppl <tiny.weir
    [ "$status" -eq 2 ]
    run mppl -f short.txt --protocol wiki <tiny.weir
    [ "$status" -eq 2 ]
    run mppl -f short.txt --against nowhere <tiny.weir
    one_line_error 1 mppl
}

# wshrink: what is left is a smaller dense model: by its shapes, its configuration, and what it computes.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    head -c 3000 "$BROOK/prose.test.txt" >text
    tsplit tiny | mcalib -f text -c 64 --parts bi,norm2,mean,absmean,gram >calib.weir
    tsplit "$MODEL" | mcalib -f text -c 64 --parts bi >brook.weir
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

ppl() {
    mppl -f text -c 64 | tail -n 1 | cut -f 5
}

# shapes ROLE: those of a stream's tensors of that role.
shapes() {
    tshow | awk -F '\t' -v r="$1" '$5 == r { print $2 }' | sort -u
}

@test "channels: gate and up lose rows, down columns, in every layer; the configuration says so" {
    wshrink -m flap -s 0.25 <calib.weir >out
    [ "$(shapes mlp.gate <out)" = "[48, 32]" ] && [ "$(shapes mlp.up <out)" = "[48, 32]" ] && [ "$(shapes mlp.down <out)" = "[32, 48]" ]
    [ "$(shapes attn.q <out)" = "[32, 32]" ]
    tpack -o channels/ <out
    grep -q '"intermediate_size": 48' channels/config.json
}

@test "heads: a head of keys goes with its queries; the size of a head is stated" {
    wshrink -m flap --what heads -s 0.5 <calib.weir >out
    [ "$(shapes attn.q <out)" = "[16, 32]" ] && [ "$(shapes attn.k <out)" = "[8, 32]" ] && [ "$(shapes attn.v <out)" = "[8, 32]" ]
    [ "$(shapes attn.o <out)" = "[32, 16]" ]
    tpack -o heads/ <out
    grep -q '"num_attention_heads": 2' heads/config.json && grep -q '"num_key_value_heads": 1' heads/config.json
    grep -q '"head_dim": 8' heads/config.json
}

@test "hidden: every tensor loses the same channels" {
    wshrink -m minitron --what hidden -s 0.25 <calib.weir >out
    [ "$(shapes embed <out)" = "[4096, 24]" ] && [ "$(shapes norm.attn <out)" = "[24]" ] && [ "$(shapes norm.final <out)" = "[24]" ]
    cat calib.weir | wshrink -m minitron --what hidden -s 0.25 | tdiff out -
    [ "$(shapes attn.q <out)" = "[32, 24]" ] && [ "$(shapes mlp.down <out)" = "[24, 64]" ]
}

@test "drop: the layers of least influence go, the others are renumbered" {
    least=$(tshow --data brook.weir | sed -n '/input_layernorm/s/.* layer=\([0-9]*\) .*bi=\([0-9.]*\).*/\2 \1/p' | sort -g | head -n 2 | awk '{ print $2 }' | sort | tr '\n' ' ')
    wshrink -m drop -s 0.3 --report r.tsv <brook.weir >out
    cat brook.weir | wshrink -m drop -s 0.3 | tdiff out - # a pipe is spooled: it is read twice
    [ "$(awk 'NR > 1 { print $1 }' r.tsv | tr '\n' ' ')" = "$least" ]
    [ "$(tshow out | awk -F '\t' '$6 != "-" && $6 != "" { print $6 }' | grep -x '[0-9]*' | sort -un | tr '\n' ' ')" = "0 1 2 3 " ]
    tpack -o dropped/ <out
    grep -q '"num_hidden_layers": 4' dropped/config.json
}

@test "what is left runs from the stream, the folder and GGUF alike" {
    for how in "-m flap -s 0.25" "-m obspa -s 0.25 --bias" "-m ziplm --what heads -s 0.5" "-m minitron --what hidden -s 0.25" "-m drop -s 0.5"; do
        wshrink $how <calib.weir >out
        rm -rf packed packed.gguf
        tpack -o packed/ <out && tpack -o packed.gguf <out
        stream=$(ppl <out)
        [ "$(tsplit packed/ | ppl)" = "$stream" ] && [ "$(tsplit packed.gguf | ppl)" = "$stream" ]
    done
}

@test "nothing is asked, nothing changes" {
    wshrink -m flap -s 0 <calib.weir | tdiff calib.weir -
}

@test "companions are cut along: those of a smaller model are those of its channels" {
    wshrink -m cfsp -s 0.25 <calib.weir | tcat --only mlp.down >out
    tshow out | grep -q 'norm2.*mean.*absmean.*gram'
    wshrink -m cfsp -s 0.25 <calib.weir | wshrink -m flap -s 0.25 >twice
    [ "$(shapes mlp.down <twice)" = "[32, 36]" ]
    tpack -o again/ <twice
    grep -q '"intermediate_size": 36' again/config.json
}

@test "compensation loses less of the outputs, ziplm least" {
    for how in "flap" "flap --refit" "ziplm"; do
        wshrink -m $how -s 0.4 -n <calib.weir | awk -F '\t' 'NR > 1 { s += $5 } END { print s }'
    done >lost
    [ "$(sort -gr lost)" = "$(cat lost)" ] && [ "$(sort -u lost | wc -l)" -eq 3 ]
}

@test "--bias keeps the means: biases for all of the half, the configuration says so, and everything that reads it agrees" {
    wshrink -m flap -s 0.25 --bias <calib.weir >out
    [ "$(shapes mlp.down.bias <out)" = "[32]" ] && [ "$(shapes mlp.up.bias <out)" = "[48]" ] && [ "$(shapes mlp.gate.bias <out)" = "[48]" ]
    tshow out | cut -f 5 | grep -A1 -x mlp.down | grep -qx mlp.down.bias # behind its weight
    for how in "flap -s 0.25 --bias" "flap --what heads -s 0.5 --bias --refit"; do
        wshrink -m $how <calib.weir >out
        rm -rf packed packed.gguf again
        tpack -o packed/ <out && tpack -o packed.gguf <out
        stream=$(ppl <out)
        case $how in *heads*) key=attention_bias ;; *) key=mlp_bias ;; esac
        grep -q "\"$key\": true" packed/config.json
        [ "$(tsplit packed/ | ppl)" = "$stream" ] && [ "$(tsplit packed.gguf | ppl)" = "$stream" ]
        tsplit packed.gguf | tpack -o again/ # GGUF has no such key: its tensors say so
        grep -q "\"$key\": true" again/config.json && [ "$(tsplit again/ | ppl)" = "$stream" ]
        python3 "$TOP/tests/ref/gguf.py" packed.gguf >/dev/null
        [ "$stream" != "$(wshrink -m ${how%%--bias*} <calib.weir | ppl)" ]
    done
    for how in "flap" "flap --bias" "flap --refit --bias"; do
        wshrink -m $how -s 0.4 -n <calib.weir | awk -F '\t' 'NR > 1 { s += $5 } END { print s }'
    done >lost
    [ "$(sort -gr lost)" = "$(cat lost)" ] && [ "$(sort -u lost | wc -l)" -eq 3 ]
}

@test "--bias is refused where a configuration has no place for it" {
    tsplit tiny >plain.weir
    sed 's/"llama"/"mistral"/; s/LlamaForCausalLM/MistralForCausalLM/' tiny/config.json >config
    cp -r tiny mistral && cp config mistral/config.json
    tsplit mistral | mcalib -f text -c 64 --parts norm2,mean >mistral.weir
    wshrink -m flap -s 0.25 --bias <mistral.weir 2>err >out && return 1
    grep -qx "wshrink: --bias: architecture 'mistral' has no place for a bias of mlp.down" err && [ ! -s out ]
    run wshrink -m drop -s 0.5 --bias
    [ "$status" -eq 2 ]
}

@test "by the companion score: minitron's channels are wshrink's own; any score of weights or channels will do" {
    wscore -m minitron <calib.weir | wshrink -m score -s 0.25 | tpack -o by-score/
    wshrink -m minitron -s 0.25 <calib.weir | tpack -o by-name/
    cmp by-score/model.safetensors by-name/model.safetensors
    for m in wanda sparsegpt lamp; do
        wscore -m $m <calib.weir | wshrink -m score --what heads -s 0.5 --refit | shapes attn.o | grep -qx '\[32, 16\]'
    done
    wscore -m bi <calib.weir | wshrink -m score -s 0.25 2>err >out && return 1
    grep -q '^wshrink: model.layers.0.mlp.down_proj.weight: companion score is \[1, 1\]' err
}

# least N REPORT: the layers whose mean of a wscore report, over all weights, is least; a number for a column or a tensor counts for all its weights.
least() {
    awk -F '\t' -v each="$3" 'split($1, p, ".") > 3 && p[2] == "layers" { n = each == "column" ? $2 : each == "tensor" ? $2 * $3 : 1
        sum[p[3]] += $5 * n; size[p[3]] += $2 * $3 } END { for (l in sum) printf "%.17g %s\n", sum[l] / size[l], l }' "$2" |
        sort -g | head -n "$1" | awk '{ print $2 }' | sort | tr '\n' ' '
}

@test "layers by the companion score: the mean over all weights of a layer; bi's are drop's own" {
    tsplit "$MODEL" | mcalib -f text -c 64 --parts bi,norm2,absmean >brook2.weir
    for how in "magnitude weight" "wanda weight" "minitron column" "bi tensor"; do
        wscore -m ${how% *} --report scores.tsv <brook2.weir >scored
        for n in 1 2 4; do
            wshrink -m score --what layers -s $(awk -v n=$n 'BEGIN { print n / 6 }') --report r.tsv <scored >out
            [ "$(awk 'NR > 1 { print $1 }' r.tsv | tr '\n' ' ')" = "$(least $n scores.tsv ${how#* })" ]
        done
    done
    wshrink -m drop -s 0.5 <brook2.weir | tpack -o by-bi/
    wshrink -m score --what layers -s 0.5 <scored | tpack -o by-score-bi/
    cmp by-bi/model.safetensors by-score-bi/model.safetensors
}

@test "layers by the companion score: every linear must have one" {
    wscore -m magnitude <calib.weir >scored
    wshrink -m score --what layers -s 0.5 <scored | tpack -o by-magnitude/
    wscore -m magnitude --skip mlp.up <calib.weir | wshrink -m score --what layers -s 0.5 2>err >out && return 1
    [ "$(wc -l <err)" -eq 1 ]
    grep -q '^wshrink: model.layers.0.mlp.up_proj.weight: has no companion score: ' err
}

@test "obspa: heads and channels go by their rows and columns of all linears, and the columns that stay make up" {
    for how in "channels 0.25 16" "channels 0.5 32" "heads 0.5 1"; do
        read -r what share remove <<<"$how"
        wshrink -m obspa --what "$what" -s "$share" --report r.tsv <calib.weir >out
        python3 "$TOP/tests/cli/obspa.py" calib.weir "$what" "$remove" >wanted
        python3 "$TOP/tests/cli/obspa.py" calib.weir "$what" out >stayed
        cmp wanted stayed
        wscore -m sparsegpt <calib.weir | wshrink -m score --refit --what "$what" -s "$share" >by-reader
        [ "$what" = heads ] || ! cmp -s stayed <(python3 "$TOP/tests/cli/obspa.py" calib.weir "$what" by-reader) # what makes them counts
        awk -F '\t' 'NR > 1 && !($5 > 0 && $5 < 1) { exit 1 }' r.tsv
        rm -rf packed
        tpack -o packed/ <out
        [ "$(tsplit packed/ | ppl)" = "$(ppl <out)" ]
    done
    wshrink -m obspa -s 0.25 <calib.weir >plain
    wshrink -m obspa -s 0.25 --refit <calib.weir | tdiff plain -
}

@test "obspa: the gram of what makes the units is needed" {
    tcat --only mlp.down calib.weir | tmerge -m attach tiny - | wshrink -m obspa -s 0.25 2>err >out && return 1
    [ "$(wc -l <err)" -eq 1 ]
    grep -q '^wshrink: model.layers.0.mlp.up_proj.weight: has no companion gram: ' err
}

@test "a share that is nothing is no success" {
    run bash -c "wshrink -m flap --what heads -s 0.1 <calib.weir"
    [ "$status" -eq 1 ] && [ "$output" = "wshrink: --what heads: of 2 kv_heads a share of 0.1 is none" ]
}

@test "--align leaves multiples" {
    wshrink -m cfsp -s 0.3 --align 16 <calib.weir | shapes mlp.down | grep -qx '\[32, 48\]'
}

@test "what is missing or cannot be is said" {
    tsplit tiny >plain.weir
    wshrink -m drop -s 0.5 <plain.weir 2>err >out && return 1
    grep -qx "wshrink: model.layers.0.input_layernorm.weight: has no key bi; mcalib --parts bi adds it to each layer's first tensor" err
    run wshrink -m flap -s 0.5 --what hidden
    [ "$status" -eq 2 ]
    run wshrink -m drop -s 0.5 --refit
    [ "$status" -eq 2 ]
    wshrink -m flap -s 0.5 <plain.weir 2>err >out && return 1
    grep -q '^wshrink: model.layers.0.mlp.down_proj.weight: .*norm2' err
}

@test "GPT-2: channels and layers go; heads and hidden, which its configuration cannot tell apart, are refused" {
    python3 "$TOP/tests/cli/tiny_gpt2.py" gpt2
    seq 1 40 >ids
    tsplit gpt2 | mcalib --ids ids -c 16 --parts bi,norm2,mean,gram >gpt2.weir
    for how in "-m drop -s 0.5" "-m obspa -s 0.25" "-m flap -s 0.25 --refit" "-m flap -s 0.25 --bias"; do
        wshrink $how <gpt2.weir >out
        rm -rf packed packed.gguf
        tpack -o packed/ <out && tpack -o packed.gguf <out
        stream=$(mppl --ids ids -c 16 <out | tail -n 1 | cut -f 6)
        [ "$(tsplit packed/ | mppl --ids ids -c 16 | tail -n 1 | cut -f 6)" = "$stream" ]
        [ "$(tsplit packed.gguf | mppl --ids ids -c 16 | tail -n 1 | cut -f 6)" = "$stream" ]
    done
    wshrink -m flap --what heads -s 0.5 <gpt2.weir 2>err >out && return 1
    grep -q "^wshrink: --what heads: the configuration of architecture 'gpt2' cannot say what would be left: head_dim would be " err && [ ! -s out ]
}

@test "minitron is better than chance on brook, for channels" {
    tsplit "$MODEL" | mcalib -f "$BROOK/calib.txt" --tokens 2048 -c 256 --parts absmean >m.weir
    head -c 12000 "$BROOK/prose.test.txt" >t
    ppl() { mppl -q -f t -c 256 | awk -F '\t' 'NR == 2 { print $6 }'; }
    ours=$(wshrink -m minitron -s 30% <m.weir | ppl)
    for seed in 1 2; do
        chance=$(wscore -m random --seed $seed <m.weir | wshrink -m score -s 30% | ppl)
        echo "$ours $chance"
        awk "BEGIN { exit !($ours < 0.9 * $chance) }"
    done
}

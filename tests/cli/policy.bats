# wquant --policy: presets against llama-quantize's types, the grammar, what it refuses; the keys and order of a GGUF.
load helpers

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    tsplit "$MODEL" >brook.weir
}
setup() { cd "$BATS_FILE_TMPDIR"; }

GOLDEN=$BATS_TEST_DIRNAME/../golden/policy

# types POLICY: name and type of what it chooses of brook
types() { wquant -q --policy "$1" -n <brook.weir | awk -F '\t' 'NR > 1 && $1 != "total" { sub("model[.]", "", $1); print $1, $2 }'; }

@test "every preset gives every tensor the type that llama-quantize gives it" {
    mkdir -p models
    python3 "$BATS_TEST_DIRNAME/policy.py" "$(realpath "$GOLDEN")/types.tsv" "$PWD/models"
}

@test "what --print-policy prints is a policy, and gives the same" {
    for p in q4_k_m IQ3_S Q2_K; do
        wquant --print-policy $p >p.policy
        # words for other architectures match nothing here: a file's are named
        [ "$(wquant -q --policy p.policy -n <brook.weir 2>err)" = "$(wquant -q --policy $p -n <brook.weir)" ]
        grep -q "^wquant: p.policy: .* words are for no tensor of the stream; the first is line 3, 'head'" err
    done
}

@test "roles, globs, layers, conditions: the first rule that fits holds" {
    cat >mine.policy <<'EOF'
# six layers
attn.v | attn.k, 0 7/8:  if kv_heads < heads and importance == 0   q8_0
attn.v, 1/6:4:2     q6_K
attn.v              q5_K
*.5.mlp.up_proj.*   -
mlp.up, 1/2-1:1/2+1 q4_1
mlp, 2              f16
embed if arch == llama and cols == 256 and experts == 0   iq4_nl
EOF
    wquant -q --policy mine.policy --report r.tsv <brook.weir | tcat --only 'embed,mlp.up' >/dev/null
    types mine.policy >got
    diff - got <<'EOF'
embed_tokens.weight iq4_nl
layers.0.self_attn.k_proj.weight q8_0
layers.0.self_attn.v_proj.weight q8_0
layers.1.self_attn.v_proj.weight q6_K
layers.2.self_attn.v_proj.weight q5_K
layers.2.mlp.gate_proj.weight F16
layers.2.mlp.up_proj.weight q4_1
layers.2.mlp.down_proj.weight F16
layers.3.self_attn.v_proj.weight q6_K
layers.3.mlp.up_proj.weight q4_1
layers.4.self_attn.v_proj.weight q5_K
layers.5.self_attn.k_proj.weight q8_0
layers.5.self_attn.v_proj.weight q8_0
EOF
    diff <(cut -f 1-5 r.tsv) <(wquant -q --policy mine.policy -n <brook.weir | cut -f 1-5)
}

@test "a rule that is none is named by file and line" {
    while IFS='|' read -r line says; do
        printf '# one\n%s\n' "$line" >bad.policy
        run -1 wquant --policy bad.policy -n <brook.weir
        [ "$output" = "wquant: bad.policy:2: $says" ] || { echo "$output"; return 1; }
    done <<'EOF'
q4_K|'q4_K' is no rule: WHAT[, LAYERS] [if CONDITION] TYPE
mlp q4_Z|type 'q4_Z' is not known; did you mean q4_K? --list names them
mlp, q4_K|no layers stand behind the comma
mlp, 1/0: q4_K|layers '1/0:': a share of layers has 0 below the line
mlp, ::0 q4_K|layers '::0': the step '0' is no number above 0
mlp, x q4_K|layers 'x': 'x' is not a whole number
mlp up q4_K|'mlp up' is neither a role nor a glob
file_type x|file_type 'x' is none of 0 to 1023
EOF
    echo 'mlp if nonsense == 1 q4_K' >bad.policy
    run -1 wquant --policy bad.policy -n <brook.weir
    [[ "$output" == "wquant: bad.policy:1: model.layers.0.mlp.gate_proj.weight: "*nonsense* ]]
    echo '# nothing' >bad.policy
    run -1 wquant --policy bad.policy -n <brook.weir
    [ "$output" = "wquant: bad.policy has no rules" ]
    run -1 wquant --policy Q9_K -n <brook.weir
    [[ "$output" == "wquant: 'Q9_K' is no file, and no preset: Q2_K, "* ]]
    run -2 wquant --print-policy Q9_K
    run -2 wquant --policy Q4_K_M -t q4_K <brook.weir
}

@test "a word that is for no tensor is named, and the digest stands in the history" {
    printf 'mlp.dwn q6_K\n* q4_K\n' >typo.policy
    wquant -q --policy typo.policy <brook.weir >q.weir 2>err
    grep -q "^wquant: typo.policy: 1 word is for no tensor of the stream; the first is line 1, 'mlp.dwn'" err
    tshow -v q.weir | grep -q -- '--policy typo.policy:[0-9a-f]\{16\}'
    wquant -q --policy q2_k <brook.weir | tshow -v | grep -q -- '--policy Q2_K'
}

# ends FILE: the last two keys of a GGUF, and its first tensors
ends() {
    python3 "$REF/gguf.py" "$1" >keys
    awk -F '\t' '$1 == "kv" { was = last; last = $2 " " $4 } END { print was, last }' keys
    awk -F '\t' '$1 == "tensor" { print $2 }' keys | head -n 4 | paste -sd ' '
}

@test "the GGUF says the mix's file type, and --sort gives llama-quantize's order" {
    wquant -q -t f16 <brook.weir | tpack -q -o f16.gguf
    tsplit f16.gguf | wquant -q --policy Q3_K_M | tpack -q --sort -o q3.gguf
    ends q3.gguf >got
    diff - got <<'EOF'
general.quantization_version 2 general.file_type 12
output_norm.weight token_embd.weight blk.0.attn_k.weight blk.0.attn_norm.weight
EOF
    # another type later, and the note is gone
    wquant -q --policy Q3_K_M <brook.weir | wquant -q -t q8_0 | tpack -q -o q8.gguf
    tsplit q3.gguf | wquant -q -t q8_0 | tpack -q -o q8.gguf
    ends q8.gguf | grep -q 'general.file_type 7$'
    run -2 tpack --sort -o x.safetensors <brook.weir
}

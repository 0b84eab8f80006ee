# peft: low-rank terms as LoRA adapters in peft's folder and back; folded by a reader that shares nothing with weir.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    python3 "$TOP/tests/cli/tiny_gpt2.py" gpt2
    head -c 2000 "$BROOK/prose.test.txt" >text
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    cd "$BATS_TEST_TMPDIR"
    ln -s "$BATS_FILE_TMPDIR"/* .
}

# folds FOLDER WHOLE ADAPTERS WITHIN: base + adapter is WHOLE's model
folds() {
    python3 "$REF/peft.py" "$1/base/model.safetensors" "$1" "$2" >got || { cat got; return 1; }
    awk -F '\t' -v n="$3" -v most="$4" '!($2 == n && $1 <= most) { print; exit 1 }' got
}

@test "pissa: the adapter folded into its base is the model, within the rounding of a sum" {
    tsplit tiny | lrfactor -m pissa -r 4 -t F32 | tpack -t peft -o out/
    folds out tiny/model.safetensors 14 1e-6
    [ "$(ls out)" = "adapter_config.json
adapter_model.safetensors
base" ]
    python3 "$REF/safetensors.py" --quiet --order out/adapter_model.safetensors
    for f in config.json tokenizer.json tokenizer.model; do cmp tiny/$f out/base/$f; done
}

@test "ranks that differ stand in rank_pattern, scales in alpha_pattern, modules by whole names where some have no adapter" {
    tsplit tiny | lrfactor -m pissa --keep 0.3 -t F32 --skip '*.1.*down_proj*' | tpack -t peft -o out/
    folds out tiny/model.safetensors 13 1e-6
    grep -q '"model.layers.0.mlp.down_proj"' out/adapter_config.json
    grep -q '"model.layers.0.self_attn.k_proj": 3' out/adapter_config.json
}

@test "GPT-2: the base is turned back, the factors are not; the prefix that the checkpoint leaves out is there" {
    tsplit gpt2 | lrfactor -m pissa -r 3 -t F32 | tpack -t peft -o out/ # c_attn's adapter has the ranks of q, k and v together
    folds out gpt2/model.safetensors 8 1e-6
    grep -q '"fan_in_fan_out": true' out/adapter_config.json
    grep -q '"transformer.h.0.attn.c_attn": 9' out/adapter_config.json
    rm -r out
    tsplit gpt2 | lrfactor -m pissa -r 3 -t F32 --only attn.v,mlp | tpack -t peft -o out/ # of c_attn only v
    folds out gpt2/model.safetensors 6 1e-6
}

@test "eva: the base is the checkpoint, bit for bit, B is zero" {
    tsplit tiny | mcalib -f text -c 64 --parts gram,mean | lrfactor -m eva -r 4 | tpack -t peft -o out/
    cmp tiny/model.safetensors out/base/model.safetensors
    folds out tiny/model.safetensors 14 0
}

@test "a quantized base is refused, or dense where asked" {
    tsplit tiny | wquant -t int4 -g 32 --only attn,mlp --residual | lrfactor --term residual -m svd -r 4 -t F32 >q.weir
    run bash -c 'tpack -t peft -o out/ <q.weir'
    one_line_error 1 tpack
    [[ $output == *q_proj*affine*--dense* ]]
    [ ! -e out ] && [ -z "$(find . -maxdepth 1 -name 'out*')" ]
    tpack -t peft --dense=f32 -o out/ <q.weir
    tcat --dense=F32 q.weir | tpack -o whole.safetensors
    folds out whole.safetensors 14 1e-6
}

@test "tmerge -m attach gives the terms back: pack and attach undo each other, of streams and folders" {
    for t in tiny gpt2; do
        tsplit $t | lrfactor -m pissa -r 4 -t F32 --only attn.o,mlp >p.weir
        tpack -t peft -o out/ <p.weir
        tmerge -m attach out/base out >back.weir
        tdiff p.weir back.weir | awk -F '\t' 'NR > 1 && $9 != "header" { print; exit 1 }'
        tsplit out/base | tmerge -m attach - out | tdiff - back.weir
        rm -r out
    done
}

@test "scales, rank patterns and rslora of others' adapters are understood" {
    python3 "$TOP/tests/cli/st.py" make base.safetensors model.layers.0.mlp.up_proj.weight F32 2x3 1 2 3 4 5 6
    mkdir ad
    python3 "$TOP/tests/cli/st.py" make ad/adapter_model.safetensors base_model.model.model.layers.0.mlp.up_proj.lora_A.weight F32 4x3 \
        1 0 0 0 1 0 0 0 1 0 0 0 -- base_model.model.model.layers.0.mlp.up_proj.lora_B.weight F32 2x4 1 0 0 0 0 1 0 0
    sum() {
        echo "{\"peft_type\": \"LORA\", $1}" >ad/adapter_config.json
        tmerge -m attach base.safetensors ad | tcat --dense=F32 | tpack -t safetensors -o f && python3 "$TOP/tests/cli/st.py" show f | paste -sd' '
    }
    [ "$(sum '"r": 4, "lora_alpha": 8')" = "3 2 3 4 7 6" ]
    [ "$(sum '"r": 2, "lora_alpha": 8, "rank_pattern": {"up_proj": 4}')" = "3 2 3 4 7 6" ]
    [ "$(sum '"r": 4, "lora_alpha": 8, "alpha_pattern": {"mlp.up_proj": 4}')" = "2 2 3 4 6 6" ]
    [ "$(sum '"r": 4, "lora_alpha": 8, "alpha_pattern": {"p_proj": 4}')" = "3 2 3 4 7 6" ]
    [ "$(sum '"r": 4, "lora_alpha": 8, "use_rslora": true')" = "5 2 3 4 9 6" ]
    for wrong in '"r": 3:*lora_A has 4 rows*rank 3*' '"r": 4, "use_dora": true:*DoRA*' '"r": 4, "lora_bias": true:*lora_bias*' '"r": 4, "init_lora_weights": "pissa":*init_lora_weights*' '"r": 4, "trainable_token_indices": [3]:*trainable_token_indices*' \
        '"r": 4, "modules_to_save": ["x"]:*modules_to_save*'; do
        echo "{\"peft_type\": \"LORA\", ${wrong%:*}}" >ad/adapter_config.json
        run bash -c 'tmerge -m attach base.safetensors ad >/dev/null'
        one_line_error 1 tmerge
        [[ $output == ${wrong##*:} ]]
    done
}

@test "what cannot be an adapter is told, and nothing is left" {
    run bash -c 'tsplit tiny | tpack -t peft -o out/'
    one_line_error 1 tpack
    [[ $output == *lrfactor* ]]
    run bash -c 'tsplit tiny | lrfactor -m pissa -r 2 --only "*k_proj*" | lrfactor -m svd -r 2 --only "*q_proj*" | tpack -t peft -o out/'
    one_line_error 1 tpack
    [[ $output == *q_proj*"no base"* ]]
    run bash -c 'tsplit tiny | lrfactor -m pissa -r 2 --only embed | tpack -t peft -o out/'
    one_line_error 1 tpack
    [[ $output == *embeddings* ]]
    [ -z "$(find . -maxdepth 1 -name 'out*')" ]
    tsplit tiny | lrfactor -m pissa -r 2 | tpack -t peft -o out/
    run bash -c 'tmerge -m attach gpt2 out >/dev/null'
    one_line_error 1 tmerge
    [[ $output == *lora_A*gpt2* ]]
    run bash -c 'tsplit tiny | lrfactor -m pissa -r 2 | tpack -t peft -o -'
    [ "$status" -eq 2 ]
}

# merged ADAPTER WANT: the base with the adapter is what peft merges, within the rounding of f32
merged() {
    base=${3:-base}
    tmerge -m attach "$GOLD/$base" "$1" | tcat --dense=F32 | tpack -t safetensors -o got.safetensors
    python3 - got.safetensors "$2" <<PY
import struct, sys
sys.path.insert(0, "$REF")
import safetensors
got, want = (safetensors.read(p)[1] for p in sys.argv[1:])
assert set(got) == set(want), set(got) ^ set(want)
f = lambda t: struct.unpack("<%df" % (len(t["data"]) // 4), bytes(t["data"]))
worst = max(abs(x - y) for n in want for x, y in zip(f(got[n]), f(want[n]), strict=True))
changed = sum(f(got[n]) != f(safetensors.read("$GOLD/$base/model.safetensors")[1][n]) for n in want)
assert worst <= 1e-5 and changed >= 4, (worst, changed)
PY
}

@test "peft's own adapters: patterns that are regular expressions, rslora, whole modules and biases, embeddings; merged as merge_and_unload does" {
    GOLD=$TOP/tests/golden/peft
    for a in patterns rslora whole embedding; do
        merged "$GOLD/$a" "$GOLD/$a.safetensors" || { echo "$a"; return 1; }
    done
    merged "$GOLD/fused" "$GOLD/fused.safetensors" gpt2 # c_attn holds q, k and v, [inputs][outputs]
    for a in module-before module-behind; do merged "$GOLD/$a" "$GOLD/rslora.safetensors"; done
}

@test "a pattern's key that is no regular expression is named; one that never ends is given up" {
    GOLD=$TOP/tests/golden/peft
    cp -r "$GOLD/patterns" ad
    for key in '(unclosed:alpha_pattern*unclosed*missing' '(.|..|...)*[!?]:alpha_pattern*too long'; do
        sed "s/\"lora_alpha\"/\"_\": 0, &/; s/\"alpha_pattern\": {/&\"${key%%:*}\": 1, /" "$GOLD/patterns/adapter_config.json" >ad/adapter_config.json
        run bash -c "tmerge -m attach '$GOLD/base' ad >/dev/null"
        one_line_error 1 tmerge
        [[ $output == *${key#*:}* ]]
    done
}

@test "base_layer.weight: passed over where it is the base's; an adapter of another base, or of a tied head or embedding, is refused" {
    GOLD=$TOP/tests/golden/peft
    grep -q base_layer "$GOLD/embedding/adapter_model.safetensors"
    cp -r "$GOLD/base" other
    python3 - <<PY
import re
b = bytearray(open("other/model.safetensors", "rb").read())
b[-1] ^= 1                     # the head's last number, or the norm's
import json, struct
n = struct.unpack("<Q", b[:8])[0]
h = json.loads(b[8:8 + n])
at = 8 + n + h["lm_head.weight"]["data_offsets"][0]
b[-1] ^= 1
b[at + 1] ^= 1
open("other/model.safetensors", "wb").write(b)
PY
    run bash -c "tmerge -m attach other '$GOLD/embedding' >/dev/null"
    one_line_error 1 tmerge
    [[ $output == *lm_head.base_layer.weight*"another base"* ]]
    cp -r "$GOLD/base" tied
    sed -i 's/"tie_word_embeddings": false/"tie_word_embeddings": true/' tied/config.json
    tcat --skip head <(tsplit "$GOLD/base") | tpack -t safetensors -o bare
    mv bare tied/model.safetensors
    for a in embedding whole; do
        run bash -c "tmerge -m attach tied '$GOLD/$a' >/dev/null"
        one_line_error 1 tmerge
        [[ $output == *tie_word_embeddings*both* ]]
    done
}

# Folders whose linears are in the formats of peers' quantizers: tpack -t gptq, awq, pack-quantized ...
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    GOLD=$TOP/tests/golden/quantized
    F="python3 $TOP/tests/cli/formats.py"
    cd "$BATS_TEST_TMPDIR"
}

# refused FORMAT MESSAGE-PART... <STREAM: one line that holds these, and nothing at the target
refused() {
    local format=$1 part
    shift
    run tpack -t "$format" -o out
    one_line_error 1 tpack
    for part; do case $output in *"$part"*) ;; *) echo "lacks '$part': $output"; return 1 ;; esac; done
    [ ! -e out ]
}

# through FORMAT WQUANT-OPTION...: the tiny model's linears in this format, as f: the numbers are the stream's
through() {
    local format=$1
    shift
    rm -rf f g
    tsplit "$TINY" | wquant "$@" --only "${ONLY:-linear}" >s.weir
    tpack -t "$format" -o f <s.weir
    tpack -t safetensors --dense=F32 -o s.safetensors <s.weir
    $F f s.safetensors
    tsplit f >f.weir
    tpack -t "$format" -o g <f.weir
    cmp f/model.safetensors g/model.safetensors
    python3 -c 'import json; assert json.load(open("f/config.json")) == json.load(open("g/config.json"))'
}

@test "what the peers' own packers wrote comes back bit for bit" {
    while read -r gold format skip; do
        rm -rf out in
        cp -r "$GOLD/$gold" in
        # left out is what no one format holds: two types of scales in a model; a scale for a whole tensor; small blocks
        sed -i 's/"torch_dtype": "bfloat16"/"torch_dtype": "float32"/' in/config.json
        tsplit in ${skip:+--skip "$skip"} | tpack -t "$format" -o out
        $F some in out
    done <<'EOF'
ct_pack pack-quantized w5*
ct_int int-quantized tensor*
ct_float float-quantized block*,tensor*
ct_nvfp4 nvfp4-pack-quantized
ct_mxfp4 mxfp4-pack-quantized
ct_mxfp4 compressed-tensors
gptq gptq w2*,w3*,w8*
gptq gptq w2*,w3*,w4*
gptq_v2 gptq_v2 w4*,w3*,w8*
gptq_v2 gptq_v2 w2*,w4*,w8*
awq awq
mxfp4 mxfp4
EOF
}

@test "every format holds the stream's numbers, as plain Python unpacks them, and comes back to the same bytes" {
    through gptq -t int4 -g 16 --scales bf16
    ONLY=mlp.gate,mlp.up through gptq -t int3 -g 32 --sym --scales bf16
    through gptq_v2 -t int2 -g 8 --scales bf16
    through gptq -t int8 -g 0 --scales bf16
    through awq -t int4 -g 16 --scales bf16
    through awq -t int4 -g 0 --sym --scales bf16
    for b in 2 3 4 5 6 7 8; do
        through pack-quantized -t int$b -g 16 --sym --scales bf16
        through pack-quantized -t int$b -g 32 --scales bf16
    done
    through int-quantized -t int8 -g 0 --sym --scales bf16
    through float-quantized -t fp8 -g 0 --scales bf16
    through nvfp4-pack-quantized -t fp4 -g 16 --scales f8_e4m3
    through mxfp4-pack-quantized -t fp4 -g 32 --scales f8_e8m0
    through fp8 -t fp8 -g 128 --rows 128 --scales f32
}

@test "codes by gptq with its order of columns, and by awq, go the same way" {
    head -c 3000 "$BROOK/calib.txt" >calib.txt
    tsplit "$TINY" | mcalib -f calib.txt -c 64 --parts gram,absmean >c.weir
    for m in "gptq -m gptq --act-order" "awq -m awq" "pack-quantized -m gptq"; do
        rm -rf f
        wquant -t int4 -g 16 ${m#* } --scales bf16 --only linear <c.weir >s.weir
        tpack -t "${m%% *}" -o f <s.weir
        tpack -t safetensors --dense=F32 -o s.safetensors <s.weir
        $F f s.safetensors
    done
}

@test "a mixed model: schemes are groups of their own, what stays is on the list" {
    tsplit "$TINY" | wquant -t int4 -g 16 --sym --scales bf16 --only 'attn.q,attn.k,mlp.up' |
        wquant -t int8 -g 32 --scales bf16 --only mlp.down | wquant -t fp8 -g 0 --scales bf16 --only attn.v >s.weir
    tpack -t compressed-tensors -o f <s.weir
    tpack -t safetensors --dense=F32 -o s.safetensors <s.weir
    $F f s.safetensors
    python3 - <<'PY'
import json
c = json.load(open("f/config.json"))
q = c["quantization_config"]
assert c["model_type"] == "llama" and q["quant_method"] == "compressed-tensors" and q["format"] == "mixed-precision"
by = {m: g for g in q["config_groups"].values() for m in g["targets"]}
assert len(q["config_groups"]) == 3 and len(by) == 10
at = lambda i, n: by["model.layers.%d.%s" % (i, n)]
assert at(0, "self_attn.q_proj") is at(1, "mlp.up_proj")
assert at(1, "self_attn.q_proj")["weights"] == {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": 16, "dynamic": False}
assert at(1, "mlp.down_proj")["weights"]["group_size"] == 32 and not at(1, "mlp.down_proj")["weights"]["symmetric"]
assert at(0, "self_attn.v_proj")["weights"]["strategy"] == "channel" and at(0, "self_attn.v_proj")["input_activations"]["strategy"] == "token"
assert sorted(q["ignore"]) == ["lm_head"] + ["model.layers.%d.%s" % (i, n) for i in (0, 1) for n in ("mlp.gate_proj", "self_attn.o_proj")], q["ignore"]
PY
    refused pack-quantized "v_proj.weight: table8" <s.weir
    # the formats without groups: modules_to_not_convert, and gptq's dynamic
    tsplit "$TINY" | wquant -t int4 -g 16 --scales bf16 --only 'attn.q,mlp.gate,mlp.up,mlp.down' >s.weir
    tpack -t awq -o a <s.weir
    tpack -t gptq -o b <s.weir
    python3 - <<'PY'
import json, re
left = ["model.layers.%d.self_attn.%s_proj" % (i, n) for i in (0, 1) for n in "kvo"] + ["lm_head"]
a, b = (json.load(open(f + "/config.json"))["quantization_config"] for f in "ab")
assert sorted(a["modules_to_not_convert"]) == sorted(left) and a["group_size"] == 16 and a["zero_point"]
assert [p[:2] for p in b["dynamic"]] == ["-:"] * len(left)
assert all(any(re.match(p[2:], m) for p in b["dynamic"]) for m in left)
assert not any(re.match(p[2:], "model.layers.0.self_attn.q_proj") for p in b["dynamic"])
assert (b["bits"], b["group_size"], b["desc_act"], b["sym"]) == (4, 16, False, False)
PY
}

@test "a form that a format does not hold is refused: tensor, form, what it holds" {
    tsplit "$TINY" | wquant -t int4 -g 16 --scales bf16 >all.weir
    refused gptq "model.embed_tokens.weight: int4/g16 (an embedding) is not held by gptq" "--only linear" <all.weir
    tsplit "$TINY" >dense.weir
    refused awq "no weight of the stream is quantized" "wquant -t int4" <dense.weir
    while IFS='|' read -r format how what; do
        # shellcheck disable=SC2086
        wquant $how --only linear <dense.weir >s.weir
        refused "$format" "$what" <s.weir
    done <<'EOF'
gptq|-t int4 -g 16 -m hqq --scales bf16|q_proj.weight: int4/g16 (zeros that are not whole numbers) is not held by gptq
awq|-t int3 -g 16 --scales bf16|q_proj.weight: int3/g16 (3 bits) is not held by awq: it takes linears of int4
gptq|-t int5 -g 16 --scales bf16|(5 bits)
pack-quantized|-t int4 -g 12 --scales bf16|groups of 12 columns that do not fill a row of 32
int-quantized|-t int8 -g 16 --scales bf16|8 bits and 2 groups a row
awq|-t int4 -g 16 --scales f32|scales of F32
pack-quantized|-t int4 -g 16|scales of F16, which readers round to the model's BF16 (config.json): wquant --scales bf16
mxfp4-pack-quantized|-t fp4 -g 16 --scales bf16|floats of 4 bits in groups of 16, scales of BF16
fp8|-t fp8 -g 0 --scales f32|rows 0 and 1 have other scales
mxfp4|-t fp4 -g 32 --scales f8_e8m0|no expert of a stack
compressed-tensors|-t nf4 -g 16 --scales bf16|none of E2M1, E4M3 and E5M2
gptq|-t q8_0|ggml q8_0, which the format does not hold: add --dense, or quantize to what it holds (tpack --list)
EOF
    wquant -t int4 -g 16 --scales bf16 --only attn.q <dense.weir | wquant -t int8 -g 16 --scales bf16 --only attn.k >s.weir
    refused gptq "k_proj.weight: int8/g16 (8 bits, where the weights before it have 4: all have the same)" <s.weir
    wquant -t int4 -g 16 --scales bf16 --only attn.q <dense.weir | wquant -t int4 -g 8 --scales bf16 --only attn.k >s.weir
    refused gptq "k_proj.weight: int4/g8 (groups of 8 columns, where the weights before it have 16" <s.weir
    wquant -t int4 -g 0 --scales bf16 --only attn.q <dense.weir | wquant -t int4 -g 8 --scales bf16 --only attn.k >s.weir
    refused gptq "k_proj.weight: int4/g8 (groups of 8 columns, where a weight before it has 32 in one" <s.weir
    wquant -t int4 -g 16 --scales bf16 --only attn.q <dense.weir | wquant -t int4 -g 16 --scales f16 --only attn.k >s.weir
    refused gptq "k_proj.weight: int4/g16 (scales of F16, where model.layers.0.self_attn.q_proj.weight has BF16)" <s.weir
    wquant -t q8_0 <dense.weir >s.weir
    refused gptq "there will be values that are blocks of ggml (wquant -t q8_0), which the format does not hold" <s.weir
    tsplit "$TINY/model.safetensors" | wquant -t int4 -g 16 --scales bf16 --only '*proj*' >s.weir
    refused gptq "no config.json came with the stream" <s.weir
}

@test "a zero of 0 is for GPTQ's second format: readers of the first differ about it" {
    cp -r "$TINY" positive
    python3 - <<'PY'
import json, struct
f = "positive/model.safetensors"
raw = bytearray(open(f, "rb").read())
n, = struct.unpack("<Q", raw[:8])
a, b = json.loads(raw[8:8 + n])["model.layers.0.self_attn.q_proj.weight"]["data_offsets"]
for i in range(8 + n + a + 1, 8 + n + b, 2):
    raw[i] &= 0x7f
open(f, "wb").write(raw)
PY
    tsplit positive | wquant -t int4 -g 16 --scales bf16 --only linear >s.weir
    refused gptq "q_proj.weight: int4/g16 (a zero of 0" "gptq_v2" <s.weir
    tpack -t gptq_v2 -o f <s.weir
    tpack -t safetensors --dense=F32 -o s.safetensors <s.weir
    $F f s.safetensors
}

@test "--dense: what a format does not hold is written plain, and left on the list" {
    tsplit "$TINY" | wquant -t int4 -g 16 --scales bf16 --only attn.q | wquant -t int3 -g 16 --scales bf16 --only attn.k >s.weir
    tpack -t awq --dense -o f <s.weir
    python3 -c '
import json
q = json.load(open("f/config.json"))["quantization_config"]
assert "model.layers.0.self_attn.k_proj" in q["modules_to_not_convert"] and "model.layers.0.self_attn.q_proj" not in q["modules_to_not_convert"]'
    tsplit f | tshow | grep -q 'k_proj.weight.*BF16'
}

@test "a model that becomes F16 says so, and has scales of f16" {
    tsplit "$TINY" | wquant -t f16 --only embed | wquant -t int4 -g 16 --scales f16 --only linear | tpack -t awq -o f
    grep -q '"float16"' f/config.json
}

@test "a folder that is written anew has one quantization_config, in shards too" {
    tsplit "$TINY" | wquant -t int4 -g 16 --scales bf16 --only linear >s.weir
    tpack -t pack-quantized -o f <s.weir
    tpack -t pack-quantized --max-shard-size 100kB -o g <s.weir
    [ -e g/model.safetensors.index.json ]
    tsplit g | tpack -t pack-quantized -o h
    cmp f/model.safetensors h/model.safetensors
    python3 -c 'import json; assert json.load(open("f/config.json")) == json.load(open("g/config.json"))'
}

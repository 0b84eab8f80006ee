# Checkpoints that peers have quantized: read by their method, or refused by its name. Never numbers without their scales.
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    ST=$TOP/tests/cli/st.py
    GOLD=$TOP/tests/golden/quantized
    cd "$BATS_TEST_TMPDIR"
}

# refused PATH MESSAGE-PART...: tsplit of it fails with one line that holds these, and leaves no file
refused() {
    local path=$1 part
    shift
    run tsplit -o out.weir "$path"
    one_line_error 1 tsplit
    for part; do case $output in *"$part"*) ;; *) echo "lacks '$part': $output"; return 1 ;; esac; done
    [ ! -e out.weir ]
}

# with_config MEMBER JSON: the tiny model as q, with one more member in config.json
with_config() {
    rm -rf q && cp -r "$TINY" q
    python3 - "$@" <<'PY'
import json, sys
c = json.load(open("q/config.json"))
c[sys.argv[1]] = json.loads(sys.argv[2])
json.dump(c, open("q/config.json", "w"))
PY
}

@test "a method that is not read is refused by its name, and so it is by tmerge" {
    for m in aqlm quanto eetq hqq higgs vptq spqr torchao bitnet quark some-new-one; do
        with_config quantization_config "{\"quant_method\": \"$m\", \"bits\": 4}"
        refused q "config.json" "quantized by $m (quantization_config)"
    done
    run tmerge -m linear "$TINY" q -o out.weir
    one_line_error 1 tmerge
    [[ $output == *"quantized by some-new-one"* ]]
    with_config quantization_config '{"bits": 4}'
    refused q "a method without a name"
    with_config quantization '{"group_size": 64, "bits": 4}'
    refused q "quantized by mlx"
}

@test "tensors that only a quantizer makes are refused where no file says how" {
    for t in weight_scale_inv weight_packed weight_scale qweight SCB weight.quant_map weight.absmax codebooks W_q; do
        python3 "$ST" make q.safetensors a.weight F32 2x2 1 2 3 4 -- "a.$t" F32 1 1
        refused q.safetensors "a.$t: a tensor of a quantized checkpoint"
    done
    python3 "$ST" make q.safetensors experts.up_blocks I8 2x2 1 2 3 4 -- experts.up_scales I8 2 1 1
    refused q.safetensors "experts.up_blocks" mxfp4
    python3 "$ST" make q.safetensors a.weight I8 2x2 1 2 3 4 -- a.scales F32 2 1 1 -- a.biases F32 2 1 1
    refused q.safetensors "a.scales" mlx
}

@test "names that look alike are no quantizer's" {
    python3 "$ST" make p.safetensors res_blocks F32 2x2 1 2 3 4 -- logit.scales F32 1 1 -- a.weight F32 1 1
    tsplit p.safetensors | tpack -o again.safetensors
    diff <(python3 "$ST" show p.safetensors) <(python3 "$ST" show again.safetensors)
}

@test "values are those of the peers' own code, bit for bit" {
    for d in "$GOLD"/*/; do
        d=$(basename "$d")
        tsplit "$GOLD/$d" | tpack -t safetensors --dense=F32 -o all.safetensors
        python3 "$TOP/tests/cli/quantized.py" "$GOLD/want.tsv" "$d" all.safetensors
    done
    [ "$(cut -f1 "$GOLD/want.tsv" | sort -u | wc -l)" -eq "$(ls -d "$GOLD"/*/ | wc -l)" ]
}

@test "a quantized model is the model that its numbers stand for: run, pruned, merged, quantized anew" {
    python3 "$TOP/tests/cli/fp8.py" "$TINY" fp8 dense
    head -c 1500 "$BROOK/calib.txt" >calib.txt
    tsplit fp8 >fp8.weir
    tsplit dense >dense.weir
    tshow <fp8.weir | grep -q 'q_proj.weight.*table8'
    ! tshow <fp8.weir | grep -q _scale
    mppl -f calib.txt -c 64 <fp8.weir >a
    mppl -f calib.txt -c 64 <dense.weir >b
    cmp a b
    for f in "wprune -m magnitude -s 0.5" "wquant -t q4_0" "wquant -t int4 -g 32"; do
        for m in fp8 dense; do $f --only '*proj*' <$m.weir | tpack -t safetensors --dense=F32 -o $m.safetensors; done
        cmp fp8.safetensors dense.safetensors
    done
    tmerge -m linear --dtype F32 fp8 "$TINY" | tpack -t safetensors -o a.safetensors
    tmerge -m linear --dtype F32 dense "$TINY" | tpack -t safetensors -o b.safetensors
    cmp a.safetensors b.safetensors
    tmerge -m linear --dtype F32 "$TINY" fp8 | tpack -t safetensors -o a.safetensors
    tmerge -m linear --dtype F32 "$TINY" dense | tpack -t safetensors -o b.safetensors
    cmp a.safetensors b.safetensors
}

@test "config.json that is written says nothing of a quantizer, and else what it said" {
    python3 "$TOP/tests/cli/fp8.py" "$TINY" fp8 dense
    tsplit fp8 | tpack --dense -o out/
    python3 - <<'PY'
import json
a, b = json.load(open("fp8/config.json")), json.load(open("out/config.json"))
a.pop("quantization_config")
assert a == b, (a, b)
PY
    cp -r "$GOLD/modelopt_fp8" m
    tsplit m | tpack --dense -o n/
    [ ! -e n/hf_quant_config.json ]
    python3 -c 'import json; assert json.load(open("n/config.json")) == {"model_type": "none"}'
}

@test "shards of a quantized checkpoint are the whole" {
    tsplit "$GOLD/gptq" >whole.weir
    tsplit -n 3 -d s "$GOLD/gptq"
    tmerge -m cat s/* | tpack -t safetensors --dense=F32 -o a.safetensors
    tpack -t safetensors --dense=F32 -o b.safetensors <whole.weir
    cmp a.safetensors b.safetensors
    for i in 1 2; do tsplit --shard $i/2 "$GOLD/mxfp4" >$i.weir; done
    tmerge -m cat 1.weir 2.weir | tpack -t safetensors --dense=F32 -o c.safetensors
    python3 "$TOP/tests/cli/quantized.py" "$GOLD/want.tsv" mxfp4 c.safetensors
}

# changed NAME PYTHON: the golden checkpoint as q; PYTHON has its config (c) and its header (h: data lie behind it as they did)
changed() {
    rm -rf q && cp -r "$GOLD/$1" q
    python3 - "$2" <<'PY'
import json, struct, sys
raw = open("q/model.safetensors", "rb").read()
n, = struct.unpack("<Q", raw[:8])
h, c = json.loads(raw[8:8 + n]), json.load(open("q/config.json"))
exec(sys.argv[1])
json.dump(c, open("q/config.json", "w"))
text = json.dumps(h).encode()
open("q/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + raw[8 + n:])
PY
}

@test "what a method does not hold together is refused: tensor, and what is wrong" {
    changed gptq 'h["w4.gone"] = h.pop("w4.qzeros")'
    refused q "w4.qweight: its qzeros are missing"
    changed gptq 'h["w4.gone"] = h.pop("w4.scales")'
    refused q "w4.qweight: its scales are missing"
    changed gptq 'c["quantization_config"]["checkpoint_format"] = "marlin"'
    refused q "GPTQ's format 'marlin' is not read"
    changed awq 'c["quantization_config"]["version"] = "gemv"'
    refused q "AWQ's version 'gemv' of 4 bits is not read"
    changed fp8_block 'h["b.weight_scale_inv"] = h.pop("a.weight_scale_inv")'
    refused q "b.weight_scale_inv: a tensor of a quantized weight that fp8 does not explain"
    changed fp8_block 'h["a.weight_scale_inv"]["shape"] = [6]'
    refused q "a.weight: scales [6] do not divide a weight of 32 rows and 48 columns"
    changed ct_pack 'h["odd.gone"] = h.pop("odd.weight_shape")'
    refused q "odd.weight_packed: weight_shape is missing"
    changed ct_pack 'h["odd.gone"] = h.pop("odd.weight_scale")'
    refused q "odd.weight_packed: its scales"
    changed bnb_nf4 'h["b20.gone"] = h.pop("b20.weight.absmax")'
    refused q "b20.weight: its absmax is missing"
    changed bnb_nf4 'h["b20n.gone"] = h.pop("b20n.weight.nested_absmax")'
    refused q "b20n.weight: its nested_absmax is missing"
    changed bnb_int8 'h["a.SCB"]["shape"] = [12, 2]; h["a.weight"]["shape"] = [12, 80]'
    refused q "a.weight: SCB of type F32"
    changed mxfp4 'k = next(k for k in h if k.endswith("_scales")); h[k]["shape"] = [3, 2, 8]'
    refused q "scales that do not go with them"
    changed mxfp4 'c["quantization_config"]["quant_method"] = "fp8"'
    refused q "_blocks: a tensor of a quantized weight that fp8 does not explain"
}

@test "a file of a quantizer that is no JSON is refused, not overlooked" {
    cp -r "$GOLD/modelopt_fp8" q
    echo '{"quantization": ' >q/hf_quant_config.json
    refused q hf_quant_config.json
}

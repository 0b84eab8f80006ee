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

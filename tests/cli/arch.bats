# Architectures: checkpoints of tests/golden/arch, made by transformers, through tsplit, tpack and mppl.
setup() {
    cd "$BATS_TEST_DIRNAME/../.."; T=$BATS_TEST_TMPDIR; G=tests/golden/arch
}

# The loss that transformers computed.
golden_loss() {
    python3 - "$1/golden.safetensors" <<'P'
import json, struct, sys
f = open(sys.argv[1], "rb")
n = struct.unpack("<Q", f.read(8))[0]
at = json.loads(f.read(n))["loss"]["data_offsets"][0]
f.seek(8 + n + at)
print(repr(struct.unpack("<f", f.read(4))[0]))
P
}

@test "every golden checkpoint comes back with equal bytes, its configuration too" {
    for d in "$G"/*/; do
        a=$(basename "$d"); [ -e "$d/config.json" ] || continue
        case $a in *mxfp4) continue ;; esac
        tsplit "$d" | tpack --format hf -o "$T/$a"
        cmp "$d/model.safetensors" "$T/$a/model.safetensors"
        cmp "$d/config.json" "$T/$a/config.json"
        rm -r "${T:?}/$a"
    done
}

@test "a quantized checkpoint of stacked experts comes back dense, in the layout of the model's own files" {
    d=$G/gpt_oss-mxfp4
    tsplit "$d" | tpack --dense -o "$T/dense/"
    ! grep -q quantization_config "$T/dense/config.json"
    shapes() { tsplit "$1" | tshow | cut -f 1,2,5,6 | grep -v '^ids'; }
    diff <(shapes "$G/gpt_oss" | grep -v config.json) <(shapes "$T/dense" | grep -v config.json)
    tsplit "$d" | mppl --ids "$d/ids" -c 24 >"$T/a"
    tsplit "$T/dense" | mppl --ids "$d/ids" -c 24 >"$T/b"
    cmp "$T/a" "$T/b"
}

@test "every tensor of a golden checkpoint has a role, but what its page ignores" {
    for d in "$G"/*/; do
        a=$(basename "$d"); [ -e "$d/config.json" ] || continue
        tsplit "$d" | tshow | awk -F '\t' 'NR > 1 && $1 != "total" && $3 != "blob" && $5 == "-" && $1 !~ /^pooler/' >"$T/none"
        [ ! -s "$T/none" ] || { echo "$a:"; cat "$T/none"; false; }
    done
}

@test "mppl's loss is transformers' within 2e-5 nats, for every architecture that scores" {
    for d in "$G"/*/; do
        a=$(basename "$d"); [ -e "$d/golden.safetensors" ] || continue
        case $a in bert) continue ;; esac
        want=$(golden_loss "$d")
        got=$(tsplit "$d" | mppl --ids "$d/ids" -c 24 | awk 'NR == 2 { print $5 }')
        awk -v a="$a" -v w="$want" -v g="$got" 'BEGIN { d = g - w; if (d < 0) d = -d; if (g == "" || d > 2e-5) { print a ": mppl " g ", transformers " w; exit 1 } }'
    done
}

@test "an encoder has no perplexity, a page of names only cannot be run, and both say so" {
    run bash -c "tsplit $G/bert | mppl --ids $G/bert/ids -c 24"
    [ "$status" -eq 1 ]
    [[ $output == *"gives states and does not score next tokens"* ]]
    run bash -c "tsplit $G/mamba | mppl --ids $G/llama/ids -c 24"
    [ "$status" -eq 1 ]
    [[ $output == *"architecture 'mamba' cannot be run: its page gives names only"* ]]
}

@test "a page of the user's own runs a model that weir does not know: by option, and beside the model" {
    cp -r "$G/qwen3" "$T/m"
    sed -i 's/"model_type": "qwen3"/"model_type": "mine"/' "$T/m/config.json"
    run bash -c "tsplit $T/m | mppl --ids $G/qwen3/ids -c 24"
    [ "$status" -eq 1 ]
    [[ $output == *"architecture 'mine' has no page here; there are"*"llama"* ]]
    sed 's/^arch qwen3/arch mine/; s/^hf .*/hf mine Qwen3ForCausalLM/' lib/arch/qwen3.arch >"$T/mine.arch"
    tsplit --arch "$T/mine.arch" "$T/m" | tcat | mppl --ids "$G/qwen3/ids" -c 24 >"$T/a"
    tsplit "$G/qwen3" | mppl --ids "$G/qwen3/ids" -c 24 >"$T/b"
    cmp "$T/a" "$T/b"
    cp "$T/mine.arch" "$T/m/"
    tsplit "$T/m" | mppl --ids "$G/qwen3/ids" -c 24 >"$T/a"
    cmp "$T/a" "$T/b"
    sed -i 's/^  k = rope k.*/  k = warp k/' "$T/m/mine.arch"
    run bash -c "tsplit $T/m | mppl --ids $G/qwen3/ids -c 24"
    [ "$status" -eq 1 ]
    [[ $output == *"mine.arch:"*"op 'warp' is not one that runs here"* ]]
}

@test "a page that is wrong is told by file and line" {
    printf 'arch x\nnumber\n  hidden hidden_size - = 3 +\n' >"$T/x.arch"
    run tsplit --arch "$T/x.arch" "$G/llama"
    [ "$status" -eq 2 ]
    [[ $output == *"x.arch:3: hidden: '3 +': something is missing"* ]]
}

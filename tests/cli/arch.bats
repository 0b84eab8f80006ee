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

# A tokenizer of 64 pieces, which a GGUF needs.
small_tokenizer() {
    python3 - "$1" <<'P'
import json, sys
pieces = ["<pad>", "<s>", "</s>", "\u010a", "\u0120", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "<unk>", "<|endoftext|>", "0", "1", "th", "he", "in"]
added = [dict(id=pieces.index(s), content=s, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
         for s in (*pieces[:3], "<unk>", "<|endoftext|>")]
level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
model = dict(type="BPE", unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False, byte_fallback=False,
             ignore_merges=False, vocab={p: i for i, p in enumerate(pieces)}, merges=[["t", "h"], ["h", "e"], ["i", "n"]])
json.dump(dict(version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=level,
               post_processor=None, decoder=level, model=model), open(sys.argv[1] + "/tokenizer.json", "w"))
json.dump(dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<s>", eos_token="</s>", pad_token="<pad>", add_bos_token=False),
          open(sys.argv[1] + "/tokenizer_config.json", "w"))
P
}

# What transformers would read of a made config.json: a value of the same type, and the same value, wherever the original has the key.
same_keys() {
    python3 - "$@" <<'P'
import json, sys
made, own = (json.load(open(f + "/config.json")) for f in sys.argv[1:3])
left_out = {"torch_dtype", "rope_scaling", "architectures", "rope_theta", "rotary_emb_base"}
left_out |= {"model_type"}                       # a Mistral is a llama in GGUF
left_out |= {"num_kv_heads", "max_window_layers"}  # not read with multi_query, without use_sliding_window
wrong = [(k, v, own[k]) for k, v in made.items() if own.get(k) is not None and k not in left_out and (type(v) != type(own[k]) or v != own[k])
         and not (type(v) == float and type(own[k]) == float and abs(v - own[k]) <= 1e-6 * abs(v))]
for k, v, w in wrong:
    print(f"{sys.argv[3]}: {k} is {v!r}, of the model itself {w!r}")
sys.exit(bool(wrong))
P
}

@test "through a GGUF a model keeps its loss, and so does the folder made of that GGUF, whose keys have the types and values of the model's own" {
    loss() { mppl -q --ids "$1" -c 24 | awk 'NR == 2 { print $5 }'; }
    n=0 bad=0
    for d in "$G"/*/; do
        a=$(basename "$d"); [ -e "$d/golden.safetensors" ] || continue
        case $a in bert | *mxfp4) continue ;; esac
        rm -rf "$T/src"; cp -rL "$d" "$T/src"; rm "$T/src/golden.safetensors"; small_tokenizer "$T/src"
        if ! tsplit "$T/src" | tpack -q -o "$T/x.gguf" 2>"$T/why"; then
            grep -qE 'a GGUF would not be this model|has no GGUF' "$T/why" || { echo "$a:"; cat "$T/why"; false; }
            continue
        fi
        rm -rf "$T/back"; tsplit "$T/x.gguf" | tpack -q -o "$T/back/"
        same_keys "$T/back" "$T/src" "$a" || bad=1
        want=$(tsplit "$d" | loss "$d/ids"); one=$(tsplit "$T/x.gguf" | loss "$d/ids"); two=$(tsplit "$T/back" | loss "$d/ids")
        awk -v a="$a" -v w="$want" -v x="$one" -v y="$two" 'BEGIN { if (x == "" || (x - w) ^ 2 > 4e-12 || (y - w) ^ 2 > 4e-12) {
            print a ": " w " nats, of its GGUF " x ", of the folder of that " y; exit 1 } }'
        n=$((n + 1))
    done
    [ "$bad" = 0 ]
    [ "$n" -ge 28 ] || { echo "$n models have a GGUF, at least 28 should"; false; }
}

@test "an encoder's last states, their means over each window, are transformers' within 2e-5" {
    tsplit "$G/bert" | "$BUILD/tests/peers/states" "$G/bert/ids" 24 >"$T/states"
    python3 - "$G/bert/golden.safetensors" "$T/states" <<'P'
import json, struct, sys
f = open(sys.argv[1], "rb")
n = struct.unpack("<Q", f.read(8))[0]
a, b = json.loads(f.read(n))["pooled"]["data_offsets"]
f.seek(8 + n + a)
want = struct.unpack(f"<{(b - a) // 4}f", f.read(b - a))
got = [float(x) for x in open(sys.argv[2]).read().split()]
assert len(got) == len(want) == 64 and max(abs(x - y) for x, y in zip(got, want)) < 2e-5, (got[:3], want[:3])
P
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

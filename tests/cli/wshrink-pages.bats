# wshrink by pages: the golden checkpoints of every architecture, shrunk by made-up measurements (tests/ref/measured.py).
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    G=$TOP/tests/golden/arch
}

# measured NAME: a golden checkpoint in f32 with measurements.
measured() {
    [ -e "$1" ] || { cp -rL "$G/$1" . && tokenizer "$1"; }
    tsplit "$1" | tcat --dense=F32 | python3 "$TOP/tests/ref/measured.py"
}

# tokenizer FOLDER: 64 pieces, which a GGUF needs.
tokenizer() {
    python3 - "$1" <<'P'
import json, sys
pieces = ["<pad>", "<s>", "</s>"] + [chr(c) for c in range(ord("!"), ord("!") + 61)]
level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
added = [dict(id=i, content=pieces[i], single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for i in range(3)]
model = dict(type="BPE", unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False, byte_fallback=False,
             ignore_merges=False, vocab={p: i for i, p in enumerate(pieces)}, merges=[["t", "h"]] if "th" in pieces else [])
json.dump(dict(version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=level, post_processor=None,
               decoder=level, model=model), open(sys.argv[1] + "/tokenizer.json", "w"))
P
}

# nats NAME: of a stream, by the golden windows.
nats() {
    mppl --ids "$G/$1/ids" -c 24 | awk 'NR == 2 { print $5 }'
}

near() { # WANT GOT BOUND WHAT
    awk -v w="$1" -v g="$2" -v b="$3" -v t="$4" 'BEGIN { d = g - w; if (g == "" || d > b || -d > b) { print t ": " g ", wanted " w; exit 1 } }'
}

# The losses in tests/golden/shrink.tsv are those of the same cut in transformers (tests/peers/shrink.py).
@test "layers, heads, channels, hidden and experts of every architecture: the loss is that of transformers' own model, cut there" {
    n=0; last=
    while IFS=$'\t' read -r name what method share want; do
        [ "$name" = "$last" ] || measured "$name" >in.weir
        last=$name
        align=1
        [ "$what" != experts ] || align=$(sed -n 's/.*"n_group": \([0-9]*\).*/\1/p' "$G/$name/config.json")
        wshrink -m "$method" --what "$what" -s "$share" --align "${align:-1}" <in.weir >out.weir
        near "$want" "$(nats "$name" <out.weir)" 2e-5 "$name $what"
        n=$((n + 1))
    done <"$TOP/tests/golden/shrink.tsv"
    [ "$n" -gt 100 ]
}

@test "what is left is the same from the stream, the folder and GGUF, and from GGUF to GGUF" {
    for how in "llama heads minitron 0.5" "qwen3 hidden minitron 0.25" "mixtral experts frequency 0.34" "mixtral channels minitron 0.25" \
               "deepseek_v2 experts reap 0.4" "phi3-partial channels minitron 0.25" "gpt2 layers drop 0.5" "olmo2 heads minitron 0.5"; do
        read -r name what method share <<<"$how"
        measured "$name" >in.weir
        wshrink -m "$method" --what "$what" -s "$share" <in.weir >out.weir
        want=$(nats "$name" <out.weir)
        rm -rf packed packed.gguf again.gguf whole.gguf
        tpack -o packed/ <out.weir && tpack -o packed.gguf <out.weir && tpack -o whole.gguf <in.weir
        near "$want" "$(tsplit packed | nats "$name")" 1e-9 "$name packed"
        near "$want" "$(tsplit packed.gguf | nats "$name")" 1e-6 "$name GGUF"
        tsplit whole.gguf | python3 "$TOP/tests/ref/measured.py" | wshrink -m "$method" --what "$what" -s "$share" | tpack -o again.gguf
        near "$want" "$(tsplit again.gguf | nats "$name")" 1e-6 "$name GGUF to GGUF"
        tsplit again.gguf | tshow | cut -f 1,2,5 | grep '\[' >again && tsplit packed.gguf | tshow | cut -f 1,2,5 | grep '\[' >packed.txt
        cmp again packed.txt
    done
}

@test "names: of layers and experts that stay the numbers are new, in files, in parts of stored tensors, in the router's rows" {
    measured qwen3_moe | wshrink -m random --what experts -s 0.4 --seed 3 --report r.tsv >out
    [ "$(tshow out | grep -c 'experts\.[0-2]\.gate_proj')" -eq 6 ] && [ "$(tshow out | grep -c 'experts\.[3-9]')" -eq 0 ]
    tshow out | grep -q 'mlp.gate.weight.*\[3, 32\]'
    [ "$(cut -f 1-4 r.tsv | tail -n +2 | tr '\t\n' ' ;')" = "0 experts 5 3;2 experts 5 3;" ]
    tpack -o packed/ <out
    grep -q '"num_local_experts": 3' packed/config.json || grep -q '"num_experts": 3' packed/config.json
    measured qwen3_moe | wshrink -m random --what experts -s 0.4 --seed 3 | tdiff out -
    ! measured qwen3_moe | wshrink -m random --what experts -s 0.4 --seed 4 | tdiff out - >diff
    measured gpt_oss | wshrink -m reap -s 0.4 >out
    tshow out | grep -q 'gate_up_proj:moe.up@1' && [ "$(tshow out | grep -c '@2')" -eq 0 ]
    measured gpt_oss | wshrink -m drop -s 0.5 >out
    [ "$(tshow out | grep -c 'layers\.1\.')" -eq 0 ] && tshow out | grep -q 'layers.0.mlp.experts.gate_up_proj:moe.up@0'
}

@test "which layers have experts, a window or rotary positions stays with the layers" {
    measured qwen3_moe | wshrink -m drop -s 0.3 | tpack -o moe/ # layer 1 of 3 is dense
    grep -q '"num_hidden_layers": 2' moe/config.json
    measured smollm3 | wshrink -m drop -s 0.5 >out
    tpack -o smol/ <out
    python3 - smol "$G/smollm3" <<'P'
import json, sys
now, was = (json.load(open(d + "/config.json")) for d in sys.argv[1:])
assert now["num_hidden_layers"] == 2 == len(now["no_rope_layers"]), now
assert len(now.get("layer_types") or [0, 0]) == 2, now
P
}

@test "a GGUF that llama.cpp would run as another model is refused" {
    measured gemma3 | wshrink -m drop -s 0.5 >out # one layer in six sees everything; of what is left another
    tpack -o packed.gguf <out 2>err && return 1
    grep -q '^tpack: a GGUF would not be this model: it has no place for local of each layer' err && [ ! -e packed.gguf ]
    tpack -o packed/ <out
}

@test "scales that a cut would change are taken into weights: by the layer's index" {
    cp -r "$G/gpt2" gpt2
    sed -i 's/"scale_attn_by_inverse_layer_idx": false/"scale_attn_by_inverse_layer_idx": true/' gpt2/config.json
    grep -q '"scale_attn_by_inverse_layer_idx": true' gpt2/config.json
    tsplit gpt2 | tcat --dense=F32 | python3 "$TOP/tests/ref/measured.py" >in.weir
    wshrink -m drop -s 0.5 --report r.tsv <in.weir >out.weir
    stays=$((1 - $(awk 'NR == 2 { print $1 }' r.tsv)))
    [ "$stays" -eq 1 ] # the first layer's index does not change
    for role in attn.q attn.q.bias attn.k; do
        case $role in *bias) n=32 ;; *) n=1024 ;; esac
        tcat --only "$role" --layers "$stays" in.weir | tshow --data | grep -E '^ *-?[0-9.]' | tr -s ' ' '\n' | grep . | tail -n $n >was
        tcat --only "$role" out.weir | tshow --data | grep -E '^ *-?[0-9.]' | tr -s ' ' '\n' | grep . | tail -n $n >now
        case $role in attn.q*) factor=2 ;; *) factor=1 ;; esac
        [ "$(wc -l <now)" -eq $n ] && paste was now | awk -v f=$factor '{ d = $1 - $2 * f; if (d < 0) d = -d } d > 1e-7 { print "was " $1 ", is " $2; exit 1 }'
    done
}

@test "channels of an expert that saw no token go by its weights; the others by what was measured" {
    tsplit "$G/deepseek_v3" | mcalib -q --ids "$G/deepseek_v3/ids" -c 24 --parts norm2,mean,absmean,gram 2>err >in.weir
    grep -q 'saw no token' err
    for how in "minitron" "flap --refit" "ziplm"; do
        wshrink -m $how -s 0.25 --report r.tsv <in.weir >out.weir
        tshow out.weir | grep -q 'experts.4.down_proj.weight.*\[32, 12\]'
        mppl --ids "$G/deepseek_v3/ids" -c 24 <out.weir >/dev/null
    done
    grep -q "^1.channels@4.16.12.-$" r.tsv && grep -q "^1.channels@0.16.12.0\.0[0-9]*$" r.tsv
    tsplit "$G/deepseek_v3" | wshrink -m minitron -s 0.25 2>err >out && return 1 # nothing measured is another thing
    grep -q 'has no companion absmean' err
}

# refused NAME ARGUMENTS WANT: the one line that is said; nothing is written.
refused() {
    measured "$1" >in.weir
    wshrink $2 <in.weir 2>err >out && return 1
    [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] || { cat err; return 1; }
    grep -qF -- "wshrink: $3" err || { cat err; return 1; }
}

@test "what cannot be is said before a byte is written" {
    refused bloom "-m minitron -s 0.25" "--what channels: config.json of a 'bloom' cannot say this model's intermediate"
    refused gpt_neox "-m minitron --what heads -s 0.5" "--what heads: the configuration of architecture 'gpt_neox' cannot say what would be left: "
    refused falcon-7b "-m minitron --what heads -s 0.5" "--what heads: of 1 kv_heads a share of 0.5 is none"
    refused phi3-long "-m minitron --what heads -s 0.5" "--what heads: 1 of 2 kv_heads would be left; transformers has the factors of a Phi-3's longrope for heads that"
    refused llama "-m random -s 0.5" "--what experts: architecture 'llama' has none"
    refused qwen3_moe-all "-m random -s 0.5" "--what experts: "
    refused deepseek_v3 "-m random -s 0.4" "--what experts: "
    refused deepseek_v2-groups "-m random -s 0.4" "--what experts: of each of "
    tsplit "$G/qwen3_moe" >plain.weir
    wshrink -m reap -s 0.4 <plain.weir 2>err >out && return 1
    grep -q '^wshrink: model.layers.0.mlp.experts.0.down_proj.weight: has no key reap; mcalib --parts reap adds it' err && [ ! -s out ]
    tsplit "$G/mamba" >mamba.weir
    wshrink -m drop -s 0.5 <mamba.weir 2>err >out && return 1
    grep -q "^wshrink: .*names only" err && [ ! -s out ]
}

@test "a number of heads that transformers does not take is the nearest that it does" {
    sed 's/^HIDDEN, .*/HIDDEN, LAYERS, HEADS, KV, INTER, VOCAB = 48, 1, 6, 6, 64, 4096/' "$TOP/tests/cli/tiny.py" >six.py
    python3 six.py six "$MODEL"
    tsplit six | python3 "$TOP/tests/ref/measured.py" >in.weir
    wshrink -m minitron --what heads -s 0.17 <in.weir | tpack -o out/ # 5 do not divide 48, 4 do
    grep -q '"num_attention_heads": 4' out/config.json && grep -q '"num_key_value_heads": 4' out/config.json
    sed -i 's/"llama"/"mistral"/; s/LlamaForCausalLM/MistralForCausalLM/' six/config.json # which takes any
    tsplit six | python3 "$TOP/tests/ref/measured.py" | wshrink -m minitron --what heads -s 0.17 | tpack -o any/
    grep -q '"num_attention_heads": 5' any/config.json
}

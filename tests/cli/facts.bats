# What stands beside the weights is obeyed, kept true, or named: the tied flag, config.json's type, sub-folders.
load helpers

setup_file() {
    load helpers
    tiny_model
    head -c 3000 "$BROOK/prose.test.txt" >"$BATS_FILE_TMPDIR/text"
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    TEXT=$BATS_FILE_TMPDIR/text
    GOLDEN=$TOP/tests/golden/arch
    cd "$BATS_TEST_TMPDIR"
}

# variant NAME [KEY=JSON]... [-- PYTHON]: a copy of the tiny model with keys of config.json set, its tensors (t: name to [dtype, shape, bytes]) by PYTHON.
variant() { python3 "$TOP/tests/cli/variant.py" "$TINY" "$@"; }

ppl() { mppl -f "$TEXT" -c 64 "$@" | awk 'NR == 2 { print $6 }'; }

# member CONFIG PATH: the value there, as JSON
member() {
    python3 -c 'import functools, json, sys; print(json.dumps(functools.reduce(dict.get, sys.argv[2].split("."), json.load(open(sys.argv[1])))))' "$1" "$2"
}

# --- the tied flag

@test "tied, and a head that is not the embedding: the head is its own, in the GGUF and in the loss" {
    variant tied tie_word_embeddings=true
    variant own tie_word_embeddings=true -- 'd, s, b = t["model.embed_tokens.weight"]; t["lm_head.weight"] = [d, s, b[64:] + b[:64]]'
    tsplit own | tpack -o own.gguf
    python3 "$REF/gguf.py" own.gguf | grep -q '^tensor	output.weight'
    a=$(tsplit own | ppl); b=$(tsplit own.gguf | ppl); c=$(tsplit tied | ppl)
    [ -n "$a" ]
    [ "$a" = "$b" ]
    [ "$a" != "$c" ]
}

@test "tied, and a head with the embedding's bytes: one tensor in the GGUF" {
    variant tied tie_word_embeddings=true
    variant both tie_word_embeddings=true -- 't["lm_head.weight"] = t["model.embed_tokens.weight"]'
    tsplit tied | tpack -o tied.gguf
    tsplit both | tpack -o both.gguf
    tsplit tied.gguf | tshow | grep -v '^head' >a
    tsplit both.gguf | tshow | grep -v '^head' >b
    cmp a b
    tsplit both | tpack -o back/
    cmp both/model.safetensors back/model.safetensors
}

@test "tied, and only a head is stored: it is the embedding" {
    variant tied tie_word_embeddings=true
    variant only tie_word_embeddings=true -- 't["lm_head.weight"] = t.pop("model.embed_tokens.weight")'
    [ "$(tsplit only | ppl)" = "$(tsplit tied | ppl)" ]
    tsplit only | tpack -o only.gguf
    [ "$(tsplit only.gguf | ppl)" = "$(tsplit tied | ppl)" ]
}

# --- config.json's type

@test "dtype is the type that most weights have after a conversion, and nothing else of config.json changes" {
    for t in f16:float16 f32:float32; do
        tsplit "$GOLDEN/llama" | wquant -t "${t%:*}" | tpack -o "${t%:*}/"
        [ "$(member "${t%:*}/config.json" dtype)" = "\"${t#*:}\"" ]
        [ "$(diff "$GOLDEN/llama/config.json" "${t%:*}/config.json" | grep -c '^[<>]')" -eq 2 ]
    done
    tsplit "$GOLDEN/llama" | wquant -t q8_0 | tpack --dense=f32 -o dense/
    [ "$(member dense/config.json dtype)" = '"float32"' ]
    tsplit "$GOLDEN/llama" | wquant -t q8_0 | tpack --dense -o same/
    cmp "$GOLDEN/llama/config.json" same/config.json
}

@test "dtype under its old name, of the parts of a model, and of an architecture that is not known" {
    variant old torch_dtype='"bfloat16"'
    variant nested 'text_config={"dtype": "bfloat16", "torch_dtype": "bfloat16"}' 'quantizer={"dtype": "bfloat16"}' dtype='"bfloat16"'
    variant foreign torch_dtype='"bfloat16"' model_type='"foreign"'
    for m in old nested foreign; do tsplit $m | wquant -t f16 --only '*' | tpack -o $m-f16/; done
    [ "$(member old-f16/config.json torch_dtype)" = '"float16"' ]
    [ "$(member foreign-f16/config.json torch_dtype)" = '"float16"' ]
    [ "$(member nested-f16/config.json dtype)" = '"float16"' ]
    [ "$(member nested-f16/config.json text_config)" = '{"dtype": "float16", "torch_dtype": "float16"}' ]
    [ "$(member nested-f16/config.json quantizer)" = '{"dtype": "bfloat16"}' ]
}

@test "a dtype that was wrong in the checkpoint stays in a copy; without the key none is put" {
    variant wrong torch_dtype='"float32"' dtype='"float32"'
    tsplit wrong | tpack -o copy/
    cmp wrong/config.json copy/config.json
    variant none
    python3 - <<'P'
import json
c = json.load(open("none/config.json")); c.pop("dtype", None); c.pop("torch_dtype", None); json.dump(c, open("none/config.json", "w"))
P
    tsplit none | wquant -t f16 | tpack -o f16/
    cmp none/config.json f16/config.json
}

# --- sub-folders

folder() { # a sentence-transformers folder with what else may lie there
    variant "$1"
    mkdir -p "$1/1_Pooling" "$1/2_Dense" "$1/additional_chat_templates" "$1/onnx/deep" "$1/openvino" "$1/checkpoint-5" "$1/.git" "$1/a/b/c" "$1/__pycache__" "$1/runs"
    echo '{"word_embedding_dimension": 32}' >"$1/1_Pooling/config.json"
    echo '{}' >"$1/2_Dense/config.json"
    echo weights >"$1/2_Dense/model.safetensors"
    echo '{{ x }}' >"$1/additional_chat_templates/tool.jinja"
    echo x >"$1/onnx/deep/model.onnx"
    echo x >"$1/onnx/config.json"
    echo x >"$1/openvino/openvino_model.bin"
    echo x >"$1/openvino/openvino_model.xml"
    echo x >"$1/checkpoint-5/optimizer.pt"
    echo x >"$1/checkpoint-5/config.json"
    echo x >"$1/.git/HEAD"
    echo x >"$1/a/b/c/d.txt"
    echo x >"$1/__pycache__/m.pyc"
    echo x >"$1/runs/events.out.tfevents.1"
    ln -s ../a "$1/a/loop"
    echo '[{"idx": 0, "path": ""}, {"idx": 1, "path": "1_Pooling"}, {"idx": 2, "path": "2_Dense"}]' >"$1/modules.json"
}

@test "sub-folders come back; other checkpoints, hidden ones and links do not" {
    folder m
    tsplit m | tcat -z | tpack -o out/
    (cd out && find . -mindepth 2 -type f | sort) >list
    diff list - <<'L'
./1_Pooling/config.json
./2_Dense/config.json
./2_Dense/model.safetensors
./a/b/c/d.txt
./additional_chat_templates/tool.jinja
L
    while read -r f; do cmp "m/$f" "out/$f"; done <list
    cmp m/model.safetensors out/model.safetensors
    [ ! -e out/a/loop ]
    tsplit m | tshow --data | tload | tpack -o text/
    diff -r out text
}

@test "weights in a sub-folder travel only where modules.json names it; one that is no JSON is said" {
    folder m
    echo '[]' >m/modules.json
    tsplit m | tpack -o out/
    [ ! -e out/2_Dense ]
    echo '[' >m/modules.json
    run tsplit -o x.weir m
    one_line_error 1 tsplit
    [[ $output == *m/modules.json* ]]
}

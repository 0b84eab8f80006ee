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

# --- merging models that tie their head with models that have their own

heads() {
    variant tied tie_word_embeddings=true
    variant apart tie_word_embeddings=false -- 't["lm_head.weight"] = t["model.embed_tokens.weight"]' # the same model, said otherwise
    variant own tie_word_embeddings=true -- 'd, s, b = t["model.embed_tokens.weight"]; t["lm_head.weight"] = [d, s, b[64:] + b[:64]]'
    variant both tie_word_embeddings=true -- 't["lm_head.weight"] = t["model.embed_tokens.weight"]'
    variant only tie_word_embeddings=true -- 't["lm_head.weight"] = t.pop("model.embed_tokens.weight")'
}

@test "a tied model and one with a head of its own: the merged model has a head, whichever comes first and however it is stored" {
    heads
    tmerge -m linear apart own | tpack -o want/
    [ "$(member want/config.json tie_word_embeddings)" = false ]
    for first in tied both only; do
        tmerge -m linear $first own | tpack -o out-$first/
        cmp want/model.safetensors out-$first/model.safetensors
        [ "$(member out-$first/config.json tie_word_embeddings)" = false ]
        tmerge -m linear own $first | tpack -o back-$first/
        cmp want/model.safetensors back-$first/model.safetensors
    done
    tsplit both >both.weir
    tmerge -m linear both.weir own | tpack -o stream/
    cmp want/model.safetensors stream/model.safetensors
    [ "$(member stream/config.json tie_word_embeddings)" = false ]
    tsplit tied | tpack -o tied.gguf
    tmerge -m linear tied.gguf own | tpack -o gguf.gguf
    tsplit want | tpack -o want.gguf
    python3 "$REF/gguf.py" gguf.gguf | grep -q '^tensor	output.weight'
    [ "$(tsplit gguf.gguf | ppl)" = "$(tsplit want.gguf | ppl)" ]
    tmerge -m task own tied | tpack -o task/
    tmerge -m task own apart | tpack -o task2/
    cmp task/model.safetensors task2/model.safetensors
}

@test "tied models: a head that is stored beside the embedding is passed over" {
    heads
    tmerge -m dare-ties tied tied tied | tpack -o want/
    for m in both only; do
        tmerge -m dare-ties $m tied $m | tpack -o out-$m/
        cmp want/model.safetensors out-$m/model.safetensors
        cmp want/config.json out-$m/config.json
        tsplit $m >$m.weir
        tmerge -m dare-ties tied tied $m | tpack -o last-$m/
        cmp want/model.safetensors last-$m/model.safetensors
    done
    tmerge -m dare-ties both.weir both.weir tied | tpack -o streams/
    cmp want/model.safetensors streams/model.safetensors
}

@test "a tied stream beside a head of its own is named" {
    heads
    tsplit tied >tied.weir
    run bash -c 'tmerge -m linear tied.weir own >/dev/null'
    one_line_error 1 tmerge
    [[ $output == *"tied.weir ties its head to its embedding, another operand has a head of its own"* ]]
}

# --- merging models of different vocabularies

@test "tensors that are not chosen pass from the first, whatever their shape there or whether they are there at all" {
    variant small
    variant large vocab_size=4098 -- 'd, s, b = t["model.embed_tokens.weight"]; t["model.embed_tokens.weight"] = [d, [4098, 32], b + b[:128]]; t["extra.weight"] = [d, [1, 32], b[:64]]'
    run bash -c 'tmerge -m linear small large >/dev/null'
    one_line_error 1 tmerge
    [[ $output == *"their vocabularies differ in size"* ]]
    tmerge -m linear --skip embed,extra.weight small large | tpack -o out/
    tmerge -m linear small small | tpack -o want/
    cmp want/model.safetensors out/model.safetensors
    tmerge -m linear --skip embed,extra.weight large small | tpack -o other/
    tsplit other | tshow | grep -q '^model.embed_tokens.weight	\[4098, 32\]'
    tsplit other | tshow | grep -q '^extra.weight'
}

# --- merging sparse models

sparse() {
    variant a
    variant b -- 'for k in t: t[k][2] = t[k][2][2:] + t[k][2][:2]' # other weights, so other zeros
    for m in a b; do tsplit $m | wprune -m magnitude -s 0.5 | tpack -o s$m/; done
}

zeros() { tsplit "$1" | tstat | awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "zeros") c = i } $1 ~ /q_proj/ { print $c }' | head -1; }

# places A B...: for q_proj of layer 0, each element's being 0, a digit each
places() { python3 "$TOP/tests/cli/st.py" show "$1/model.safetensors" model.layers.0.self_attn.q_proj.weight | tr ' ' '\n' | awk 'NF { print ($1 == 0) }'; }

@test "zeros that differ are told with the tensors' count, and --mask keeps those of the first, of all, of any" {
    sparse
    tmerge -m linear sa sb 2>said | tpack -o free/
    grep -q '^tmerge: 14 of 15 merged matrices are sparse and not 0 in the same places in all operands' said
    [ "$(wc -l <said)" -eq 1 ]
    paste <(places sa) <(places sb) >both
    tmerge -m linear --mask first sa sb 2>said | tpack -o first/
    [ ! -s said ]
    tmerge -m linear --mask intersection sa sb | tpack -o all/
    tmerge -m linear --mask union sa sb | tpack -o any/
    diff <(places first) <(awk '{ print $1 }' both)
    diff <(places all) <(awk '{ print $1 && $2 }' both)
    diff <(places any) <(awk '{ print $1 || $2 }' both)
    [ "$(places free | grep -c 1)" -le "$(places all | grep -c 1)" ]
    tmerge -m linear sa sa 2>said | tpack -o same/
    [ ! -s said ]
    tmerge -m linear a b 2>said | tpack -o dense/
    [ ! -s said ]
}

@test "--mask is of methods that merge places; its words are checked" {
    sparse
    run tmerge -m rebasin --mask union sa sb
    one_line_error 2 tmerge || [ "$status" -eq 2 ]
    run tmerge -m linear --mask some sa sb
    [ "$status" -eq 2 ]
    [[ $output == *"'some' is none of first, intersection, union"* ]]
}

# added NAME TOKEN...: the tiny model with tokens added behind its 4096, each with a row of its own: (token's number of letters) everywhere
added() {
    local name=$1 list

    shift
    list=$(printf '"%s", ' "$@")
    variant "$name" vocab_size=$((4096 + $#)) -- "
words = [$list]
d, s, b = t['model.embed_tokens.weight']
t['model.embed_tokens.weight'] = [d, [4096 + len(words), 32], b + b''.join(struct.pack('<f', len(w))[2:] * 32 for w in words)]
j = json.load(open(f'{name}/tokenizer.json'))
flags = {'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': True}
j['added_tokens'] += [{'id': 4096 + i, 'content': w, **flags} for i, w in enumerate(words)]
json.dump(j, open(f'{name}/tokenizer.json', 'w'))
c = json.load(open(f'{name}/tokenizer_config.json'))
c['added_tokens_decoder'] = {str(4096 + i): {'content': w, **flags} for i, w in enumerate(words)}
json.dump(c, open(f'{name}/tokenizer_config.json', 'w'))
"
}

# rows MODEL: the first element of the rows of the embedding behind the 4096th
rows() { python3 "$TOP/tests/cli/st.py" show "$1/model.safetensors" model.embed_tokens.weight | tail -n +4097 | cut -d' ' -f1 | tr '\n' ' '; }

# The rows are those of mergekit 0.1.5 with tokenizer_source union, and below base, tensor by tensor.
@test "--vocab union: rows meet by the texts of their tokens, new ones go behind, and the tokenizer's files have them" {
    added a '<aa>' '<bbbb>'
    added b '<ccccccc>' '<bbbb>' '<aa>'
    tmerge -m linear --vocab union a b | tpack -o out/
    [ "$(rows out)" = "4 6 9 " ]
    [ "$(member out/config.json vocab_size)" = 4099 ]
    python3 - <<'P'
import json
j = json.load(open("out/tokenizer.json"))["added_tokens"]
assert [(t["id"], t["content"]) for t in j[-3:]] == [(4096, "<aa>"), (4097, "<bbbb>"), (4098, "<ccccccc>")], j
assert j[-1]["special"] is True and set(j[-1]) == set(j[-2])
d = json.load(open("out/tokenizer_config.json"))["added_tokens_decoder"]
assert list(d) == ["4096", "4097", "4098"] and d["4098"]["content"] == "<ccccccc>", d
P
    tmerge -m linear --vocab union b a | tpack -o back/
    [ "$(rows back)" = "9 6 4 " ]
    cmp b/tokenizer.json back/tokenizer.json
    tmerge -m linear --vocab union b b | tpack -o same/
    tmerge -m linear b b | tpack -o plain/
    cmp same/model.safetensors plain/model.safetensors
    tsplit out | tpack -o out.gguf
    tsplit out.gguf | tpack -o gguf/
    [ "$(rows gguf)" = "4 6 9 " ]
}

@test "--vocab union of a model that has no added tokens yet, and one whose rows are padded" {
    added b '<ccccccc>'
    variant plain
    tmerge -m linear --vocab union plain b | tpack -o out/
    [ "$(rows out)" = "9 " ]
    python3 - <<'P'
import json
assert json.load(open("out/tokenizer.json"))["added_tokens"][-1]["id"] == 4096
P
    cmp plain/tokenizer_config.json out/tokenizer_config.json # transformers would take a list of the new ones for the list of all
    variant padded vocab_size=4100 -- 'd, s, b = t["model.embed_tokens.weight"]; t["model.embed_tokens.weight"] = [d, [4100, 32], b + struct.pack("<f", 2)[2:] * 128]'
    tmerge -m linear --vocab union padded b | tpack -o wide/
    [ "$(rows wide)" = "9 2 2 2 " ]
    [ "$(member wide/config.json vocab_size)" = 4100 ]
}

@test "--vocab first: the first's tokens, whatever the others have" {
    added a '<aa>' '<bbbb>'
    added b '<ccccccc>' '<bbbb>'
    tmerge -m linear --vocab first a b | tpack -o out/
    [ "$(rows out)" = "4 6 " ]
    cmp a/tokenizer.json out/tokenizer.json
    cmp a/config.json out/config.json
    variant plain
    tmerge -m task --vocab first plain a b | tpack -o task/
    [ "$(rows task)" = "" ]
    added t '<aa>'
    tmerge -m task --vocab first t b | tpack -o untouched/ # <aa> is not in b: nothing changes it
    [ "$(rows untouched)" = "4 " ]
}

@test "heads of their own meet by tokens, too" {
    for m in a b; do
        [ $m = a ] && added ta '<aa>' || added tb '<ccccccc>' '<aa>'
        python3 "$TOP/tests/cli/variant.py" t$m $m tie_word_embeddings=false -- 't["lm_head.weight"] = t["model.embed_tokens.weight"]'
    done
    tmerge -m linear --vocab union a b | tpack -o out/
    [ "$(rows out)" = "4 9 " ]
    cmp <(tsplit out | tcat --only embed | tshow --data | grep -A5000 '^part') <(tsplit out | tcat --only head | tshow --data | grep -A5000 '^part')
}

@test "tokens of other texts are told where rows are merged as they stand" {
    added a '<aa>' '<bbbb>'
    added b '<bbbb>' '<aa>'
    tmerge -m linear a b 2>said | tpack -o out/
    [ "$(rows out)" = "5 5 " ]
    grep -q '^tmerge: 2 tokens are others in b than in a (4096 is "<bbbb>", "<aa>"), and their rows are merged as they stand' said
    [ "$(wc -l <said)" -eq 1 ]
    tmerge -m linear --vocab first a b 2>said | tpack -o by/
    [ "$(rows by)" = "4 6 " ]
    tmerge -m linear a a 2>>said | tcat >/dev/null
    [ ! -s said ]
}

@test "--vocab says what it cannot do" {
    added a '<aa>'
    variant plain
    tsplit a >a.weir
    refused() { run bash -c "$1 2>&1 >/dev/null"; one_line_error 1 tmerge; [[ $output == *"$2"* ]] || { echo "$output"; false; }; }
    refused 'tmerge -m linear --vocab union plain a.weir' 'a.weir: --vocab needs its tokenizer before its tensors: give a checkpoint'
    refused 'tmerge -m linear plain a' 'their vocabularies differ in size'
    refused 'tmerge -m linear --vocab union --skip embed plain a' 'it has 4096 rows, the merged vocabulary 4097'
    cp -r plain other
    python3 - <<'P'
import json
j = json.load(open("other/tokenizer.json"))
v = j["model"]["vocab"]
pairs = [m if isinstance(m, list) else m.split(" ") for m in j["model"]["merges"]]
used = {w for m in pairs for w in m}
old = max((w for w in v if w not in used and len(w) > 2 and w[0] != "<"), key=len) # of no merge but its own
v["zzzzqq"] = v.pop(old)
j["model"]["merges"] = [m for m, w in zip(j["model"]["merges"], pairs) if "".join(w) != old]
json.dump(j, open("other/tokenizer.json", "w"))
P
    rm -f other/tokenizer.model
    refused 'tmerge -m linear --vocab union plain other' 'vocabularies that were made apart have no union'
    tmerge -m linear --vocab first plain other | tcat >/dev/null
    rm plain/tokenizer.*
    refused 'tmerge -m linear --vocab union plain a' 'plain'
    run tmerge -m rmm --vocab union plain a
    [ "$status" -eq 2 ]
}

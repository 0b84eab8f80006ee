# tokens: facts about tokens that stand beside the weights: bos, added tokens, control tokens in a text.
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    TINY=$BATS_FILE_TMPDIR/tiny
}

# added FOLDER FORM: a copy of the tiny model with two tokens behind its vocabulary: in added_tokens.json, or in a tokenizer.json beside tokenizer.model.
added() {
    rm -rf "$1"
    cp -r "$TINY" "$1"
    python3 - "$1" "$2" "$REF" <<'P'
import json, sys
sys.path.insert(0, sys.argv[3])
import safetensors
d, form = sys.argv[1:3]
p = d + "/model.safetensors"
raw = open(p, "rb").read()
n = int.from_bytes(raw[:8], "little")
head = json.loads(raw[8:8 + n])
data = {k: raw[8 + n + v["data_offsets"][0]:8 + n + v["data_offsets"][1]] for k, v in head.items() if k != "__metadata__"}
name = "model.embed_tokens.weight"
rows, cols = head[name]["shape"]
data[name] += data[name][:len(data[name]) // rows * 2]
head[name]["shape"] = [rows + 2, cols]
at = 0
for k, v in data.items():
    head[k]["data_offsets"] = [at, at + len(v)]
    at += len(v)
j = json.dumps(head).encode()
open(p, "wb").write(len(j).to_bytes(8, "little") + j + b"".join(data.values()))
c = json.load(open(d + "/config.json")); c["vocab_size"] = rows + 2; json.dump(c, open(d + "/config.json", "w"))
k = json.load(open(d + "/tokenizer_config.json")); k["eos_token"] = "<|im_end|>"; json.dump(k, open(d + "/tokenizer_config.json", "w"))
new = ("<|im_start|>", "<|im_end|>")
if form == "atj":
    json.dump({"<unk>": 0, "<s>": 1, "</s>": 2, **{s: rows + i for i, s in enumerate(new)}}, open(d + "/added_tokens.json", "w"))
else:
    t = {"added_tokens": [{"id": rows + i, "content": s, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                           "special": True} for i, s in enumerate(new)]}
    json.dump(t, open(d + "/tokenizer.json", "w"))
P
}

@test "a tokenizer that names bos but does not add it: the windows of llama.cpp's protocol are left as they are" {
    cp -r "$MODEL" nobos
    sed -i 's/"add_bos_token": true/"add_bos_token": false/' nobos/tokenizer_config.json
    head -c 6000 "$BROOK/prose.test.txt" >s.txt
    ppl() { mppl "$@" -c 128 --protocol llama.cpp | tail -n 1 | cut -f 6; }
    [ "$(tsplit nobos | ppl -f s.txt)" = 24.1288 ] # torch in float64; llama-perplexity says 24.1329
    dload -f text s.txt | dsave --tokens --tokenizer nobos | tr ' ' '\n' >ids
    [ "$(tsplit nobos | ppl --ids ids)" = 24.1288 ]
    with=$(tsplit "$MODEL" | ppl --ids ids)
    [ "$with" != 24.1288 ] && [ "$(tsplit nobos | ppl --bos yes --ids ids)" = "$with" ]
    [ "$(tsplit "$MODEL" | ppl --bos no --ids ids)" = 24.1288 ]
}

@test "added_tokens.json, and a tokenizer.json beside tokenizer.model: their tokens reach GGUF with their types, and eos" {
    for form in atj json; do
        added m $form
        tsplit m | tpack -o m.gguf
        rm -rf back
        tsplit m.gguf | tpack -o back/
        grep -q '"eos_token": "<|im_end|>"' back/tokenizer_config.json
        grep -q '{"id": 4097, "content": "<|im_end|>".*"special": true}' back/tokenizer.json
        printf 'a<|im_start|>b' >t && dload -f text t >one
        case " $(dsave --tokens --special --tokenizer m one) " in *" 4096 "*) ;; *) false ;; esac
        case " $(dsave --tokens --tokenizer m one) " in *" 4096 "*) false ;; *) ;; esac
        [ "$(dsave --tokens --special --tokenizer m one)" = "$(dsave --tokens --special --tokenizer back one)" ]
    done
}

@test "an added token that another has the id of is named, with its file" {
    added m atj
    sed -i 's/4097/4096/' m/added_tokens.json
    run bash -c 'tsplit m | tpack -o bad.gguf'
    one_line_error 1 tpack
    [[ $output == *'added_tokens.json: id 4096 is "<|im_start|>" and "<|im_end|>"'* ]]
}

@test "--special in mcalib and mppl: a chat's marks are one token each" {
    added m json
    printf '<|im_start|>user hello<|im_end|> and more words here' >chat
    count() { tsplit m | mcalib "$@" -f chat --bos no | tshow --data | sed -n 's/.*count=\([0-9]*\).*/\1/p' | sort -u; }
    [ "$(count)" -gt "$(count --special)" ]
    scored() { tsplit m | mppl "$@" -f chat | tail -n 1 | cut -f 4; }
    [ "$(scored)" -gt "$(scored --special)" ]
}

@test "bytes that the tokenizer has no piece for are left out, and counted" {
    mkdir -p few
    cp "$TOP/tests/vectors/tok_kinds/few-bytes.json" few/tokenizer.json
    printf 'a\tb' >t
    echo '{"id":"a","text":"a\tb"}' | dsave --lines --tokens --tokenizer few 2>err >ids
    [ "$(cat ids)" = "64 65" ] && [ "$(cat err)" = "dsave: 1 bytes that the tokenizer has no piece for are left out" ]
    cp -r "$TINY" nine
    rm nine/tokenizer.model nine/tokenizer_config.json
    cp few/tokenizer.json nine
    tsplit nine >nine.weir
    mppl -f t --bos no <nine.weir 2>&1 >/dev/null | grep -qx 'mppl: t: 1 bytes that the tokenizer has no piece for are left out'
    mcalib -q -f t --bos no <nine.weir 2>&1 >/dev/null | grep -qx 'mcalib: t: 1 bytes that the tokenizer has no piece for are left out'
}

@test "a tokenizer.json made from a GGUF: merges of pieces with spaces are pairs of pieces, and transformers' class takes the file as it is" {
    tsplit "$MODEL" | tpack -q -o a.gguf
    python3 - a.gguf <<'P'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
for old, new in (b"ou", b"  "), (b"Q", b" "):
    at = data.index(struct.pack("<Q", len(old)) + old)
    data[at + 8:at + 8 + len(old)] = new
open(sys.argv[1], "wb").write(data)
P
    tsplit a.gguf | tpack -q -o a/
    python3 - a <<'P'
import json, sys
model = json.load(open(sys.argv[1] + "/tokenizer.json"))["model"]
merges = model["merges"]
bad = [m for m in merges if type(m) is not list or len(m) != 2 or m[0] not in model["vocab"] or m[1] not in model["vocab"]]
assert merges and not bad and [" ", " "] in merges, bad[:3]
assert json.load(open(sys.argv[1] + "/tokenizer_config.json"))["tokenizer_class"] == "PreTrainedTokenizerFast"
P
}

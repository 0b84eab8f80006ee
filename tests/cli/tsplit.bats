# tsplit: what it reads, in which order it sends, and what it refuses, word for word.
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    cd "$BATS_TEST_TMPDIR"
}

# st HEADER [DATA-BYTES]: a safetensors file with this JSON and so many zero bytes, as bad.safetensors
st() {
    python3 - "$1" "${2:-0}" <<'PY'
import struct, sys
h = sys.argv[1].encode("utf-8", "surrogateescape")
open("bad.safetensors", "wb").write(struct.pack("<Q", len(h)) + h + bytes(int(sys.argv[2])))
PY
}

# refused MESSAGE-PART: tsplit of bad.safetensors fails with one line that holds this
refused() {
    run tsplit -o out.weir bad.safetensors
    one_line_error 1 tsplit
    case $output in *"$1"*) ;; *) echo "lacks '$1': $output"; return 1 ;; esac
    [ ! -e out.weir ]
}

@test "a folder and its file of weights give the same tensors, bit for bit" {
    tsplit "$TINY" | tpack -o a/
    tsplit "$TINY/model.safetensors" | tpack -o b.safetensors
    cmp "$TINY/model.safetensors" a/model.safetensors
    cmp "$TINY/model.safetensors" b.safetensors
}

@test "tensors come in the order of a forward pass" {
    tsplit "$TINY" | tshow | grep -o 'model\.[a-z0-9_.]*' | uniq >names
    head -n 3 names >first
    printf '%s\n' model.embed_tokens.weight model.layers.0.input_layernorm.weight model.layers.0.self_attn.q_proj.weight >want
    diff want first
    [ "$(tail -n 1 names)" = model.norm.weight ]
}

@test "--only, --skip and --layers choose" {
    count() { tsplit "$@" "$TINY" | tpack -t safetensors -o - >x.safetensors; python3 "$REF/safetensors.py" x.safetensors | grep -c ^tensor; }
    [ "$(count)" -eq 20 ]
    [ "$(count --only attn.q)" -eq 2 ]
    [ "$(count --only '*mlp*' --layers 1)" -eq 3 ]
    [ "$(count --skip linear)" -eq 6 ]
    run tsplit --layers x "$TINY"
    [ "$status" -eq 2 ]
}

@test "shards by index: read whole, and both directions of the map are checked" {
    mkdir s
    tsplit --only '*layers.0*' "$TINY" | tpack -o s/model-00001-of-00002.safetensors
    tsplit --skip '*layers.0*' "$TINY" | tpack -o s/model-00002-of-00002.safetensors
    index() { python3 - "$@" <<'PY'
import json, sys
sys.path.insert(0, sys.argv[1])
import safetensors
m = {}
for f in ("s/model-00001-of-00002.safetensors", "s/model-00002-of-00002.safetensors"):
    for name in safetensors.read(f)[1]:
        m[name] = f[2:]
exec(sys.argv[2])
json.dump({"metadata": {"total_size": 1}, "weight_map": m}, open("s/model.safetensors.index.json", "w"))
PY
    }
    index "$REF" pass
    tsplit s | tpack -o whole.safetensors
    cmp whole.safetensors "$TINY/model.safetensors"
    tsplit s/model.safetensors.index.json | tpack -o again.safetensors
    cmp again.safetensors whole.safetensors

    index "$REF" 'm["ghost"] = "model-00001-of-00002.safetensors"'
    run tsplit -o o s; one_line_error 1 tsplit
    [[ $output == *"places ghost in model-00001-of-00002.safetensors, which does not hold it"* ]]
    index "$REF" 'del m["model.norm.weight"]'
    run tsplit -o o s; one_line_error 1 tsplit
    [[ $output == *"holds model.norm.weight, which weight_map does not name"* ]]
    index "$REF" 'm["model.norm.weight"] = "model-00001-of-00002.safetensors"'
    run tsplit -o o s; one_line_error 1 tsplit
    [[ $output == *"which weight_map places in model-00001"* ]]
    index "$REF" 'm["model.norm.weight"] = "../tiny/model.safetensors"'
    run tsplit -o o s; one_line_error 1 tsplit
    [[ $output == *"'../tiny/model.safetensors', which is no plain file name"* ]]
}

@test "every type of safetensors passes bit for bit, scalars and empty tensors too" {
    python3 - <<'PY'
import json, struct
order = ["U64", "I64", "F64", "C64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0",
         "F8_E4M3", "F8_E5M2", "I8", "U8", "F6_E3M2", "F6_E2M3", "F4", "BOOL"]
bits = dict(zip(order, [64] * 4 + [32] * 3 + [16] * 4 + [8] * 7 + [6, 6, 4, 8]))
head, at, data = {"__metadata__": {"format": "pt", "made": "by \"hand\"\n"}}, 0, b""
for t in order:
    for name, shape in (("empty", [0, 4]), ("m", [3, 8]), ("s", [] if bits[t] % 8 == 0 else [4])):
        n = 1
        for d in shape:
            n *= d
        b = n * bits[t] // 8
        head[f"{t}.{name}"] = {"dtype": t, "shape": shape, "data_offsets": [at, at + b]}
        data += bytes((at + i) * 37 % 251 for i in range(b))
        at += b
h = json.dumps(head, separators=(",", ":")).encode()
h += b" " * (-len(h) % 8)
open("all.safetensors", "wb").write(struct.pack("<Q", len(h)) + h + data)
PY
    python3 "$REF/safetensors.py" --quiet --order all.safetensors
    tsplit all.safetensors | tpack -o back.safetensors
    cmp all.safetensors back.safetensors
}

@test "damaged safetensors: each check has its words" {
    printf 'short' >bad.safetensors; refused "5 bytes are too few"
    st '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' 4;  refused "the tensors hold 8 bytes, the file holds 4"
    st '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' 12; refused "the tensors hold 8 bytes, the file holds 12"
    st '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}' 16
    refused "key \"a\" is there twice"
    st '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}' 12
    refused "b: data begin at 4, but what comes before ends at 8"
    st '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}' 20
    refused "b: data begin at 12, but what comes before ends at 8"
    st '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}' 8;   refused "is 12 bytes, data_offsets hold 8"
    st '{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}' 2;    refused "does not fill whole bytes"
    st '{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}' 8; refused "overflows"
    st '{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}' 8;   refused "dtype 'F31' is not known"
    st '{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}' 8;  refused "not a natural number"
    st '{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}' 8;   refused "end at 0 before their begin 8"
    st '{"a":{"dtype":"F32","shape":[2]}}' 8;                        refused "data_offsets is not a pair"
    st ' {}' 0;                                                      refused "does not begin with '{'"
    st '{"a":' 0;                                                    refused "header"
    st '{"__metadata__":{"n":1}}' 0;                                 refused "the value of n is not a string"
    st "$(printf '{"\xff":1}')" 0;                                   refused "header"
    python3 -c 'open("bad.safetensors","wb").write((1 << 40).to_bytes(8,"little")+b"{}")'; refused "header of 1099511627776 bytes, 100000000 at most"
    python3 -c 'open("bad.safetensors","wb").write((99).to_bytes(8,"little")+b"{}")';      refused "header of 99 bytes in a file of 10"
    python3 -c 'open("bad.safetensors","wb").write((200000).to_bytes(8,"little")+b"{"+b"[" * 199999)'; refused "header"
}

@test "what is no checkpoint is refused by what it is" {
    run tsplit; [ "$status" -eq 2 ]
    run tsplit -o o nowhere; one_line_error 1 tsplit
    run tsplit -o o "$MODEL/config.json"; one_line_error 1 tsplit
    mkfifo p; run timeout 5 tsplit -o o p; one_line_error 1 tsplit
    tsplit "$TINY" >s.weir
    run tsplit -o o s.weir; one_line_error 1 tsplit
    [[ $output == *"is a stream already"* ]]
    run tsplit -o o "$TINY" "$TINY"; one_line_error 1 tsplit
    mkdir empty; run tsplit -o o empty; one_line_error 1 tsplit
    [ ! -e o ]
}

@test "a folder's files travel, those of its sub-folders too; weights in other formats and hidden files do not" {
    cp -r "$TINY" m
    echo hidden >m/.secret; echo weights >m/pytorch_model.bin; mkdir m/sub; echo x >m/sub/x; echo template >m/chat_template.jinja
    tsplit m | tpack -o out/
    cmp m/chat_template.jinja out/chat_template.jinja
    [ ! -e out/.secret ] && [ ! -e out/pytorch_model.bin ]
    cmp m/sub/x out/sub/x
    for f in "$TINY"/*; do cmp "$f" "out/${f##*/}"; done
}

@test "shards: -n and --shard agree, one after another they are the whole, empty ones too" {
    tsplit "$TINY" >whole.weir
    for n in 1 3 7 30; do
        tsplit -n $n -d p$n "$TINY"
        [ "$(ls p$n | wc -l)" -eq $n ]
        k=0
        for f in p$n/*; do
            k=$((k + 1))
            tsplit --shard $k/$n "$TINY" | cmp - "$f"
            tcat "$f" >/dev/null
        done
        cat p$n/* | tdiff whole.weir -
    done
    run tstat p30/shard-00030-of-00030.weir # 20 tensors: the last are empty
    [ "$status" -eq 0 ]
}

# hole FILE NAME=ROWS...: a safetensors file of F32 tensors of 1000 columns, all a hole that takes no disk
hole() {
    python3 - "$@" <<'PY'
import json, struct, sys
head, at = {}, 0
for word in sys.argv[2:]:
    name, rows = word.split("=")
    head[name] = {"dtype": "F32", "shape": [int(rows), 1000], "data_offsets": [at, at + int(rows) * 4000]}
    at += int(rows) * 4000
text = json.dumps(head).encode()
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text)
    f.truncate(8 + len(text) + at)
PY
}

@test "shards are balanced: a tensor larger than its share is alone; layers stay whole where that is asked" {
    hole big.safetensors big=100 s1=10 s2=10 s3=10 s4=10 s5=10 s6=10
    tsplit -n 4 -d p big.safetensors
    [ "$(for f in p/*; do tshow "$f" | grep -c F32; done | xargs)" = "1 2 2 2" ]
    tsplit -n 3 -d l --by layer "$TINY"
    for f in l/*; do tshow "$f" | cut -f 6 | grep -x '[01]' | sort -u; done >layers
    [ -s layers ] && [ -z "$(sort layers | uniq -d)" ]
}

@test "--shard reads its share only" {
    hole far.safetensors a=100000000 b=100000000 c=100000000 d=10 # more than a terabyte
    timeout 10 tsplit --shard 4/4 far.safetensors | tshow | grep -q '^d.*F32.40000'
}

@test "--shard auto: from the environment; where that does not say, an error with the words for it" {
    tsplit --shard 3/7 "$TINY" >want
    SLURM_ARRAY_TASK_ID=12 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=7 tsplit --shard auto "$TINY" | cmp - want
    OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=7 tsplit --shard auto "$TINY" | cmp - want
    mapreduce_task_partition=2 tsplit --shard auto/7 "$TINY" | cmp - want
    SGE_TASK_ID=3 tsplit --shard auto/7 "$TINY" | cmp - want
    seq 7 | parallel -k -n 0 -j 2 "$BIN/tsplit --shard auto/7 $TINY" | tdiff - <(tsplit "$TINY")
    run env -u PARALLEL_SEQ tsplit -o o --shard auto "$TINY"
    [ "$status" -eq 2 ] && [[ $output == "tsplit: --shard: auto: none of SLURM_ARRAY_TASK_ID"* ]]
    run tsplit -o o --shard 8/7 "$TINY"; [ "$status" -eq 2 ]
    run tsplit -n 3 "$TINY"; [ "$status" -eq 2 ]
    run tsplit -n 3 -d x --shard 1/3 "$TINY"; [ "$status" -eq 2 ]
    [ ! -e x ] && [ ! -e o ]
}

@test "a stream is dealt out to shards: from a file or a pipe, with and without a list of its tensors" {
    tsplit "$TINY" | mcalib -f "$MODEL/../prose.test.txt" --tokens 256 -c 64 --parts norm2,gram >c.weir
    tsplit -n 3 -d a c.weir
    tsplit -n 3 -d b - <c.weir
    diff -r a b
    cat a/* | tdiff c.weir -
    tcat --skip embed c.weir >n.weir # no list
    tsplit -n 2 -d n n.weir
    cat n/* | tdiff n.weir -
    run tsplit -n 2 -d no - <n.weir; one_line_error 1 tsplit
    [[ $output == *"must be read twice: give a file"* ]]
    run tsplit -n 2 -d no a/shard-00001-of-00003.weir; one_line_error 1 tsplit
    [[ $output == *"is shard 1 of 3 already"* ]]
    run tsplit -n 2 -d no n/shard-00001-of-00002.weir; one_line_error 1 tsplit
    [[ $output == *"is shard 1 of 2 already"* ]]
    cat c.weir c.weir >two.weir; run tsplit -n 2 -d no two.weir; one_line_error 1 tsplit
    [[ $output == "tsplit: two.weir: "*"a second stream stands behind the first"* ]]
    head -c 100000 c.weir >cut.weir; run tsplit -n 2 -d no cut.weir; one_line_error 1 tsplit
    [ -z "$(ls -d no* 2>/dev/null)" ]
}

@test "a clone without git-lfs: its pointers are named, alone, in a folder, beside the weights" {
    cd "$BATS_TEST_TMPDIR"
    tiny_model
    cp -r "$BATS_FILE_TMPDIR/tiny" lfs
    pointer() { printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 11547040\n' 7 >"$1"; }
    pointer lfs/model.safetensors
    cp lfs/model.safetensors model.gguf
    cp lfs/model.safetensors model.safetensors
    cp lfs/model.safetensors model.npz
    for f in lfs model.gguf model.safetensors model.npz; do
        run tsplit -o x $f
        one_line_error 1 tsplit && [[ $output == *": a git-lfs pointer, not the file; git lfs pull fetches it" ]] || { echo "$f: $output"; return 1; }
    done
    cp "$BATS_FILE_TMPDIR/tiny/model.safetensors" lfs/
    pointer lfs/tokenizer.json
    run tsplit -o x lfs
    one_line_error 1 tsplit && [[ $output == *"tokenizer.json: a git-lfs pointer, not the file; git lfs pull fetches it" ]]
}

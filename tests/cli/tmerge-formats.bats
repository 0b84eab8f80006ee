# tmerge of operands whose formats call tensors otherwise and hold the rows of q and k in another order: Hugging Face, GGUF, llama2.c, GPT-2.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >in.weir
    wprune -m magnitude -s 0.3 <in.weir >p.weir
    tpack -o in.gguf <in.weir
    tpack -o p.gguf <p.weir
    tmerge -m linear -w 0.25,0.75 --dtype F32 in.weir p.weir >want.weir
}

setup() { cd "$BATS_FILE_TMPDIR" && rm -f o.weir; }

mix() { tmerge -m linear -w 0.25,0.75 --dtype F32 "$@"; }

@test "a GGUF beside a folder is the folder's own average, to the bit, whichever way it comes" {
    mix tiny p.gguf | tdiff - want.weir
    mix in.weir <(tsplit p.gguf) | tdiff - want.weir
    tsplit p.gguf >pg.weir
    cat <(tcat --layers 1 pg.weir) <(tcat --layers 0 pg.weir) <(tcat --skip 'blk.*' pg.weir) >turned.weir
    mix in.weir turned.weir | tdiff - want.weir
    tmerge -m linear tiny in.gguf | tdiff - in.weir
}

@test "a GGUF that leads gives its names and its rows, and goes back to the same folder" {
    mix in.gguf p.gguf >g.weir
    mix in.gguf p.weir | tdiff - g.weir
    mix in.gguf p.weir | tpack -o g/
    tsplit g | tdiff --max-rel 0 - want.weir
    mix in.gguf p.weir | tshow | grep -q '^blk.1.attn_q.weight	\[32, 32\]	F32'
}

@test "quantized GGUF, files without a configuration, three operands, methods with a base" {
    wquant -t q8_0 <p.weir >q.weir
    tpack -o q.gguf <q.weir
    mix in.weir q.weir >q.want
    mix tiny q.gguf | tdiff - q.want
    tsplit p.gguf | tpack -o named.safetensors # GGUF's names and rows
    mix tiny named.safetensors | tdiff - want.weir
    mix tiny/model.safetensors p.gguf | tdiff - want.weir
    tpack -o p.safetensors <p.weir
    mix in.gguf p.safetensors | tpack -o n/
    tsplit n | tdiff --max-rel 0 - want.weir
    tmerge -m ties -d 0.5 in.weir p.weir q.weir >ties.want
    tmerge -m ties -d 0.5 in.weir p.gguf q.gguf | tdiff - ties.want
    tmerge -m rebasin in.weir p.weir >r.want
    tmerge -m rebasin in.weir p.gguf | tdiff - r.want
}

@test "llama2.c's rows of q and k have Hugging Face's names and GGUF's order" {
    python3 "$TOP/tests/cli/llama2c.py" tiny 1 m.bin
    mix p.weir in.weir >l.want
    mix p.weir m.bin | tdiff - l.want
    mix p.gguf in.gguf >lg.want
    mix p.gguf m.bin | tdiff - lg.want
    mix m.bin p.gguf | tpack -o l/
    tsplit l | tdiff --max-rel 0 - want.weir
}

@test "biases of q and k move with the rows; a Qwen2 has one order everywhere" {
    for type in llama qwen2; do
        python3 - "$REF" tiny $type <<'PY'
import json, shutil, struct, sys
sys.path.insert(0, sys.argv[1])
import safetensors
src, kind = sys.argv[2:]
shutil.copytree(src, kind)
c = json.load(open(src + "/config.json"))
c |= {"model_type": kind, "attention_bias": True}
json.dump(c, open(kind + "/config.json", "w"))
raw = open(src + "/model.safetensors", "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
for i in range(2):
    for p, size in (("q", 32), ("k", 16), ("v", 16)):
        bias = struct.pack(f"<{size}f", *[i * 100 + r for r in range(size)])
        head[f"model.layers.{i}.self_attn.{p}_proj.bias"] = {"dtype": "F32", "shape": [size], "data_offsets": [len(data), len(data) + len(bias)]}
        data += bias
text = json.dumps(head).encode()
open(kind + "/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + data)
PY
        tsplit $type | tpack -o $type.gguf || return 1
        tmerge -m linear -w 0,1 $type $type.gguf | tdiff - <(tsplit $type)
        tmerge -m linear -w 0,1 $type.gguf $type | tdiff - <(tsplit $type.gguf)
    done
    ! cmp -s <(tsplit llama.gguf | tshow --data --only '*.attn_q.bias' | tail -n 3) <(tsplit qwen2.gguf | tshow --data --only '*.attn_q.bias' | tail -n 3)
}

@test "tables that readers compute anew need no partner" {
    cp -r tiny scaled
    sed -i 's/"rope_scaling": null/"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}/' scaled/config.json
    tsplit scaled | tpack -o scaled.gguf
    tsplit scaled.gguf | tshow | grep -q '^rope_freqs.weight'
    tmerge -m linear -w 0,1 scaled scaled.gguf | tdiff - <(tsplit scaled)
    tmerge -m linear -w 0,1 scaled.gguf scaled | tdiff - <(tsplit scaled.gguf)
}

@test "attach: companions find their tensors under either name, those that go by row in the right order" {
    wscore -m magnitude <in.weir | tcat --only linear >score.weir
    tsplit in.gguf | wscore -m magnitude | tcat --only linear >score.g.weir
    tmerge -m attach in.weir score.g.weir >o.weir
    tdiff --only linear o.weir score.weir
    tdiff --skip linear o.weir in.weir
    tmerge -m attach in.gguf score.weir | tdiff --only linear - score.g.weir
    head -c 2000 "$BROOK/prose.test.txt" >text
    mcalib -f text -c 32 --parts norm2,gram <in.weir >calib.weir
    tmerge -m attach in.weir <(tmerge -m attach in.gguf calib.weir) | tdiff - calib.weir
    # a gram has a row for each input, of q as of others, though q is square
    tmerge -m attach in.gguf calib.weir | tdiff --only blk.0.attn_q.weight - <(tsplit in.gguf | mcalib -f text -c 32 --parts norm2,gram)
}

@test "a GPT-2, whose folder holds matrices turned and a mask" {
    python3 "$TOP/tests/cli/tiny_gpt2.py" gpt2
    tsplit gpt2 >gpt2.weir
    tpack -o gpt2.gguf <gpt2.weir
    tmerge -m linear -w 0,1 gpt2 gpt2.gguf | tdiff - gpt2.weir
    tmerge -m linear -w 0,1 gpt2.gguf gpt2 | tdiff - <(tsplit gpt2.gguf)
}

@test "what has no partner is named with both operands" {
    tsplit in.gguf | tcat --skip blk.1.ffn_up.weight >less.weir
    run tmerge -m linear -o o.weir tiny less.weir
    one_line_error 1 tmerge
    [ "$output" = "tmerge: model.layers.1.mlp.up_proj.weight: is in tiny, not in less.weir" ]
    run tmerge -m linear -o o.weir less.weir tiny
    [ "$output" = "tmerge: model.layers.1.mlp.up_proj.weight: is in tiny, not in less.weir" ]
    cat in.weir <(tsplit in.gguf) >twice.weir
    run tmerge -m linear -o o.weir in.gguf twice.weir
    [ "$output" = "tmerge: token_embd.weight: comes twice in twice.weir" ]
    { tsplit in.gguf | tshow --data | grep -v '^end'; printf 'tensor blk.0.attn_sinks.weight [2]\nterm dense\npart dense F32 [2]\n1 2\nend\n'; } | tload >more.weir
    run tmerge -m linear -o o.weir tiny more.weir
    [ "$output" = "tmerge: blk.0.attn_sinks.weight: is in more.weir, not in tiny" ]
    tshow --data in.weir | sed 's/^model head_dim=8/model head_dim=7/' | tload >odd.weir
    run tmerge -m linear -o o.weir in.gguf odd.weir
    [ "$output" = "tmerge: model.layers.0.self_attn.q_proj.weight: 32 rows in odd.weir, which are no whole number of heads of 7 that in.gguf has in another order" ]
    [ ! -e o.weir ]
}

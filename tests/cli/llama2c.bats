# llama2c: llama2.c's model.bin and tokenizer.bin.
load helpers

setup_file() {
    load helpers
    tiny_model
    head -c 2000 "$BROOK/prose.test.txt" >"$BATS_FILE_TMPDIR/text"
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    cd "$BATS_TEST_TMPDIR"
}

ppl() { mppl -c 64 -f "$BATS_FILE_TMPDIR/text" | cut -f 5 | tail -n 1; }

@test "versions 0 and 1, shared head and own: the folder's weights bit for bit, its tokens, its perplexity" {
    want=$(tsplit "$TINY" | ppl)
    for v in 0 1; do
        for own in '' own; do
            rm -rf hf
            python3 "$TOP/tests/cli/llama2c.py" "$TINY" $v m.bin $own
            [ "$(tsplit m.bin | ppl)" = "$want" ]
            tsplit m.bin | tpack -o hf/
            [ "$(tsplit hf | ppl)" = "$want" ]
            python3 - "$REF" "$TINY/model.safetensors" "$own" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import safetensors
a, b = safetensors.read(sys.argv[2])[1], safetensors.read("hf/model.safetensors")[1]
if sys.argv[3]:
    assert b.pop("lm_head.weight")["data"] == b["model.embed_tokens.weight"]["data"]
assert set(a) == set(b)
for n in a:
    x = bytes(a[n]["data"])
    if a[n]["dtype"] == "BF16":
        x = b"".join(b"\0\0" + x[i:i + 2] for i in range(0, len(x), 2))
    assert x == bytes(b[n]["data"]), n
PY
        done
    done
    tsplit m.bin | tpack -o m.gguf
    [ "$(tsplit m.gguf | ppl)" = "$want" ]
}

@test "a bare file of its weights has the order of rows that Hugging Face's names mean" {
    python3 "$TOP/tests/cli/llama2c.py" "$TINY" 1 m.bin
    tsplit m.bin | tpack -o m.safetensors
    tsplit m.bin | tpack -o hf/
    tsplit m.safetensors | tcat >bare
    tsplit hf/model.safetensors | tdiff bare -
}

@test "a tokenizer of another name is named; without one the weights still travel" {
    python3 "$TOP/tests/cli/llama2c.py" "$TINY" 0 m.bin
    mkdir d; mv tokenizer.bin d/tok4096.bin
    tsplit m.bin | tshow >list
    ! grep -q tokenizer list
    tsplit m.bin d/tok4096.bin | tshow >list
    grep -q '^tokenizer.json' list
    [ "$(tsplit m.bin d/tok4096.bin | ppl)" = "$(tsplit "$TINY" | ppl)" ]
    head -c 5000 d/tok4096.bin >d/tokcut.bin
    run tsplit -o x m.bin d/tokcut.bin
    one_line_error 1 tsplit
}

# GPT-2: its matrices are turned on the way in and out; mppl and mcalib against plain sums in double (tests/ref/gpt2.py).
load helpers

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    python3 "$TOP/tests/cli/tiny_gpt2.py" tiny
    tsplit tiny >tiny.weir
    python3 -c 'print(*[(i * 37 + i * i * 11) % 264 for i in range(60)])' >ids
    python3 "$REF/gpt2.py" tiny 20 $(cat ids) >plain
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "matrices are outputs by inputs in the stream, fused ones are the weights they hold; nothing else changes" {
    tshow <tiny.weir >list
    for r in q k v; do grep -q "^h.0.attn.c_attn.weight:attn.$r	\[24, 24\]	F32	2304	attn.$r	0" list; done
    for r in q k v; do grep -q "^h.0.attn.c_attn.bias:attn.$r.bias	\[24\]	F32	96	attn.$r.bias	0" list; done
    grep -q '^h.1.mlp.c_proj.weight:mlp.down	\[24, 96\]	F32	9216	mlp.down	1' list
    grep -q '^wpe.weight	\[48, 24\]' list
    [ "$(tshow --only h.0.attn.c_attn.weight <tiny.weir | grep -c c_attn)" = 3 ]
}

@test "a folder comes back byte for byte; so does one after wquant to f32" {
    tpack -o back/ <tiny.weir
    diff -r tiny back
    wquant -t f32 <tiny.weir | tpack -o same/
    diff -r tiny same
}

@test "mppl: 7.746767576 nats, as plain sums in double give; with either names" {
    grep -qx 'nats_per_token 7.746767576' plain
    [ "$(mppl --ids ids -c 20 <tiny.weir | awk 'NR == 2 { print $5 }')" = 7.746768 ]
    python3 "$TOP/tests/cli/tiny_gpt2.py" long transformer.
    [ "$(tsplit long | mppl --ids ids -c 20 | awk 'NR == 2 { print $5 }')" = 7.746768 ]
    mppl --ids ids -c 20 <tiny.weir >one
    for opt in "-j 3" "-S 0" "-j 2 -S 100"; do mppl $opt --ids ids -c 20 <tiny.weir | cmp - one; done
}

@test "mcalib: norm2 of every linear layer, within 1e-5 of plain sums" {
    head -n 1 ids | cut -d ' ' -f 1-59 >inputs
    mcalib --ids inputs -c 20 --parts norm2,gram <tiny.weir | tshow --data >twin
    python3 - twin plain <<'P'
import sys
want = {w[0]: [float(v) for v in w[1:]] for w in map(str.split, open(sys.argv[2])) if len(w) > 2}
seen, part = 0, None
for line in open(sys.argv[1]):
    word = line.split()
    if word[:1] == ["tensor"]:
        name = word[1]
    elif word[:1] == ["part"]:
        part = word[1]
    elif part == "norm2":
        got, part = [float(v) for v in word], None
        ref = want[name.split(":")[0].removesuffix(".weight")]
        assert len(got) == len(ref)
        assert all(abs(a - b) <= 1e-5 * b for a, b in zip(got, ref)), name
        seen += 1
assert seen == 12, seen
P
}

@test "a text by its own tokenizer; wanda and int4 run on it" {
    head -c 600 "$BROOK/prose.test.txt" >text
    mppl -f text <tiny.weir >whole
    mcalib -f text <tiny.weir | wprune -m wanda -s 2:4 | wquant -t int4 -g 8 | mppl -f text >less
    [ "$(awk 'NR == 2 { print $4, $8 }' whole)" = "$(awk 'NR == 2 { print $4, $8 }' less)" ]
    mcalib -f text <tiny.weir | wprune -m wanda -s 2:4 | tpack -o half/
    python3 - half/model.safetensors "$REF" <<'P'
import struct, sys
sys.path.insert(0, sys.argv[2])
import safetensors
_, t = safetensors.read(sys.argv[1])
w = t["h.0.mlp.c_fc.weight"]
assert w["shape"] == [24, 96]
v = struct.unpack(f"<{24 * 96}f", w["data"])
for o in range(96):  # of four neighbouring inputs of an output two are zero
    for i in range(0, 24, 4):
        assert sum(v[(i + k) * 96 + o] == 0 for k in range(4)) == 2
P
}

@test "what is missing or not computed is named" {
    tcat --skip wpe.weight <tiny.weir >cut
    run mppl --ids ids -c 20 <cut
    one_line_error 1 mppl
    [ "$output" = "mppl: a layer comes before the tensor of role pos; tsplit writes tensors in the order a model runs" ]
    tcat --skip ln_f.bias <tiny.weir >cut
    run mppl --ids ids -c 20 <cut
    one_line_error 1 mppl
    [ "$output" = "mppl: the stream has no tensor of role norm.final.bias" ]
    run mppl --ids ids -c 49 <tiny.weir
    one_line_error 1 mppl
    cp -r tiny odd
    sed -i 's/gelu_new/odd_one/' odd/config.json
    tsplit odd >odd.weir
    run mppl --ids ids <odd.weir
    one_line_error 1 mppl
    case $output in *"odd_one"*) ;; *) false ;; esac
}

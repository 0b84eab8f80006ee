# mcalib: which bundles get which companions, the figures against torch's, and what it refuses.
load helpers

setup_file() {
    load helpers
    tiny_model
    tsplit "$BATS_FILE_TMPDIR/tiny" >"$BATS_FILE_TMPDIR/tiny.weir"
    head -c 2000 "$BROOK/calib.txt" >"$BATS_FILE_TMPDIR/text"
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "every linear of attention and MLP gets norm2, nothing else does" {
    mcalib -f text -c 64 <tiny.weir >out
    [ "$(tshow <out | awk -F '\t' '$7 == "norm2" { print $5 }' | sort -u | tr '\n' ' ')" = \
        "attn.k attn.o attn.q attn.v mlp.down mlp.gate mlp.up " ]
    [ "$(tshow <out | awk -F '\t' '$7 == "norm2"' | wc -l)" = 14 ]
    [ "$(tshow <out | awk -F '\t' 'NR > 1 && $7 != "norm2" && $7 != "-"' | wc -l)" = 0 ]
}

@test "all parts, in order; values pass untouched; names and order stay" {
    mcalib -f text -c 64 --parts gram,absmean,norm2,mean <tiny.weir >out
    tshow <out | grep -q "mlp.down	1	norm2,mean,absmean,gram"
    tshow <out | cut -f 1-6 >after
    tshow <tiny.weir | cut -f 1-6 | cmp - after
    tdiff tiny.weir out >diff || [ $? -eq 1 ]
    [ "$(awk -F '\t' 'NR > 1 && $3 == 0 && $9 == "companions,header"' diff | wc -l)" = 14 ]
    [ "$(wc -l <diff)" = 15 ]
}

@test "linears of one input share their gram: it travels once" {
    mcalib -f text -c 64 --parts gram <tiny.weir >out
    python3 "$REF/weir.py" show out | sed -n 's/^tensor \(.*\)\.weight .* gram=\(.*\)\.weight .*/\1 \2/p' >same
    [ "$(sed 's/[^ ]*\.//g' same | sort | uniq -c | awk '{ print $1, $2, $3 }' | tr '\n' ',')" = \
        "2 k_proj q_proj,2 up_proj gate_proj,2 v_proj q_proj," ]
}

@test "sums of squares on the golden 32 ids: torch's within 1e-5 (a float32 run of torch is off by 5e-6)" {
    need_shared models/golden-forward.safetensors
    python3 -c 'import json, sys; print(*json.load(open(sys.argv[1]))["ids"])' "$SHARED/models/golden-tokens.json" >ids
    tsplit "$SHARED/models/brook-6m-f32" | mcalib --ids ids >out
    tshow --data --only 'model.layers.*' <out >text.twin
    python3 - "$SHARED/models/golden-forward.safetensors" text.twin "$REF" <<'P'
import struct, sys
sys.path.insert(0, sys.argv[3])
import safetensors
_, golden = safetensors.read(sys.argv[1])
seen, name, part = 0, None, None
for line in open(sys.argv[2]):
    word = line.split()
    if word[:1] == ["tensor"]:
        name = word[1]
    elif word[:1] == ["part"]:
        part = word[1]
    elif part == "norm2":
        got = [32 * float(x) for x in word]
        data = golden[name.replace(".weight", ".in_sum2")]["data"]
        want = struct.unpack(f"<{len(data) // 4}f", data)
        assert len(got) == len(want)
        assert all(abs(a - b) <= 1e-5 * b for a, b in zip(got, want)), name
        seen, part = seen + 1, None
assert seen == 42, seen
P
}

@test "any number of threads, states in a file: the same records" {
    mcalib -f text -c 64 --parts norm2,mean,absmean,gram <tiny.weir >out
    for opt in "-j 2" "-j 5" "-S 0" "-j 3 -S 100"; do
        mcalib $opt -f text -c 64 --parts norm2,mean,absmean,gram <tiny.weir >other
        tdiff out other
    done
}

@test "--tokens takes whole windows from all over the texts; texts are joined; count says how many" {
    mcalib -f text -c 64 --tokens 150 <tiny.weir | tshow --data >a
    grep -q '^tensor model.layers.1.mlp.up_proj.weight .* count=128$' a
    mcalib -f text -c 64 --tokens 20 <tiny.weir | tshow --data | grep -q ' count=20$' # a window is never longer than what is asked for
    yes word | head -n 400 | tr '\n' ' ' >same
    cat text same >both # of two windows one lies in each half
    mcalib -f both -c 64 --tokens 128 <tiny.weir | tshow --data | grep -v '^history' >a
    mcalib -f text -c 64 --tokens 128 <tiny.weir | tshow --data | grep -v '^history' >b
    ! cmp -s a b
    head -c 1000 text >one
    tail -c +1001 text >two
    mcalib -f one -f two -c 64 <tiny.weir | tshow --data | grep -v '^history' >a
    mcalib -f text -c 64 <tiny.weir | tshow --data | grep -v '^history' >b
    cmp a b
}

@test "each window begins with bos where the tokenizer adds it, and as --bos says" {
    mcalib -f text -c 64 <tiny.weir | tshow --data | grep -v '^history' >auto
    mcalib -f text -c 64 --bos yes <tiny.weir | tshow --data | grep -v '^history' | cmp - auto
    mcalib -f text -c 64 --bos no <tiny.weir | tshow --data | grep -v '^history' >none
    ! cmp -s none auto
    cp -r tiny nobos
    sed -i 's/"add_bos_token": true/"add_bos_token": false/' nobos/tokenizer_config.json
    tsplit nobos | mcalib -f text -c 64 | tshow --data | grep -v '^history' >off
    grep '^tensor\|^comp\|^data' off | cmp - <(grep '^tensor\|^comp\|^data' none)
    run mcalib -f text --bos maybe <tiny.weir
    [ "$status" -eq 2 ]
}

@test "grams of few tokens are warned of" {
    mcalib -q -f text -c 64 --tokens 128 --parts gram <tiny.weir 2>err >/dev/null
    grep -q '^mcalib: 128 tokens for grams of 64 columns' err
    mcalib -q -f text -c 64 --tokens 128 <tiny.weir 2>err >/dev/null
    [ ! -s err ]
}

@test "--hold-out: gram is of the windows that stay, gram.held of the others; reports go by it; any number of threads" {
    python3 -c 'print(*[(i * 37 + i * i * 11) % 264 for i in range(512)])' >ids
    tr ' ' '\n' <ids | awk 'NR <= 256 || NR > 320' >kept
    tr ' ' '\n' <ids | awk 'NR > 256 && NR <= 320' >held
    mcalib --ids ids -c 64 --parts norm2,gram --hold-out 1/8 <tiny.weir >both.weir
    mcalib --ids ids -c 64 --parts norm2,gram --hold-out 1/8 -j 3 -S 4K <tiny.weir >three.weir
    tdiff -q both.weir three.weir >/dev/null
    mcalib --ids kept -c 64 --parts norm2,gram <tiny.weir >kept.weir
    mcalib --ids held -c 64 --parts norm2,gram <tiny.weir >held.weir
    for n in both kept held; do tshow --data --only '*.0.*k_proj*,*.1.*down*' <$n.weir >$n; done
    python3 - <<'EOP'
def parts(path):
    seen, part, n = {}, None, 0
    for line in open(path):
        w = line.split()
        if w[:1] == ["part"]:
            n += w[1] == "norm2"
            part = (n, w[1])
        elif part and part[1] != "dense":
            try:
                seen.setdefault(part, []).extend(float(x) for x in w)
            except ValueError:
                part = None
    return seen
def same(a, b):
    top = max(map(abs, a))
    assert len(a) == len(b) and all(abs(x - y) <= 2e-5 * top for x, y in zip(a, b))
both, kept, held = parts("both"), parts("kept"), parts("held")
for n in 1, 2:
    same(kept[n, "gram"], both[n, "gram"])
    same(kept[n, "norm2"], both[n, "norm2"])
    same(held[n, "gram"], both[n, "gram.held"])
EOP
    wquant -b 3 -g 32 --only linear --report by_held <both.weir >/dev/null
    wquant -b 3 -g 32 --only linear --report by_kept <kept.weir >/dev/null
    paste by_held by_kept | awk -F '\t' '/_proj/ && ($6 / $15 > 1.01 || $15 / $6 > 1.01 || $8 == $17) { print; bad = 1 } END { exit bad }'
    run mcalib --ids ids -c 64 --hold-out 1/8 <tiny.weir
    [ "$status" -eq 2 ]
    run mcalib --ids ids -c 64 --parts gram --hold-out 8 <tiny.weir
    [ "$status" -eq 2 ]
    tr ' ' '\n' <ids | head -n 64 >few
    run bash -c 'mcalib --ids few -c 64 --parts gram --hold-out 1/8 <tiny.weir 2>&1 >/dev/null'
    [[ $output == *"--hold-out 1/8: the texts have 1 windows of 64 tokens; 5 are needed"* ]]
}

@test "a head of its own gets the final norm's statistics" {
    python3 - tiny untied <<'P'
import json, os, shutil, struct, sys
shutil.copytree(sys.argv[1], sys.argv[2])
p = sys.argv[2] + "/model.safetensors"
raw = open(p, "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
head, data = json.loads(raw[8:8 + n]), raw[8 + n:]
e = head["model.embed_tokens.weight"]
copy = data[e["data_offsets"][0]:e["data_offsets"][1]]
head["lm_head.weight"] = dict(e, data_offsets=[len(data), len(data) + len(copy)])
text = json.dumps(head).encode()
text += b" " * (-len(text) % 8)
open(p, "wb").write(struct.pack("<Q", len(text)) + text + data + copy)
c = json.load(open(sys.argv[2] + "/config.json"))
c["tie_word_embeddings"] = False
json.dump(c, open(sys.argv[2] + "/config.json", "w"))
P
    tsplit untied >untied.weir
    mcalib -f text -c 64 <untied.weir | tshow | grep -q '^lm_head.weight.*norm2$'
    mppl -f text -c 64 <untied.weir >a
    mppl -f text -c 64 <tiny.weir | cmp - a
}

@test "calibrated again, the companions are replaced" {
    mcalib -f text -c 64 --tokens 50 <tiny.weir | mcalib -f text -c 64 | tshow --data | grep -v '^history' >a
    mcalib -f text -c 64 <tiny.weir | tshow --data | grep -v '^history' >b
    cmp a b
}

@test "what cannot be run is refused, and no tail is written" {
    run mcalib -f text --parts norm3 <tiny.weir
    [ "$status" -eq 2 ]
    run mcalib <tiny.weir
    [ "$status" -eq 2 ]
    tcat --skip 'model.layers.0.self_attn.k_proj.weight' <tiny.weir >cut
    mcalib -f text <cut >out 2>err && return 1
    grep -qx 'mcalib: layer 0 has no tensor of role attn.k' err
    run tcat <out
    [ "$status" -eq 1 ]
    tcat --only 'model.layers.*' <tiny.weir >cut
    mcalib -f text <cut 2>err >out && return 1
    grep -q '^mcalib: layer 0 comes before the embedding' err
}

@test "tokens weighed by attention: other norm2 and gram, the same means; any number of threads" {
    mcalib -f text -c 64 --parts norm2,mean,gram <tiny.weir >plain
    mcalib -f text -c 64 --parts norm2,mean,gram --token-weight attncon <tiny.weir >out
    mcalib -j 4 -f text -c 64 --parts norm2,mean,gram --token-weight attncon:0.01 <tiny.weir >other
    tdiff out other
    tdiff plain out >diff || [ $? -eq 1 ]
    [ "$(awk -F '\t' '$9 == "companions"' diff | wc -l)" = 14 ]
    mcalib -f text -c 64 --parts norm2,mean,gram --token-weight attncon:1 <tiny.weir | tdiff plain -
    run mcalib -f text --token-weight rank <tiny.weir
    [ "$status" -eq 2 ]
    run mcalib -f text --token-weight attncon:0 <tiny.weir
    [ "$status" -eq 2 ]
}

@test "experts: counts of their own tokens; one that saw none is named; any threads, states in a file, through cat: the same records" {
    G=$TOP/tests/golden/arch
    for a in qwen3_moe gpt_oss deepseek_v3 mixtral; do
        [ -e "$G/$a/model.safetensors" ]
        tsplit "$G/$a" >moe.weir
        mcalib --ids "$G/$a/ids" -c 24 --parts norm2,mean,absmean,gram <moe.weir 2>said | tshow --data | grep -v ^history >one
        for opt in "-j 3" "-S 0" "-j 2 -S 100" "--through cat"; do
            mcalib --ids "$G/$a/ids" -c 24 --parts norm2,mean,absmean,gram $opt <moe.weir 2>/dev/null | tshow --data | grep -v ^history | cmp - one
        done
        # each of 48 tokens goes to top experts in each layer of experts
        python3 - one "$G/$a/config.json" said <<'P'
import json, re, sys
top = json.load(open(sys.argv[2]))["num_experts_per_tok"]
layers, unseen, name = {}, [], None
for line in open(sys.argv[1]):
    w = line.split()
    if w[:1] == ["tensor"]:
        at = dict(x.split("=", 1) for x in w if "=" in x and not x.startswith("["))
        role, layer, x = at.get("role"), at.get("layer"), at.get("expert")
        if role in ("moe.gate", "moe.up", "moe.down"):
            layers.setdefault((layer, role), []).append(int(at["count"]))
            if int(at["count"]) == 0 and role == "moe.gate":
                unseen.append(f"{layer}:{x}")
        name, zero = w[1], at.get("count") == "0"
    elif w[:1] == ["part"] and len(w) > 1 and w[1] in ("norm2", "gram"):
        assert not zero, name
assert layers and all(sum(v) == 48 * top for v in layers.values()), layers
said = open(sys.argv[3]).read()
assert (re.findall(r" (\d+:\d+)", said) == unseen) and (said.count("\n") == bool(unseen)), (said, unseen)
P
    done
}

@test "experts: bi needs the whole layer, which --through does not see at once" {
    G=$TOP/tests/golden/arch
    tsplit "$G/qwen3_moe" >moe.weir
    mcalib --ids "$G/qwen3_moe/ids" -c 24 --parts norm2,bi <moe.weir | tshow --data >one
    [ "$(grep -c '^tensor.* angle=' one)" = 3 ]
    [ "$(grep -c '^tensor.* role=moe.down .* bi_sub=' one)" = "$(grep -c '^tensor.* role=moe.down ' one)" ]
    run mcalib --ids "$G/qwen3_moe/ids" -c 24 --parts norm2,bi --through cat <moe.weir
    [ "$status" -eq 1 ]
    case $output in *"layer 0 has experts: its influence (--parts bi)"*) ;; *) false ;; esac
}

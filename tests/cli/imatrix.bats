# imatrix: importance matrices of llama.cpp, read by mcalib, written by tpack, and the types of ggml that need them.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >tiny.weir
    python3 "$TOP/tests/cli/imatrix.py" one.gguf
    python3 "$TOP/tests/cli/imatrix.py" three.gguf 3
    python3 "$TOP/tests/cli/imatrix.py" one.dat
    mcalib --imatrix one.gguf <tiny.weir >one.weir 2>one.err
}
setup() { cd "$BATS_FILE_TMPDIR"; }

@test "both kinds give each linear norm2 = sum / count, and one line says what found no tensor" {
    [ "$(cat one.err)" = "mcalib: 1 of 15 entries of the importance matrix are no tensors of this stream" ]
    mcalib --imatrix one.dat <tiny.weir 2>/dev/null >dat.weir
    for f in one dat; do
        tshow <$f.weir | awk -F '\t' '$7 ~ /norm2/ {n++} END {exit n != 14}'
        wquant -t q4_0 --report $f.tsv <$f.weir >/dev/null
    done
    diff one.tsv dat.tsv
    mcalib --imatrix three.gguf <tiny.weir 2>/dev/null | tpack -t imatrix -o back.gguf
    python3 - <<'EOF'
import struct
a, b = open("three.gguf", "rb").read(), open("back.gguf", "rb").read()
assert a.count(b"output.weight.in_sum2") == 3 and b.count(b"output.weight.in_sum2") == 2 and b"text.txt" in b
assert b.count(struct.pack("<32f", *[192 * (c + 1) for c in range(32)])) == 14 # the first 32 of ffn_down's 64 too
EOF
}

@test "what is read is written again byte for byte, in both kinds" {
    for k in gguf dat; do # without the head, which the tiny model has none of
        sed 's/^entries.append.*//' "$TOP/tests/cli/imatrix.py" | python3 - part.$k
    done
    for k in gguf dat; do
        mcalib --imatrix part.$k <tiny.weir | tpack -t imatrix -o again.$k
    done
    cmp part.gguf again.gguf
    mcalib --imatrix part.gguf <tiny.weir | tpack -o from.dat
    cmp part.dat from.dat
}

@test "several are added: sums and counts" {
    mcalib --imatrix one.gguf --imatrix three.gguf <tiny.weir 2>/dev/null | tpack -t imatrix -o four.gguf
    python3 - <<'EOF'
import struct
b = open("four.gguf", "rb").read()
assert struct.pack("<4f", 256, 512, 768, 1024) in b and struct.pack("<f", 128) in b
EOF
    run bash -c 'mcalib --imatrix one.gguf --imatrix one.dat <tiny.weir >out'
    one_line_error 1 mcalib
    [ "$output" = "mcalib: one.dat: it counts chunks, the one before tokens; they cannot be added" ]
}

@test "a GGUF quantized by it says so, unless it was not used" {
    wquant -t q4_0 <one.weir | tpack -o q.gguf
    wquant -t q4_0 --no-importance <one.weir | tpack -o plain.gguf
    for k in file dataset entries_count chunks_count; do
        grep -q "quantize.imatrix.$k" q.gguf
        ! grep -q "quantize.imatrix.$k" plain.gguf
    done
    grep -q one.gguf q.gguf
    mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 <tiny.weir | tpack -t imatrix -o own.gguf
    mcalib --imatrix own.gguf <tiny.weir | tshow | awk -F '\t' '$7 ~ /norm2/ {n++} END {exit n != 14}'
}

@test "types that need importance: a linear without it is an error, the embedding takes another" {
    tsplit "$MODEL" >brook.weir
    for t in iq1_s iq1_m iq2_xxs iq2_xs iq2_s iq3_xxs; do
        run bash -c "wquant -t $t --only linear <brook.weir >out"
        one_line_error 1 wquant
        case $output in *": type $t needs importance, and the companion norm2 is missing; run mcalib first") ;; *) echo "$output"; return 1 ;; esac
        run bash -c "wquant -t $t -n --only linear <brook.weir"
        [ "$status" -eq 1 ]
        wquant -t $t --only embed -v <brook.weir 2>err | tshow | grep -qE 'embed.*(q2_K|iq3_s)'
        grep -q "has no norm2, as it is no linear of a layer" err
    done
    wquant -t iq3_s --only linear --layers 0 <brook.weir | tshow | grep -q iq3_s
    mcalib -f "$BROOK/calib.txt" --tokens 128 -c 128 <brook.weir | wquant -t iq2_xxs --layers 0 | tshow | grep -q iq2_xxs
    run bash -c 'wquant -t iq1_s --only linear --no-importance <brook.weir >out'
    case $output in *"type iq1_s needs importance, and it is not to be used") ;; *) echo "$output"; return 1 ;; esac
}

@test "the same bytes by every kernel that this CPU has, and any -j, of the types that go by importance" {
    tsplit "$MODEL" | mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 | tcat --layers 0 >small.weir
    for t in iq3_xxs iq2_xs iq2_xxs iq1_s iq1_m; do
        for k in $(kernels); do
            WEIR_KERNEL=$k wquant -t $t -j 2 <small.weir >"$k.weir" 2>/dev/null
            cmp base.weir "$k.weir"
        done
        wquant -t $t -j 3 <small.weir 2>/dev/null | cmp base.weir -
    done
}

@test "what it refuses: one line, file and entry named" {
    python3 "$TOP/tests/cli/imatrix.py" model.gguf 1 model
    head -c 900 one.dat >cut.dat
    head -c 3000 one.gguf >cut.gguf
    printf 'nothing' >junk.dat
    python3 "$TOP/tests/cli/imatrix.py" minus.gguf -1
    for f in model.gguf cut.dat cut.gguf junk.dat minus.gguf absent.gguf; do
        run bash -c "mcalib --imatrix $f <tiny.weir >out"
        one_line_error 1 mcalib
        case $output in *"$f"*) ;; *) echo "$output"; return 1 ;; esac
    done
    run bash -c 'wquant -t q8_0 <tiny.weir | tpack -t imatrix -o none.gguf'
    [ "$status" -eq 1 ]
    [ ! -e none.gguf ]
    tsplit "$MODEL" | (run mcalib --imatrix one.gguf; [ "$status" -eq 1 ])
    run bash -c 'mcalib --imatrix one.gguf -f x <tiny.weir'
    [ "$status" -eq 2 ]
}

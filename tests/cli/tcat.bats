load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >in.weir
}

setup() { cd "$BATS_FILE_TMPDIR"; }

size() { stat -c %s "$1"; }

@test "a plain copy holds the same and its history grows by one command" {
    tcat in.weir >out.weir
    tdiff in.weir out.weir
    diff <(tshow --data in.weir) <(tshow --data out.weir) >d || true
    [ "$(grep -c '^[<>]' d)" -eq 1 ]
    grep -q '^> history tcat in.weir @' d
}

@test "each way to store keeps every bit, blobs too, and can be undone" {
    for how in -z -z9 --zstd=1 --split-bytes "--split-bytes -z19" --bitmask --raw; do
        tcat $how in.weir >out.weir
        tdiff in.weir out.weir
        diff <(tshow --data in.weir | grep -v ^history) <(tshow --data out.weir | grep -v ^history)
        tcat --raw out.weir | tdiff in.weir -
    done
}

@test "zstd is smaller than raw, and split bytes smaller still" {
    tcat -z in.weir >z.weir
    tcat --split-bytes in.weir >s.weir
    [ "$(size z.weir)" -lt "$(size in.weir)" ]
    [ "$(size s.weir)" -lt "$(size z.weir)" ]
}

@test "bitmask stores half of a half-zero tensor" {
    python3 -c 'print("weir-text 1\ntensor w [64, 64]\nterm dense\npart dense F32 [64, 64]")
for r in range(64): print(*[(c * 7 + r) % 31 + 0.5 if (c + r) % 2 else 0 for c in range(64)])
print("end")' | tload >half.weir
    tcat --bitmask half.weir >b.weir
    tdiff half.weir b.weir
    n=$(($(size half.weir) - $(size b.weir)))
    [ "$n" -gt 7500 ] && [ "$n" -le 8192 ] # of 16384 bytes: half less, but 512 of mask
}

@test "tensors are chosen by glob, role and layer; everything else passes" {
    tcat --only 'attn.q,*down*' in.weir | tshow >list
    [ "$(grep -c weight list)" -eq 4 ]
    tcat --only attn --skip attn.o --layers 1 in.weir | tshow >list
    [ "$(grep -c weight list)" -eq 3 ]
    [ "$(grep -c blob list)" -eq "$(tshow in.weir | grep -c blob)" ]
    tcat --only nothing.like.it --allow-none in.weir | tshow | tail -n 1 | grep -q '^total	0	'
}

@test "a companion shared with a tensor that is left out stays" {
    tload >shared.weir <<'END'
weir-text 1
tensor q [1, 2] role=attn.q layer=0
part gram F32 [2, 2] shared=true
1 2
2 5
term dense
part dense F32 [1, 2]
1 2
tensor k [1, 2] role=attn.k layer=0
part gram F32 [2, 2] shared=true
1 2
2 5
term dense
part dense F32 [1, 2]
3 4
end
END
    tcat --only k shared.weir | tshow --data >k.txt
    grep -A 2 '^part gram' k.txt | tail -n 2 | diff - <(printf '1 2\n2 5\n')
}

@test "several files follow one another, - is standard input" {
    tcat in.weir - in.weir <in.weir >three.weir
    [ "$(tshow --data three.weir | grep -c '^weir-text')" -eq 3 ]
    cat in.weir in.weir in.weir | tdiff three.weir -
}

@test "--dense turns forms into rows" {
    tload >q.weir <<'END'
weir-text 1
tensor w [1, 4] dtype=F16
term affine bits=4 group=4 sym=true
part codes U8 [1, 2]
152 186
part scales F16 [1, 1]
0.5
term lowrank
part a F16 [1, 4]
1 0 0 2
part b F16 [1, 1]
0.25
end
END
    tcat --dense q.weir | tshow --data | grep -A 1 '^part' | diff - <(printf 'part dense F16 [1, 4]\n0.25 0.5 1 2\n')
    tcat --dense=F32 q.weir | tshow --data | grep -q '^part dense F32'
    tcat --dense in.weir | tdiff in.weir -
    tcat --dense=F32 in.weir | tcat --dense=BF16 | tdiff in.weir -
}

@test "-o appears only when whole" {
    tcat -o out.o in.weir
    tdiff in.weir out.o
    head -c 1000 in.weir >cut.weir
    rm out.o
    run tcat -o out.o cut.weir
    one_line_error 1 tcat
    [ ! -e out.o ] && [ -z "$(ls out.o* 2>/dev/null)" ]
}

@test "wrong command lines" {
    run tcat -z23 in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tcat: --zstd: '23' is not a level from 1 to 22" ]
    run tcat --dense=I8 in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tcat: --dense: 'I8' is none of F64 F32 F16 BF16 F8_E4M3 F8_E5M2" ]
    run tcat -z --raw in.weir
    [ "$status" -eq 2 ]
    run tcat nothing.weir
    one_line_error 1 tcat
}

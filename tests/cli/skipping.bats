# skipping: what nobody asks for is gone past in a regular file, unread; what comes out is what a pipe gives. doc/decisions/0019-skipping.md
load helpers

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    tiny_model
    "$BIN/tsplit" "$MODEL" >brook.weir
    "$BIN/tsplit" tiny | "$BIN/mcalib" -f "$BROOK/prose.test.txt" --tokens 512 -c 64 --parts gram,norm2 >gram.weir
    "$BIN/tcat" -z gram.weir >z.weir
    "$BIN/tsplit" tiny | "$BIN/lrfactor" -m masa -r 1 >mix.weir
    cat gram.weir mix.weir brook.weir z.weir >many.weir
}

setup() { cd "$BATS_FILE_TMPDIR"; }

commands() {
    cat <<'END'
tshow
tshow --json
tshow -v --only attn
wquant -t q4_0 -n
wquant -t int4 -g 32 -n --only mlp
tcat --only mlp.down
tcat --layers 1
tcat --layers 1 --raw
tcat --skip attn,embed
tstat --only norm
tstat --only attn.v,mlp.down -m n,mean,std
tstat --only attn.v --parts
END
}

@test "a file, a pipe and a file that is read from its middle give the same" {
    for f in brook gram z mix many; do
        while read -r c; do
            $c <$f.weir >a
            cat $f.weir | $c >b
            cmp a b || { echo "$c: $f.weir" >&2; return 1; }
            cat brook.weir $f.weir >behind.weir
            { head -c "$(stat -c %s brook.weir)" >/dev/null; $c >a; } <behind.weir
            [ -s a ]
        done < <(commands)
    done
}

# read_by COMMAND...: bytes that it reads of FILE (standard input of this function)
read_by() { strace -f -e trace=read,pread64,readv -o reads "$@" >/dev/null; awk '/^[0-9]+ +read\(0,/ { n += $NF } END { print n + 0 }' reads; }

@test "few bytes are read" {
    command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null || skip "needs strace"
    size=$(stat -c %s brook.weir)
    for c in "tshow" "tshow --json" "wquant -t q4_0 -n" "tcat --only norm.final" "tcat --only norm.final --layers 0 --allow-none" "tstat --only norm.final"; do
        n=$(read_by $c <brook.weir)
        [ "$n" -gt 0 ] && [ "$((8 * n))" -lt "$size" ] || { echo "$c: $n of $size"; return 1; }
    done
    [ "$(read_by tcat <brook.weir)" -ge "$size" ]
}

@test "a file that ends too early is noticed, wherever it does" {
    size=$(stat -c %s brook.weir)
    for at in $((size / 3)) $((size / 2)) $((size - 100000)) $((size - 1)); do
        head -c $at brook.weir >cut.weir
        while read -r c; do
            run bash -c "$c <cut.weir >out"
            one_line_error 1 "${c%% *}" || { echo "$c at $at"; return 1; }
        done < <(commands)
    done
}

@test "damage to what is gone past is not seen, to what is asked for it is" {
    python3 - <<'PY'
d = bytearray(open("brook.weir", "rb").read())
d[len(d) // 2] ^= 1
open("bad.weir", "wb").write(d)
PY
    run bash -c "tcat bad.weir >out"
    one_line_error 1 tcat
    name=$(echo "$output" | sed 's/.*(tensor \([^)]*\)).*/\1/')
    tshow bad.weir | cmp - <(tshow brook.weir)
    tcat --skip "$name" <bad.weir | cmp - <(tcat --skip "$name" <brook.weir)
    for c in "tcat --only $name bad.weir" "tstat --only $name bad.weir" "tshow --data bad.weir"; do
        run bash -c "$c >out"
        [ "$status" -eq 1 ] || { echo "$c: $status"; return 1; }
    done
    run bash -c "cat bad.weir | tshow >out" # of a pipe everything is checked
    one_line_error 1 tshow
}

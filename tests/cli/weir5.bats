# weir5: the page weir(5) against the programs: its dump, its filters, and the reader and writer made from it alone, both ways.
load helpers

# build PROGRAM SOURCE: a program of the page or of tests/ref.
build() {
    # shellcheck disable=SC2046
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -O1 -D_GNU_SOURCE -I"$TOP/lib" -o "$1" "$2" "$BUILD/libweir.a" $(cat "$BUILD/link.txt")
}

# piece NAME: the literal text between ".\" begin NAME" and ".\" end NAME" of the page, as a reader sees it.
piece() {
    sed -n '/^\.\\" begin '"$1"'$/,/^\.\\" end '"$1"'$/p' "$TOP/man/weir.5" | sed '/^\.\\"/d; /^\.Bd/d; /^\.Ed/d' |
        sed 's/^\\&//; s/\\(aq/'"'"'/g; s/\\(ga/`/g; s/\\(ha/^/g; s/\\(ti/~/g; s/\\-/-/g; s/\\e/\\/g'
}

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    build small "$TOP/tests/ref/small.c"
    build reload "$TOP/tests/ref/reload.c"
    ./small >small.weir
    python3 "$REF/weir.py" odd odd.weir
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

weir() {
    python3 "$REF/weir.py" "$@"
}

@test "the dump of the page is what the library writes" {
    piece small.hex >want
    hexdump -C small.weir | cut -c 5- >got
    [ -s want ]
    diff want got
}

@test "the page's filter in C compiles and halves" {
    piece whalve.c >whalve.c
    build whalve whalve.c
    ./whalve <small.weir >halved.weir
    weir show halved.weir >halved
    ./whalve <halved.weir | ./whalve >eighth.weir
    hexdump -v -e '1/1 "%02x"' halved.weir | grep -q 003f803fc03f0000008000bf
    hexdump -v -e '1/1 "%02x"' eighth.weir | grep -q 003e803ec03e0000008000be
    ./whalve -h | grep -q 'Halve every weight.'
    run ./whalve </dev/null
    one_line_error 1 whalve
}

@test "the page's filter in Python runs on what C and Python write" {
    /usr/bin/python3 -c 'import msgpack, xxhash' 2>/dev/null || skip "needs python3-msgpack and python3-xxhash"
    piece wprefix.py >wprefix.py
    /usr/bin/python3 wprefix.py m. <small.weir >named.weir
    weir show named.weir | grep -q '^tensor m\.w \[2, 3\]'
    ./reload 0 load <named.weir >named2.weir
    [ "$(weir show named2.weir)" = "$(weir show named.weir)" ]
    /usr/bin/python3 wprefix.py m. <odd.weir >named.weir
    ./reload 0 load <named.weir >named2.weir
    weir show named2.weir | grep -q '^tensor m.k1 .* gram=m.q1 '
    head -c 100 small.weir >cut.weir
    run /usr/bin/python3 wprefix.py m. <cut.weir
    [ "$status" -eq 1 ]
}

@test "Python reads what C writes, and writes the same bytes" {
    weir copy small.weir again.weir
    cmp small.weir again.weir
    [ "$(weir show small.weir | wc -l)" -eq 4 ]
}

@test "Python to C to Python, every codec, widths of msgpack as packers choose them" {
    for codec in 0 1 2 3 4; do
        weir copy -c $codec -w small.weir py.weir
        for load in "" load; do
            ./reload 0 $load <py.weir >c.weir
            cmp small.weir c.weir
            ./reload $codec $load <py.weir >c.weir
            weir copy c.weir again.weir
            cmp small.weir again.weir
        done
    done
}

@test "C reads what C filters rarely write: unknown kinds and forms, codecs by turns, shards out of order" {
    weir show odd.weir >want
    [ "$(wc -l <want)" -eq 12 ]
    for codec in 0 1 2 3 4; do
        for load in "" load; do
            ./reload $codec $load <odd.weir >c.weir
            weir show c.weir >got
            diff want got
        done
    done
}

@test "Python and C agree on a model" {
    [ -x "$BIN/tsplit" ] || skip "needs tsplit"
    tiny_model
    tsplit "$TINY" >tiny.weir
    weir show tiny.weir >want
    for codec in 1 2 3 4; do
        ./reload $codec load <tiny.weir >c.weir
        weir copy c.weir raw.weir
        cmp raw.weir tiny.weir
        weir copy -c $codec c.weir py.weir
        ./reload 0 <py.weir | cmp - tiny.weir
    done
}

@test "both refuse every cut" {
    size=$(stat -c %s small.weir)
    for ((n = 0; n < size; n += 23)); do
        head -c $n small.weir >cut.weir
        run ./reload 0 <cut.weir
        [ "$status" -eq 1 ] && [ "${#lines[@]}" -eq 1 ]
    done
    head -c $((size - 1)) small.weir >cut.weir
    run weir show cut.weir
    [ "$status" -eq 1 ]
}

@test "between pipes the kernel hands the bytes on, and damage is still seen" {
    [ -x "$BIN/tcat" ] || skip "needs tcat"
    tiny_model
    tsplit "$TINY" >tiny.weir
    cat tiny.weir | tcat | tcat | cat >piped.weir
    tcat <tiny.weir | tcat >unpiped.weir
    cmp piped.weir unpiped.weir
    at=$(($(stat -c %s tiny.weir) / 2))
    head -c $at tiny.weir >bad.weir
    tail -c +$((at + 1)) tiny.weir | head -c 1 | tr '\000-\377' '\001-\377\000' >>bad.weir
    tail -c +$((at + 2)) tiny.weir >>bad.weir
    [ "$(stat -c %s bad.weir)" -eq "$(stat -c %s tiny.weir)" ]
    run sh -c 'cat bad.weir | { tcat 2>err; echo $? >status; } | cat >/dev/null'
    [ "$(cat status)" -eq 1 ]
    grep -q 'damaged on the way$' err
    [ "$(wc -l <err)" -eq 1 ]
    head -c $at tiny.weir >cut.weir
    run sh -c 'cat cut.weir | { tcat 2>err; echo $? >status; } | cat >/dev/null'
    [ "$(cat status)" -eq 1 ]
    grep -q 'no tail: was the upstream command killed or did it fail?$' err
}

@test "damage fails the first program that meets it and all behind it, though those pass on unread" {
    tiny_model
    tsplit "$TINY" >tiny.weir
    at=$(($(stat -c %s tiny.weir) * 2 / 3))
    { head -c $at tiny.weir; tail -c +$((at + 1)) tiny.weir | head -c 1 | tr '\000-\377' '\001-\377\000'; tail -c +$((at + 2)) tiny.weir; } >bad.weir
    relay() { tcat 2>"err$1"; echo $? >"status$1"; }
    for source in "cat bad.weir" "cat tiny.weir bad.weir" "tcat tiny.weir; cat bad.weir" "cat bad.weir; tcat tiny.weir"; do
        rm -f err? status?
        eval "$source" | relay 1 | relay 2 | relay 3 | cat >got.weir || true
        [ "$(cat status1 status2 status3 | tr '\n' ' ')" = "1 1 1 " ] || { echo "$source: $(cat status?)"; false; }
        grep -q 'damaged on the way$' err1
        for later in err2 err3; do # the claim of one that is dead is gone
            grep -qE '(damaged on the way|(is empty|no tail).*: (was|did) the upstream command .*)$' $later
            [ "$(wc -l <$later)" -eq 1 ]
        done
    done
    cat tiny.weir | tcat | tcat | tcat | cat >unread.weir
    tcat <tiny.weir >1.weir && tcat <1.weir >2.weir && tcat <2.weir >want.weir
    cmp unread.weir want.weir
}

@test "any number of threads gives the same bytes" {
    [ -x "$BIN/tcat" ] || skip "needs tcat"
    tsplit "$MODEL" --only '*.0.*' >model.weir
    for z in "-z" "--split-bytes"; do
        tcat $z -j 1 <model.weir >one.weir
        tcat $z -j 3 <model.weir >three.weir
        # the history names the number
        cmp -n 100000000 <(weir_without_head one.weir) <(weir_without_head three.weir)
    done
}

weir_without_head() {
    python3 -c '
import sys
b = open(sys.argv[1], "rb").read()
start = b"\x94\xc4\x08\x89weir\r\n\x1a"
sys.stdout.buffer.write(b[b.index(start, 1):b.rindex(start)])' "$1"
}

@test "parallel cuts a stream between records" {
    command -v parallel >/dev/null || skip "needs parallel"
    tiny_model
    tsplit "$TINY" >tiny.weir
    parallel --will-cite --pipe -k --block 50k --recend '' --recstart $'\x94\xc4\x08\x89weir' \
        'head -c 11 | od -An -tx1; cat >/dev/null' <tiny.weir >starts 2>/dev/null
    [ "$(wc -l <starts)" -gt 3 ]
    [ "$(sort -u starts)" = " 94 c4 08 89 77 65 69 72 0d 0a 1a" ]
}

@test "a tensor of 512 MiB passes in a few of memory" {
    [ -x "$BIN/tcat" ] || skip "needs tcat"
    [ -x /usr/bin/time ] || skip "needs time"
    grep -q fsanitize "$BUILD/link.txt" && skip "a sanitizer's shadow is no measure of memory"
    python3 - m.safetensors <<'PY'
import json, sys
size = 512 << 20
head = json.dumps({"w": {"dtype": "BF16", "shape": [size // 8192, 4096], "data_offsets": [0, size]}}).encode()
head += b" " * (-len(head) % 8)
with open(sys.argv[1], "wb") as f:
    f.write(len(head).to_bytes(8, "little") + head)
    f.truncate(8 + len(head) + size)
PY
    tsplit m.safetensors | /usr/bin/time -f %M -o kb tcat | /usr/bin/time -f %M -o kbz tcat -z | cat >/dev/null
    [ "$(cat kb)" -lt 16000 ]
    [ "$(cat kbz)" -lt 65536 ]
    rm m.safetensors
}

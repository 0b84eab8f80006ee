# shards: the pipeline over shards: same bytes as one pipe, nothing done twice, runs that failed or were killed go on, nothing stale; and GNU parallel.
load helpers

setup_file() {
    load helpers
    tiny_model
    make -s -C "$TOP/pipelines/shards" BIN="$BIN" OUT="$BATS_FILE_TMPDIR/pipe" MODEL="$TINY" TOKENS=256 whole
}

setup() {
    command -v parallel >/dev/null || skip "needs GNU parallel"
    OUT=$BATS_TEST_TMPDIR/out
    mkdir "$OUT"
    cp -rp "$BATS_FILE_TMPDIR"/pipe/. "$OUT"
    cd "$BATS_TEST_TMPDIR"
}

flow() { make -s -C "$TOP/pipelines/shards" BIN="$BIN" OUT="$OUT" MODEL="$BATS_FILE_TMPDIR/tiny" TOKENS=256 "$@"; }
inodes() { stat -c '%n %i %y' "$OUT"/done/*.weir; }

@test "7 shards are the bytes of one pipe; a second run does nothing" {
    flow check
    inodes >before
    stat -c '%i %y' "$OUT/result.weir" >>before
    touch now
    flow check
    { inodes; stat -c '%i %y' "$OUT/result.weir"; } | diff before -
    [ -z "$(find "$OUT" -newer now -name '*.weir')" ]
}

@test "a shard that failed is made again alone" {
    flow parts
    cp "$OUT/parts/shard-00003-of-00007.weir" kept
    head -c 3000 kept >"$OUT/parts/shard-00003-of-00007.weir"
    run flow -k
    [ "$status" -ne 0 ] && [ ! -e "$OUT/result.weir" ] && [ ! -e "$OUT/done/shard-00003-of-00007.weir" ]
    [ "$(ls "$OUT"/done/*.weir | wc -l)" -eq 6 ]
    inodes >before
    cp kept "$OUT/parts/shard-00003-of-00007.weir"
    flow check
    inodes | grep -v shard-00003 | diff before -
}

@test "what is lost is made again alone; what is the same stays" {
    flow -j 2 check
    inodes >before
    rm "$OUT/done/shard-00003-of-00007.weir"
    flow check
    inodes | grep -v shard-00003 >after
    grep -v shard-00003 before | diff - after
    inodes >before
    rm "$OUT/parts/shard-00005-of-00007.weir"
    flow check
    inodes | grep -v shard-00005 >after
    grep -v shard-00005 before | diff - after
    rm "$OUT/calib.weir" "$OUT/parts/shard-00001-of-00007.weir" "$OUT/result.weir"
    flow check
    cmp "$OUT/result.weir" "$BATS_FILE_TMPDIR/pipe/whole.weir"
}

@test "another model, other text, other tokens, other filters: never the old result" {
    flow -j 2
    cp -r "$BATS_FILE_TMPDIR/tiny" other
    python3 - <<'PY'
b = bytearray(open("other/model.safetensors", "rb").read())
b[-4000:] = bytes(4000)
open("other/model.safetensors", "wb").write(b)
PY
    head -c 3000 "$BROOK/prose.test.txt" >text
    want() { tsplit "$1" | mcalib -f "$2" --tokens "$3" -c 256 | wprune -m wanda -s 0.5 | wquant -t q4_K | tdiff - "$OUT/result.weir" >diff; }
    made() { make -s -j 2 -C "$TOP/pipelines/shards" BIN="$BIN" OUT="$OUT" N=7 "$@"; }
    made MODEL="$PWD/other" TOKENS=256
    want "$PWD/other" "$BROOK/calib.txt" 256
    made MODEL="$PWD/other" CALIB="$PWD/text" TOKENS=256
    want "$PWD/other" "$PWD/text" 256
    made MODEL="$BATS_FILE_TMPDIR/tiny" CALIB="$PWD/text" TOKENS=300
    want "$BATS_FILE_TMPDIR/tiny" "$PWD/text" 300
    cp "$OUT/result.weir" kept
    made MODEL="$BATS_FILE_TMPDIR/tiny" CALIB="$PWD/text" TOKENS=300 N=3
    cmp "$OUT/result.weir" kept
}

@test "two makes at once, of other models, are as one after another" {
    cp -r "$BATS_FILE_TMPDIR/tiny" other
    truncate -s -4000 other/model.safetensors
    head -c 4000 /dev/zero >>other/model.safetensors
    made() { make -s -C "$TOP/pipelines/shards" BIN="$BIN" OUT="$OUT" MODEL="$1" TOKENS=256 check; }
    for i in 1 2 3; do
        made "$BATS_FILE_TMPDIR/tiny" 3>&- & one=$!
        made "$PWD/other" 3>&- & two=$!
        made "$BATS_FILE_TMPDIR/tiny" 3>&- & three=$!
        wait $one && wait $two && wait $three
    done
    flow check
    cmp "$OUT/result.weir" "$BATS_FILE_TMPDIR/pipe/whole.weir"
}

@test "killed at any moment and run again: the bytes of one run" {
    for ms in 20 60 110 170 240 320 410; do
        rm -rf "$OUT"
        setsid make -s -j 2 -C "$TOP/pipelines/shards" BIN="$BIN" OUT="$OUT" MODEL="$BATS_FILE_TMPDIR/tiny" TOKENS=256 >log 2>&1 3>&- &
        group=$!
        sleep "0.$(printf %03d "$ms")"
        kill -9 -- "-$group" || true
        wait "$group" 2>/dev/null || true
        flow
        cmp "$OUT/result.weir" "$BATS_FILE_TMPDIR/pipe/whole.weir"
    done
}

@test "a run that was killed goes on where it was" {
    setsid make -s -C "$TOP/pipelines/shards" BIN="$BIN" OUT="$OUT" MODEL="$BATS_FILE_TMPDIR/tiny" TOKENS=256 N=20 >log 2>&1 3>&- &
    group=$!
    for i in $(seq 1000); do
        [ "$(ls "$OUT/done" 2>/dev/null | wc -l)" -ge 4 ] && break
        sleep 0.01
    done
    kill -9 -- "-$group"
    wait "$group" 2>/dev/null || true
    [ ! -e "$OUT/result.weir" ]
    n=$(ls "$OUT"/done/*.weir | wc -l)
    [ "$n" -ge 3 ] && [ "$n" -lt 20 ]
    inodes | head -n 3 >before
    flow N=20 check
    inodes | head -n 3 | diff before -
}

@test "over ssh (its own sshd on 127.0.0.1): files carried there and back, the same bytes" {
    sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || skip "needs sshd"
    command -v rsync >/dev/null && command -v ssh-keygen >/dev/null || skip "needs rsync and ssh-keygen"
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f key
    ssh-keygen -q -t ed25519 -N '' -f host
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >sshd_config <<CONFIG
Port $port
ListenAddress 127.0.0.1
HostKey $PWD/host
AuthorizedKeysFile $PWD/key.pub
PidFile $PWD/pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
CONFIG
    "$sshd" -f sshd_config -E sshd.log 3>&-
    for i in $(seq 200); do [ -s pid ] && break; sleep 0.01; done
    ssh="ssh -p $port -i $PWD/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ControlMaster=auto -o ControlPath=$PWD/c -o ControlPersist=20"
    if ! $ssh 127.0.0.1 true 2>ssh.err; then
        kill "$(cat pid)"
        skip "this account cannot log in by ssh: $(tail -n 1 ssh.err)"
    fi
    tsplit -n 3 -d parts "$OUT/calib.weir"
    rc=0
    (cd parts && ls *.weir | HOME=$PWD parallel --sshlogin "2/$ssh 127.0.0.1" --transferfile {} --return {.}.out --cleanup --workdir ... \
        "PATH=$BIN:\$PATH; wprune -m wanda -s 0.5 --allow-none <{} | wquant -t q4_K --allow-none >{.}.out") >log 2>&1 || rc=$?
    $ssh -O exit 127.0.0.1 2>/dev/null || true
    kill "$(cat pid)"
    [ "$rc" -eq 0 ] || { cat log sshd.log; false; }
    tmerge -m cat parts/*.out | cmp - "$OUT/whole.weir"
}

@test "parallel --pipe cuts a stream at records; each piece becomes a stream, all together are the same model" {
    mark=$'\x94\xc4\x08\x89weir\r\n\x1a'
    tsplit "$BATS_FILE_TMPDIR/tiny" >in.weir
    for block in 30k 10M; do
        parallel --will-cite -k -j 2 --pipe --block $block --recend '' --recstart "$mark" 'tcat --pieces | wquant -t q8_0 --allow-none' <in.weir >out.weir 2>err
        [ "$block" = 10M ] || [ "$(grep -a -o tcat out.weir | wc -l)" -ge 3 ] # as many heads
        wquant -t q8_0 <in.weir | tdiff - out.weir
        tpack -o o.gguf <out.weir
        wquant -t q8_0 <in.weir | tpack -o want.gguf
        cmp o.gguf want.gguf
    done
    head -c 3000 "$BROOK/prose.test.txt" | dload -f lines - >text.weir
    parallel --will-cite -k --pipe --block 1k --recend '' --recstart "$mark" 'tcat --pieces | dscore -m size' <text.weir 2>err | dsave >got
    dscore -m size <text.weir | dsave | cmp - got
}

@test "pieces: any run of records is a stream; cut inside a record it is none; a whole stream stays as it is" {
    tsplit "$BATS_FILE_TMPDIR/tiny" >in.weir
    tcat in.weir >want
    tcat --pieces in.weir | cmp - want
    python3 - <<'PY'
mark = b"\x94\xc4\x08\x89weir\r\n\x1a"
r = [mark + x for x in open("in.weir", "rb").read().split(mark)[1:]]
n = 0
for i in range(len(r)):
    for k in (1, 2, len(r)):
        open("piece.%d" % n, "wb").write(b"".join(r[i:i + k])); n += 1
open("inside", "wb").write(b"".join(r[8:10])[:-1])
open("behind", "wb").write(r[8][30:] + r[9])
open("twice", "wb").write(r[-1] + r[8])
PY
    for f in piece.*; do tcat --pieces $f | tshow >/dev/null; done
    for f in inside behind twice piece.4; do
        if [ $f = piece.4 ]; then run tcat -o o $f; else run tcat --pieces -o o $f; fi
        one_line_error 1 tcat
    done
    [ ! -e o ]
}

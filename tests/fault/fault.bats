# fault: every program of the contract's table with the N-th read, write, close, fsync, rename, open or allocation failing.
# Then: status 1 and one line, nothing at the target; or, where the failure does not matter (a short write), the same bytes.
load ../cli/helpers

setup_file() {
    load ../cli/helpers
    [ -e "$BUILD/tests/fault/inject.so" ] || return 0 # sanitizers bring their own allocator: each test is skipped
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    head -c 300 "$BROOK/prose.test.txt" >text
    "$BIN/tsplit" --layers 0 tiny >in.weir
    "$BIN/tsplit" tiny >whole.weir
    cp whole.weir A.weir
    "$BIN/tsplit" tiny | "$BIN/lrfactor" -m pissa -r 2 -t F32 >low.weir
    "$BIN/tshow" --data in.weir >twin.txt
    printf '{"text":"a b"}\n{"text":"c"}\n{"text":"a b"}\n' >texts.jsonl
    { cat texts.jsonl; echo '{"text":'; } >bad.jsonl
    "$BIN/dload" texts.jsonl >texts.weir
}

setup() {
    [ -e "$BUILD/tests/fault/inject.so" ] || skip "inject.so is not built"
    cd "$BATS_FILE_TMPDIR"
}

rows() { # prog<TAB>input<TAB>args
    sed -e '/^#/d' -e 's/TINY/tiny/; s/TEXT/text/; s/TWIN/twin.txt/' "$TOP/tests/cli/contract.tsv" |
        while IFS=$'\t' read -r prog kind args; do
            case $prog in
            tdiff) continue ;; # its trouble is status 2
            mcalib | mppl | tmerge) printf '%s\twhole.weir\t%s\n' "$prog" "$args" ;;
            *) printf '%s\tin.weir\t%s\n' "$prog" "$args" ;;
            esac
        done
}

# inject FAULT INPUT PROG ARGS...
inject() {
    local fault=$1 input=$2; shift 2
    rc=0
    WEIR_FAULT=$fault LD_PRELOAD=$BUILD/tests/fault/inject.so timeout 60 "$@" <"$input" >out 2>err || rc=$?
}

calls() { # calls KIND INPUT PROG ARGS...: how many calls of a kind a clean run makes
    local kind=$1 input=$2; shift 2
    rm -f count
    WEIR_FAULT=$kind:-1 WEIR_FAULT_COUNT=count LD_PRELOAD=$BUILD/tests/fault/inject.so timeout 60 "$@" <"$input" >out 2>&1 || return 1
    head -n 1 count
}

spread() { # spread N: 1 2 3, some between, N
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i = i < 3 ? i + 1 : int(i * 1.9) + 1) print i; if (n > 3) print n }' | sort -nu
}

ends() { # ends N: 1, the middle, N
    [ "$1" -eq 0 ] || printf '%d\n' 1 $((($1 + 1) / 2)) "$1" | sort -nu
}

fails_well() { # fails_well WHAT PROG
    [ "$rc" -eq 1 ] || { echo "$1: status $rc: $(cat err)"; return 1; }
    [ "$(wc -l <err)" -eq 1 ] || { echo "$1: not one line: $(cat err)"; return 1; }
    case $(cat err) in "$2: "*) ;; *) echo "$1: $(cat err)"; return 1 ;; esac
}

@test "a failing read or write: status 1, one line" {
    rows | while IFS=$'\t' read -r prog input args; do
        for kind in read pread write pwrite; do
            n=$(calls $kind "$input" "$prog" $args) || { echo "$prog $args: fails without a fault"; return 1; }
            for i in $(spread "$n"); do
                inject $kind:$i:EIO "$input" "$prog" $args
                fails_well "$prog $args, $kind $i of $n" "$prog"
            done
        done
    done
}

@test "short reads and writes, and interrupted ones, change nothing" {
    rows | while IFS=$'\t' read -r prog input args; do
        inject none:1 "$input" "$prog" $args; mv out clean
        for kind in read write; do
            n=$(calls $kind "$input" "$prog" $args)
            for i in $(spread "$n"); do
                for how in short EINTR; do
                    inject $kind:$i:$how "$input" "$prog" $args
                    [ "$rc" -eq 0 ] && cmp -s out clean || { echo "$prog $args, $kind $i $how: status $rc $(cat err)"; return 1; }
                done
            done
        done
    done
}

@test "an allocation that fails: status 1, one line" {
    rows | while IFS=$'\t' read -r prog input args; do
        n=$(calls malloc "$input" "$prog" $args)
        for i in $(spread "$n"); do
            inject malloc:$i "$input" "$prog" $args
            # The C library itself does without some (a buffer of stdio, a locale); then the output is whole.
            [ "$rc" -eq 0 ] || fails_well "$prog $args, allocation $i of $n" "$prog"
        done
    done
}

# Every program that writes a file by itself: program, input, target, arguments. Nothing but the target may stand in the folder t.
targets() {
    cat <<'END'
tsplit in.weir t/m.weir -o t/m.weir tiny
tsplit in.weir t/parts -n 2 -d t/parts tiny
tsplit in.weir t/parts -n 2 -d t/parts whole.weir
tpack whole.weir t/hf -o t/hf/
tpack whole.weir t/hf --max-shard-size 200K -o t/hf/
tpack in.weir t/m.safetensors -o t/m.safetensors
tpack whole.weir t/m.gguf -o t/m.gguf
tpack whole.weir t/m --max-shard-size 200K -t gguf -o t/m
tpack in.weir t/m.npz --dense=f16 -o t/m.npz
tcat in.weir t/m.weir -o t/m.weir
tload twin.txt t/m.weir -o t/m.weir
tmerge whole.weir t/m.weir -m linear -o t/m.weir - A.weir
wscore in.weir t/report -m magnitude --report t/report
wprune in.weir t/report -m magnitude -s 0.5 --report t/report
wquant in.weir t/report -t q4_0 --report t/report
wshrink in.weir t/report -m flap -s 0 --report t/report
walloc in.weir t/losses -m error --weigh size -b 4 -g 32 --losses t/losses
tpack low.weir t/adapter -t peft -o t/adapter/
lrfactor in.weir t/report -m svd --keep 0.5 --report t/report
dload in.weir t/rejects --rejects t/rejects bad.jsonl
dsave texts.weir t/texts -o t/texts
dsave texts.weir t/texts -z -o t/texts
dfeat texts.weir t/feat -b 100 -o t/feat
ddup texts.weir t/report --report t/report
dsel texts.weir t/report -m random -k 2 --report t/report
dsel texts.weir t/rejects -m random -k 2 --rejects t/rejects
END
}

@test "a target that cannot be finished does not appear" {
    targets | while read -r prog input target args; do
        rm -rf t; mkdir t
        "$prog" $args <"$input" >out 2>said || { echo "$prog $args: $(cat said)"; return 1; }
        [ "$(ls t | wc -l)" -ge 1 ]
        rm -rf clean; mv t clean
        for kind in open write pwrite close fsync rename; do
            mkdir t
            n=$(calls $kind "$input" "$prog" $args)
            for i in $(ends "$n"); do
                rm -rf t; mkdir t
                inject $kind:$i:ENOSPC "$input" "$prog" $args
                if [ "$rc" -eq 0 ]; then # the close of a file only read, say
                    diff -r clean t
                else
                    grep -vxFf said err >rest && mv rest err # a line that dload refuses is told in any case
                    fails_well "$prog $args, $kind $i of $n" "$prog"
                    [ -z "$(ls -A t)" ] || { echo "$prog $args, $kind $i of $n: left $(ls -A t)"; return 1; }
                fi
            done
            rm -rf t
        done
    done
}

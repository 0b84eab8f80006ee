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
    "$BIN/tshow" --data in.weir >twin.txt
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

@test "a target that cannot be finished does not appear" {
    for kind in open write pwrite close fsync rename; do
        n=$(calls $kind in.weir tpack -t safetensors -o t.safetensors)
        for i in $(spread "${n:-0}"); do
            rm -rf t.safetensors*
            inject $kind:$i:ENOSPC in.weir tpack -t safetensors -o t.safetensors
            if [ "$rc" -eq 0 ]; then # the close of a file only read, say
                "$BIN/tsplit" t.safetensors >/dev/null
            else
                fails_well "tpack, $kind $i of $n" tpack
                [ -z "$(ls -d t.safetensors* 2>/dev/null)" ] || { echo "$kind $i: left $(ls -d t.safetensors*)"; return 1; }
            fi
        done
    done
}

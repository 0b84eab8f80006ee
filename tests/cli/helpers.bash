# helpers: what every bats file loads. $BIN holds the programs, $MODEL the demo model, $TINY a model of a few kilobytes.

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
BIN=${BIN:-$BUILD/bin}
PATH=$BIN:$PATH
BROOK=$TOP/pipelines/brook
MODEL=$BROOK/model
SHARED=$TOP/../shared
REF=$TOP/tests/ref
export LC_ALL=C
unset WEIR_KERNEL

need_shared() { # need_shared [PATH]: skip by name where the shared folder is absent
    [ -e "$SHARED/${1:-}" ] || skip "needs ../shared/${1:-}"
}

# A Llama of two layers with brook's tokenizer, made once for a file's tests: 4096 x 32 embedding, groups of 32 columns.
tiny_model() {
    TINY=$BATS_FILE_TMPDIR/tiny
    [ -d "$TINY" ] || python3 "$TOP/tests/cli/tiny.py" "$TINY" "$MODEL"
}

# one_line_error STATUS PROG: after `run`, the status is STATUS and the output is one line that begins with "PROG: ".
one_line_error() {
    [ "$status" -eq "$1" ] || { echo "status $status, not $1: $output"; return 1; }
    [ "${#lines[@]}" -eq 1 ] || { echo "not one line: $output"; return 1; }
    case $output in "$2: "*) ;; *) echo "does not begin with '$2: ': $output"; return 1 ;; esac
}

# limit KIB: address space of this shell from here on; sanitizers need terabytes of it, and are let go.
limit() { case $BUILD in *-san*) ;; *) ulimit -v "$1" ;; esac; }

# kernels: the builds of the kernels that this CPU can run, a line each. (q8_0 has one text for all CPUs and would not ask.)
kernels() {
    tiny_model
    for k in base avx2 avx512; do
        if tsplit "$TINY" | WEIR_KERNEL=$k wquant -t q4_0 >/dev/null 2>&1; then echo "$k"; fi
    done
}

# [: a comparison that does not hold says what it compared; bats alone would show the line as it is written.
# shellcheck disable=SC2277
[() {
    builtin [ "$@" && return
    builtin [ $# -ne 4 ] || builtin [ "$1" = ! ] || printf "'%s' %s '%s' does not hold\n" "$1" "$2" "$3" >&2
    return 1
}

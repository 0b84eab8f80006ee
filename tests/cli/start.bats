# start: what can be known at the start is said at the start: before the stream that may take hours to come.
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    cd "$BATS_TEST_TMPDIR"
    mkdir full
    touch full/x
    echo text >text
    mkfifo never
    sleep 600 >never 3>&- &
    echo $! >pid
}

teardown() { kill "$(cat pid)" || true; }

# at_once STATUS PATTERN PROGRAM WORDS...: ends with one line while its standard input has given nothing yet
at_once() {
    local status_wanted=$1 pattern=$2
    shift 2
    run timeout 20 "$@" <never
    one_line_error "$status_wanted" "$1" || { echo "$*"; return 1; }
    # shellcheck disable=SC2254
    case $output in $pattern) ;; *) echo "$*: $output"; return 1 ;; esac
}

@test "tpack: a target that cannot be" {
    at_once 1 '*full/*not empty*' tpack -o full/
    at_once 1 '*full*not empty*' tpack -t peft -o full
    at_once 1 '*text*Not a directory*' tpack -t hf -o text
    at_once 1 '*nowhere*No such file*' tpack -o nowhere/x.gguf
    at_once 1 '*nowhere*No such file*' tpack -t hf -o nowhere/x
    [ "$(ls -A full)" = x ] && [ -z "$(find . -name 'full.*')" ]
}

@test "texts and operands that cannot be read" {
    for f in mcalib mppl; do
        at_once 1 '*missing*No such file*' $f -f text -f missing
        at_once 1 '*missing*No such file*' $f --ids missing
        at_once 1 '*full*folder*' $f -f full
        at_once 1 '*standard input is the stream*' $f -f -
    done
    at_once 1 '*text*is no stream*' mppl -f text --against text
    at_once 1 '*missing*' dscore -m dsir --target missing --raw text
    at_once 1 '*missing*' wprune -m magnitude --budget missing
    for m in attach linear cat; do at_once 1 '*missing*No such file*' tmerge -m $m - missing; done
    at_once 2 '*missing*No such file*' tdiff - missing
}

@test "reports and results that could not be written" {
    for f in 'wprune -m magnitude -s 0.5' 'wquant -t q4_K' 'lrfactor -m svd -r 4' 'wshrink -m drop -s 10%' 'wscore -m magnitude'; do
        at_once 1 '*--report: nowhere/x*No such file*' $f --report nowhere/x
    done
    at_once 1 '*nowhere/x*No such file*' dsave -o nowhere/x
    at_once 1 '*nowhere/x*No such file*' dsel --by x -k 3 --report nowhere/x
}

@test "tpack: what the head and the files beside the weights tell" {
    tsplit "$TINY" >whole.weir
    cp -r "$TINY" bare
    rm bare/tokenizer*
    tsplit bare >bare.weir
    # after_head STREAM: as much of it as shows one tensor, then nothing for long; while the writer is there, there is no end
    after_head() { cat <(head -c "$(($(wc -c <"$1") / 2))" "$1") never; }
    for t in 'gguf -o x.gguf:*neither tokenizer.model nor tokenizer.json*' 'npy -o x.npy:*tensors*holds one*'; do
        mkfifo pipe
        after_head bare.weir >pipe 2>/dev/null 3>&- &
        # shellcheck disable=SC2086
        run timeout 20 tpack -t ${t%%:*} <pipe
        one_line_error 1 tpack
        case $output in ${t#*:}) ;; *) echo "$output"; return 1 ;; esac
        rm pipe
    done
    tpack -o x.gguf <whole.weir
}

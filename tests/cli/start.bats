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

# at_the_head PATTERN COMMAND TPACK-WORDS...: tpack ends with one line when the filters of COMMAND have sent what they send of the
# head and the files beside the weights: nothing more comes to them.
at_the_head() {
    local pattern=$1 command=$2
    shift 2
    mkfifo pipe
    (cat start.weir never | eval "$command") >pipe 2>/dev/null 3>&- &
    run timeout 20 tpack "$@" <pipe
    rm pipe
    one_line_error 1 tpack || { echo "$command | tpack $*"; return 1; }
    # shellcheck disable=SC2254
    case $output in $pattern) ;; *) echo "$command | tpack $*: $output"; return 1 ;; esac
}

# all_through COMMAND TPACK-WORDS...: the whole stream by the same filters; leaves tpack's status in $status
all_through() {
    local command=$1
    shift
    run bash -c "eval '$command' <whole.weir | tpack $*"
}

# The head, the files beside the weights, and the beginning of the first tensor.
cut_stream() {
    tsplit "$TINY" >whole.weir
    head -c 240000 whole.weir >start.weir
}

@test "tpack: a form the format cannot hold, by the history alone" {
    cut_stream
    held=0
    for m in $(lrfactor --list | cut -f1); do
        case $m in
        afm | eva | whiten) c="mcalib -f $BROOK/calib.txt -c 16 --tokens 64 --parts gram | lrfactor -m $m -r 2" ;;
        dense-sparse | sparse-lowrank | monarch) c="lrfactor -m $m --keep 0.5" ;;
        *) c="lrfactor -m $m -r 2" ;;
        esac
        echo "$m"
        at_the_head "*(lrfactor -m $m *GGUF does not hold*" "$c" -o x.gguf
        at_the_head "*(lrfactor -m $m *safetensors does not hold*" "$c" -t hf -o x
        held=$((held + 1))
    done
    [ "$held" -ge 10 ]
    at_the_head '*codes with scales (wquant -b 4)*GGUF does not hold*' 'wquant -b 4' -o x.gguf
    at_the_head '*codes with scales (wquant -t int4)*numpy does not hold*' 'wquant -t int4 | wscore -m magnitude' -o x.npz
    at_the_head '*blocks of ggml (wquant -t q8_0)*safetensors does not hold*' 'wquant -t q8_0 | tcat -z' -o x.safetensors
    at_the_head '*low-rank term (lrfactor -m pissa*GGUF*' 'lrfactor -m pissa -r 2 | wquant -t q8_0' -o x.gguf
    at_the_head '*BF16, which numpy does not hold*' 'wscore -m magnitude' -o x.npz
}

@test "tpack: no adapter, by the history alone" {
    cut_stream
    at_the_head '*no value has a low-rank term*' 'wprune -m magnitude -s 0.5' -t peft -o x
    at_the_head '*no value has a low-rank term*' 'lrfactor -m monarch --keep 0.5' -t peft -o x
    at_the_head '*no value has a low-rank term*' 'lrfactor -m pissa -r 2 | tcat --dense' -t peft -o x
    at_the_head '*products of two matrices (lrfactor -m svd -r 2)*no base*' 'lrfactor -m svd -r 2' -t peft -o x
    at_the_head '*blocks of ggml*safetensors*' 'wquant -t q8_0 --residual | lrfactor -m svd -r 2 --term residual' -t peft -o x
    [ ! -e x ]
}

@test "tpack: what is not certain by the history is not refused by it" {
    cut_stream
    n=0
    ok() { all_through "$@"; [ "$status" -eq 0 ] || { echo "$*: $output"; return 1; }; rm -rf x x.gguf x.npz; n=$((n + 1)); }
    ok 'lrfactor -m svd -r 2 --only none.such --allow-none' -o x.gguf
    ok 'lrfactor -m svd -r 2 | tcat --dense' -o x.gguf
    ok 'lrfactor -m svd -r 2 | tcat --only "*norm*"' -t hf -o x
    ok 'lrfactor -m svd -r 2 | wquant -t q8_0' -o x.gguf
    ok 'lrfactor -m svd -r 2' --dense -o x.gguf
    ok 'wquant -t q4_0 | wquant -t f16' -t hf -o x
    ok 'wquant -t q4_K --only "*norm*" --allow-none' -t hf -o x
    ok 'wquant -t f16 --only "*proj*" | tcat --only "*proj*"' -o x.npz
    ok 'lrfactor -m pissa -r 2' -t peft -o x
    ok 'wquant -t q8_0 --residual | lrfactor -m svd -r 2 --term residual' -t peft --dense -o x
    ok 'lrfactor -m sparse-lowrank --keep 0.5 --alpha 0' -t peft --dense -o x
    [ "$n" -eq 11 ]
}

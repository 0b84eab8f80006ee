# contract: what every program promises, over every program in filters/. The rows are in contract.tsv.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    head -c 600 "$BROOK/prose.test.txt" >text
    "$BIN/tsplit" tiny >in.weir
    cp in.weir A.weir
    "$BIN/tshow" --data in.weir >twin.txt
    "$BIN/dload" -f lines text >text.weir
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

# each KIND... : lines "prog<TAB>kind<TAB>args" with the places filled in
each() {
    sed -e '/^#/d' -e 's/TINY/tiny/; s/TEXT/text/; s/TWIN/twin.txt/' "$TOP/tests/cli/contract.tsv" |
        while IFS=$'\t' read -r prog kind args; do
            case " $* " in *" $kind "*) printf '%s\t%s\t%s\n' "$prog" "$kind" "$args" ;; esac
        done
}

# what the program reads: records of texts for the d* family
in_of() { case $1 in d*) echo text.weir ;; *) echo in.weir ;; esac; }

fail() { echo "$*" >&2; return 1; }

# under INPUT PROG ARGS...: run with INPUT as standard input; sets rc, leaves out and err
under() {
    local input=$1; shift
    rc=0
    timeout 60 "$@" <"$input" >out 2>err || rc=$?
}

one_line() { # one_line PROG WHAT
    [ "$(wc -l <err)" -eq 1 ] || fail "$1, $2: not one line: $(cat err)"
    case $(cat err) in "${1%% *}: "*) ;; *) fail "$1, $2: does not name the program: $(cat err)" ;; esac
}

@test "every program has a row in the contract's table" {
    for f in "$TOP"/filters/*.c; do
        p=$(basename "$f" .c)
        grep -q "^$p	" "$TOP/tests/cli/contract.tsv" || fail "$p has no row"
    done
}

@test "--help and --version print to stdout and exit 0" {
    for f in "$TOP"/filters/*.c; do
        p=$(basename "$f" .c)
        "$p" --help >out 2>err </dev/null || fail "$p --help: status $?"
        grep -q "^Usage: $p" out || fail "$p --help prints no usage"
        [ ! -s err ] || fail "$p --help writes to stderr"
        [ "$("$p" --version </dev/null)" = "$p (weir) $(sed -n 's/^VERSION *= *//p' "$TOP/config.mk")" ] || fail "$p --version"
        "$p" --help >/dev/full 2>err && fail "$p --help to a full disk exits 0"
        one_line "$p" "--help to a full disk"
    done
}

@test "an unknown option is a usage error: status 2, two lines" {
    for f in "$TOP"/filters/*.c; do
        p=$(basename "$f" .c)
        under /dev/null "$p" --no-such-option
        [ "$rc" -eq 2 ] || fail "$p: status $rc"
        [ "$(head -n 1 err)" = "$p: there is no option --no-such-option" ] || fail "$p: $(cat err)"
        [ "$(wc -l <err)" -eq 2 ] || fail "$p: $(cat err)"
    done
}

# OWNED: lines "option<TAB>methods that have it, between commas", from --help's headings
owned() {
    "$1" --help | awk '/^Options of / { sub(/^Options of /, ""); sub(/:$/, ""); gsub(/ and /, ", "); gsub(/, /, ","); own = "," $0 "," }
        /^$/ { next } own && /^ +(-., )?--/ { match($0, /--[a-z0-9-]+( [^ ]+)?/); print substr($0, RSTART, RLENGTH) "\t" own }'
}

@test "an option of one method is refused by name when another is chosen: status 2, two lines" {
    tried=0
    for p in $(cd "$TOP/filters" && ls *.c | sed 's/\.c//'); do
        "$p" --help | grep -q '^Options of ' || continue
        args=$(each map reduce sink source | awk -F '\t' -v p="$p" '$1 == p { print $3; exit }')
        while IFS=$'\t' read -r option owners; do
            for m in $("$p" --list | awk -F '\t' '$1 == "type" { next } { print $1 == "method" ? $2 : $1 }'); do
                case $owners in *",$m,"*) continue ;; esac
                under /dev/null "$p" $args -m "$m" ${option%% *} $(case $option in *" "*) echo 1 ;; esac)
                [ "$rc" -eq 2 ] || fail "$p -m $m $option: status $rc: $(cat err)"
                [ "$(wc -l <err)" -eq 2 ] || fail "$p -m $m $option: $(cat err)"
                case $(cat err) in "$p: ${option%% *} is an option of "*", not of $m"*) ;; *) fail "$p -m $m $option: $(cat err)" ;; esac
                tried=$((tried + 1))
                break
            done
        done < <(owned "$p")
    done
    [ "$tried" -gt 5 ]
}

@test "every row works: status 0 and nothing on stderr" {
    each map reduce sink source | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        under $in "$prog" $args
        [ "$rc" -eq 0 ] || fail "$prog $args: status $rc: $(cat err)"
        [ ! -s err ] || fail "$prog $args: $(cat err)"
        [ -s out ] || [ "$prog" = tdiff ] || fail "$prog $args: no output"
    done
}

@test "run twice, with -j 2, and under another locale and folder: the same bytes" {
    each map reduce sink source | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        under $in "$prog" $args; mv out first
        under $in env LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Tokyo "$prog" $args
        cmp -s out first || fail "$prog $args: another locale, other bytes"
        "$prog" --help | grep -q -- '--jobs' || continue
        under $in "$prog" -j 2 $args
        cmp -s out first || fail "$prog -j 2 $args: other bytes"
    done
}

@test "dribbled input gives the same bytes" {
    each map reduce sink | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        under $in "$prog" $args; mv out first
        rc=0
        python3 -c '
import sys, os
d = open("'$in'", "rb").read()
i, n = 0, 1
while i < len(d):
    i += os.write(1, d[i:i + n]); n = n * 2 % 4093 + 1
' | "$prog" $args >out 2>err || rc=$?
        [ "$rc" -eq 0 ] || fail "$prog: status $rc: $(cat err)"
        cmp -s out first || fail "$prog $args: other bytes"
    done
}

@test "truncated input is refused: status 1, one line" {
    each map reduce sink | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog") size=$(stat -c %s $in)
        for at in 0 1 11 40 300 $((size / 3)) $((size / 2)) $((size - 60)) $((size - 1)); do
            head -c "$at" $in >cut.weir
            under cut.weir "$prog" $args
            want=1; [ "$prog" = tdiff ] && want=2
            [ "$rc" -eq "$want" ] || fail "$prog $args at byte $at: status $rc: $(cat err)"
            one_line "$prog" "cut at byte $at"
        done
    done
}

@test "an empty input and one that is no stream are refused with what to do" {
    each map reduce sink | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        for f in /dev/null "$MODEL/config.json" "$MODEL/model.safetensors"; do
            under "$f" "$prog" $args
            want=1; [ "$prog" = tdiff ] && want=2
            [ "$rc" -eq "$want" ] || fail "$prog $args < $f: status $rc: $(cat err)"
            one_line "$prog" "input $f"
        done
    done
}

@test "a full disk is noticed: status 1, one line" {
    each map reduce sink source | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        [ "$prog" = tdiff ] && continue
        rc=0
        "$prog" $args <$in >/dev/full 2>err || rc=$?
        [ "$rc" -eq 1 ] || fail "$prog $args: status $rc: $(cat err)"
        one_line "$prog" "/dev/full"
    done
}

@test "a reader that leaves: status 141 and silence" {
    each map sink source | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        set +e
        { sleep 0.1; "$prog" $args <$in 2>err; echo $? >code; } | true
        set -e
        [ "$(cat code)" -eq 141 ] || fail "$prog $args: status $(cat code): $(cat err)"
        [ ! -s err ] || fail "$prog $args: $(cat err)"
    done
}

@test "an upstream that is killed makes the filter fail: status 1, one line, no output taken for whole" {
    each map | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog") size=$(stat -c %s $in)
        rc=0
        { head -c $((size * 3 / 4)) $in; kill -9 $BASHPID; } 2>/dev/null | "$prog" $args >out 2>err || rc=$?
        [ "$rc" -eq 1 ] || fail "$prog: status $rc"
        one_line "$prog" "upstream killed"
        if tcat <out >/dev/null 2>&1; then fail "$prog: its output passes for a whole stream"; fi
    done
}

@test "no stream to or from a terminal: status 2 and the fix is named" {
    script -qec true /dev/null >/dev/null 2>&1 || skip "needs script(1) and a pseudo-terminal"
    each map source | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        rc=0
        script -qec "$prog $args < $in" /dev/null >out 2>&1 </dev/null || rc=$?
        [ "$rc" -eq 2 ] || fail "$prog $args: status $rc: $(head -c 300 out)"
        grep -q terminal out || fail "$prog $args: $(head -c 300 out)"
    done
}

@test "two streams one after the other are one input" {
    cat in.weir in.weir >two-in.weir; cat text.weir text.weir >two-text.weir
    each map | while IFS=$'\t' read -r prog kind args; do
        in=$(in_of "$prog")
        case $prog in mcalib) continue ;; esac
        under $in "$prog" $args; n=$(tshow out | wc -l)
        under two-$in "$prog" $args
        [ "$rc" -eq 0 ] || fail "$prog $args: status $rc: $(cat err)"
        [ "$(tshow out | wc -l)" -ge $((2 * n - 3)) ] || fail "$prog $args: lost tensors of the second stream"
    done
}

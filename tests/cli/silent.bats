# silent: a program that was asked for tensors and finds none says why and ends with status 1; --allow-none makes it 0.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    "$BIN/tsplit" tiny >in.weir
    python3 - <<'PY'
import json, shutil
shutil.copytree("tiny", "foo")
c = json.load(open("foo/config.json"))
c["model_type"], c["architectures"] = "foo", ["FooForCausalLM"]
json.dump(c, open("foo/config.json", "w"))
PY
    "$BIN/tsplit" foo >foo.weir
    "$BIN/tcat" --only norm in.weir >norms.weir
}

setup() { cd "$BATS_FILE_TMPDIR"; }

# Every program with a choice of tensors, as a command behind its input IN (a stream); X stands for the options of the choice.
programs() {
    cat <<'END'
tcat	tcat X
tstat	tstat X
tshow	tshow X
tshow	tshow --data X
tdiff	tdiff X - IN
tmerge	tmerge -m linear X - IN
tmerge	tmerge -m opcm X - IN
tmerge	tmerge -m rmm X - IN
wprune	wprune -m magnitude -s 0.5 X
wprune	wprune -m magnitude -s 0.5 --scope model X
wquant	wquant -t q8_0 X
wquant	wquant -t q8_0 -n X
lrfactor	lrfactor -m svd -r 2 X
lrfactor	lrfactor -m masa -r 1 X
wscore	wscore -m magnitude X
walloc	walloc -m uniform -s 0.5 X
END
}

changers() { programs | grep '^[wl]'; }

# try IN OPTIONS: sets rc, leaves out and err. The words of $cmd are split as a shell does.
try() {
    local in=$1 options=$2 line
    line=${cmd//IN/$in}
    rc=0
    bash -c "${line//X/$options}" <"$in" >out 2>err || rc=$?
}

# says STATUS SENTENCE: one line, of the program's name
says() {
    [ "$rc" -eq "$1" ] && [ "$(cat err)" = "$prog: $2" ] || { echo "$cmd: status $rc, not $1: $(cat err)" >&2; return 1; }
}

trouble() { [ "$1" = tdiff ] && echo 2 || echo 1; }

@test "a word of --only that matches no tensor is an error, though others match; --allow-none makes it none" {
    while IFS=$'\t' read -r prog cmd; do
        for only in "--only x.y" "--only mlp,x.y" "--only mlp.up --only x.y"; do
            try in.weir "$only"
            says "$(trouble "$prog")" "--only 'x.y' matches no tensor"
            try in.weir "$only --allow-none"
            [ "$rc" -eq 0 ] && [ ! -s err ] || { echo "$cmd $only --allow-none: $rc $(cat err)"; return 1; }
        done
        case $cmd in *masa*) continue ;; esac # of one layer it makes nothing smaller
        try in.weir "--only mlp.up --layers 0"
        [ "$rc" -eq 0 ] || { echo "$cmd: $(cat err)"; return 1; }
    done < <(programs)
}

@test "layers that are not there, and a choice that excludes itself, are errors" {
    while IFS=$'\t' read -r prog cmd; do
        try in.weir "--layers 7:"
        says "$(trouble "$prog")" "--layers 7: chooses no tensor; layers are 0 to 1"
        try in.weir "--only mlp --skip mlp"
        says "$(trouble "$prog")" "--only, --skip and --layers together choose no tensor"
        try in.weir "--only mlp --skip mlp --allow-none"
        [ "$rc" -eq 0 ] || { echo "$cmd: $(cat err)"; return 1; }
    done < <(programs)
}

@test "an architecture without a page: what goes by roles says so and what to do, and what does not works" {
    while IFS=$'\t' read -r prog cmd; do
        try foo.weir ""
        if [ "$prog" = wquant ]; then # takes every matrix
            [ "$rc" -eq 0 ]
        else
            says 1 "architecture 'foo' has no page: no tensor has a role; --only NAME chooses by name"
        fi
        try foo.weir "--only mlp"
        says 1 "--only 'mlp' matches no tensor; architecture 'foo' has no page: no tensor has a role"
        case $cmd in *masa*) continue ;; esac # it goes by roles and layers
        try foo.weir "--only '*up_proj*'"
        [ "$rc" -eq 0 ] || { echo "$cmd: $(cat err)"; return 1; }
    done < <(changers)
}

@test "what is chosen and cannot be changed is counted" {
    prog=wquant cmd='wquant -t q8_0 X'; try norms.weir ""
    says 1 "5 of 5 tensors are chosen, none is a matrix of floats"
    prog=lrfactor cmd='lrfactor -m svd -r 32 X'; try in.weir ""
    says 1 "14 of 20 tensors are chosen, none is a matrix that would be smaller in factors"
    prog=wprune cmd='wprune -m magnitude -s 0.5 X'; try norms.weir ""
    says 1 "no tensor is the weight of a linear layer; --only NAME chooses others"
    printf 'tensor\tsparsity\nno.such\t0.5\n' >t.tsv
    prog=wprune cmd='wprune -m magnitude --budget t.tsv X'; try in.weir ""
    says 1 "20 of 20 tensors are chosen, the budget has a row for none of them"
}

@test "tsplit says it before a file is written, and nothing stands at a target" {
    run tsplit --only x.y -o new.weir tiny
    one_line_error 1 tsplit
    [ "$output" = "tsplit: --only 'x.y' matches no tensor" ]
    run tcat --only x.y -o new.weir in.weir
    one_line_error 1 tcat
    [ ! -e new.weir ]
    tsplit --only x.y --allow-none -o new.weir tiny
    [ "$(tshow new.weir | tail -n 1 | cut -f 1,2)" = "total	0" ]
}

@test "the words of --only may match in any of several streams" {
    tcat --only mlp.up in.weir >up.weir
    tcat --only mlp.down in.weir >down.weir
    tcat --only mlp.up,mlp.down up.weir down.weir >both.weir
    [ "$(tshow both.weir | grep -c weight)" -eq 4 ]
    run tcat --only mlp.gate up.weir down.weir
    [ "$status" -eq 1 ]
}

@test "a choice of tensors is refused where all are needed" {
    run tmerge -m cat --only mlp in.weir
    [ "$status" -eq 2 ]
    [ "${lines[0]}" = "tmerge: cat is for all tensors: it has no --only, --skip or --layers" ]
    tmerge -m rmm in.weir in.weir >basis.weir
    run tmerge -m rmm --revert 1 --only mlp basis.weir
    one_line_error 1 tmerge
}

# mcalib --through: layers go through a command and come back; what fails or waits is named.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >tiny.weir
    head -c 2000 "$BROOK/calib.txt" >text
    mcalib -f text -c 64 <tiny.weir >plain
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

through() { # through CMD [OPTION]...: to `out`
    timeout 100 mcalib -f text -c 64 --through "$@" <tiny.weir >out
}

records() { # the text twin but for the history
    tshow --data | grep -v '^history'
}

@test "through cat, and through a chain of filters that change nothing: the stream of mcalib alone" {
    through cat
    records <out >a
    records <plain | cmp - a
    through 'tcat | tcat -z | tcat --split-bytes -z | tcat'
    records <out | cmp - a
    [ "$(tshow --data <out | grep -c '^history mcalib')" = 1 ]
    [ "$(tshow --data <out | grep '^history' | cut -d ' ' -f 2 | tr '\n' ' ')" = "tsplit mcalib tcat tcat tcat tcat " ]
}

@test "the first layer is pruned as in one pass, the second sees the pruned first" {
    wprune -m wanda -s 0.6 <plain >one
    through 'wprune -m wanda -s 0.6'
    tshow --data --only 'model.layers.0.*' <one | grep -v ^history >a
    tshow --data --only 'model.layers.0.*' <out | grep -v ^history | cmp - a
    tdiff one out >diff || [ $? -eq 1 ]
    grep -q '^model.layers.1.mlp.up_proj.weight' diff
    grep -q '^model.layers.0' diff && return 1
    # the second layer's statistics are those of the model as it now is
    through 'wprune -m wanda -s 0.6 --only "model.layers.0.*proj*"'
    mcalib -f text -c 64 <out | tcat --only 'model.layers.1.*' | records >again
    tcat --only 'model.layers.1.*' <out | records | cmp - again
}

@test "any number of threads, states in a file, GPT-2: the same bytes" {
    through 'wprune -m wanda -s 2:4 | wquant -t int4 -g 16' && cp out first
    for opt in "-j 3" "-S 0" "-j 2 -S 100"; do
        through 'wprune -m wanda -s 2:4 | wquant -t int4 -g 16' $opt
        tdiff first out
    done
    python3 "$TOP/tests/cli/tiny_gpt2.py" gpt2
    tsplit gpt2 | mcalib -f text -c 40 --parts norm2,gram --through 'wquant -t q8_0' >g
    mppl -f text <g >/dev/null
    tshow <g | grep -q '^h.0.attn.masked_bias'
}

@test "a layer that the command drops is left out, when its tail says so" {
    through 'tcat --skip "model.layers.1.*"' 2>err && return 1
    grep -qx 'mcalib: the stream has 1 layers, its head says 2' err
    run tcat <out
    [ "$status" -eq 1 ]
}

@test "a command that fails, ends early, writes no stream, holds everything back" {
    through 'exit 3' 2>err && return 1
    grep -qx "mcalib: --through 'exit 3': exit status 3" err
    through 'kill -9 $$' 2>err && return 1
    grep -qx "mcalib: --through 'kill -9 \$\$': killed by signal 9" err
    through 'wquant -t q4_0 2>/dev/null | false' --patience 2 2>err && return 1
    grep -q "^mcalib: --through 'wquant -t q4_0 2>/dev/null | false': exit status 1" err
    through 'echo no stream at all; cat >/dev/null' 2>err && return 1
    grep -q "^mcalib: --through 'echo .*not a weir stream" err
    through 'tcat --skip "*.0.mlp.up*"' 2>err && return 1
    grep -q "^mcalib: what --through 'tcat .* gave back: layer 0 has no tensor of role mlp.up" err
    through 'wprune -m magnitude -s 0.5 --scope model' --patience 3 2>err && return 1
    grep -q "^mcalib: --through 'wprune .*: exit status 1, after it took all it was given and waited for more" err
}

@test "usage" {
    run mcalib -f text --through cat --patience -1 <tiny.weir
    [ "$status" -eq 2 ]
}

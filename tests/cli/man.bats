# man: the examples of every page are run. An example is a line of a literal display that begins with "$ ".
load helpers

setup_file() {
    load helpers
    tiny_model
}

# A folder as the pages suppose: `model` a checkpoint, `moe` one of experts, `calib.txt`, `prose.test.txt`, `math.test.txt` texts. The model is the
# tiny one: what is tested is that the commands are right.
setup() {
    cd "$BATS_TEST_TMPDIR"
    cp -r "$BATS_FILE_TMPDIR/tiny" model
    cp -r "$TOP/tests/golden/arch/qwen3_moe" moe
    for t in calib.txt prose.test.txt math.test.txt; do head -c 3000 "$BROOK/$t" >$t; done
}

@test "every example of every page exits 0" {
    n=0
    for page in "$TOP"/man/*.[1-7]; do
        rm -rf work && mkdir work && cp -r model moe *.txt work && cd work
        while IFS= read -r line; do
            n=$((n + 1))
            timeout 60 bash -o pipefail -c "$line" >../out 2>&1 </dev/null ||
                { echo "${page##*/}: $line: status $?: $(tail -n 3 ../out)"; return 1; }
        done < <(sed -n '/^\.Bd -literal/,/^\.Ed/s/^\(\\&\)\{0,1\}\$ //p' "$page" | sed 's/\\e/\\/g; s/\\-/-/g; s/\\(aq/'"'"'/g; s/\\&//g')
        cd ..
    done
    [ "$n" -gt 0 ]
}

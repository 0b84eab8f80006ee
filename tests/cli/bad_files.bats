# bad_files: each damaged file of tests/golden/bad, and the one line that tsplit must say of it, word for word.
load helpers

# said FORMAT: make the files, run tsplit on those of this format that file.tsv lists, compare every word.
said() {
    local n=0 path want got
    cd "$BATS_TEST_TMPDIR"
    python3 "$TOP/tests/golden/bad/make_file.py" .
    while IFS=$'\t' read -r path want; do
        case $path in "$1"/*) ;; *) continue ;; esac
        n=$((n + 1))
        got=$(tsplit -o out.weir "$path" 2>&1) && { echo "$path: was read"; return 1; }
        [ "$got" = "tsplit: $want" ] || { printf '%s\nsays  %s\nwants tsplit: %s\n' "$path" "$got" "$want"; return 1; }
        [ ! -e out.weir ]
    done <"$TOP/tests/golden/bad/file.tsv"
    [ "$n" -eq "$(find "$1" -mindepth 1 -maxdepth 1 | wc -l)" ] || { echo "$n of the files in $1 are listed"; return 1; }
}

@test "GGUF: every check has its words" { said gguf; }
@test "zip and npz: every check has its words" { said npz; }
@test "npy: every check has its words" { said npy; }
@test "PyTorch: every check has its words, and nothing runs" { said torch; [ ! -e owned ]; }
@test "llama2.c: every check has its words" { said llama2c; }

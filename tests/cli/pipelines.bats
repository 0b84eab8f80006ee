# pipelines: every makefile makes again what goes by a variable, a file or a program that has changed, and nothing else; the one-liners of the pages run as written.
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    TINY=$BATS_FILE_TMPDIR/tiny
    cd "$BATS_TEST_TMPDIR"
}

# A pipeline where nothing runs: empty programs, empty files; `make -t` makes all targets, `make -q` says whether one is to be made.
stage() { # stage PIPELINE
    PIPE=$1
    rm -rf bin brook models text out
    mkdir -p bin brook/model models text
    for p in "$BIN"/*; do : >"bin/${p##*/}"; done
    for f in model/model.safetensors model/config.json calib.txt prose.test.txt math.test.txt; do : >"brook/$f"; done
    for m in brook-6m brook-6m-prose brook-6m-math brook-6m-docs brook-6m-code; do mkdir models/$m; : >models/$m/model.safetensors; done
    for t in prose math docs code; do : >text/$t.test.txt; : >text/$t.valid.txt; done
    cp -r brook brook2; cp -r models models2; cp -r text text2
    find . -type f -exec touch -d '1 hour ago' {} +
    mkdir -p out/parts out/done
    quiet -t || { cat log; return 1; }
}
quiet() {
    make -s -C "$TOP/pipelines/$PIPE" HELD="$PWD/out" OUT="$PWD/out" BIN="$PWD/bin" BROOK="$PWD/brook" MODEL="$PWD/brook/model" CALIB="$PWD/brook/calib.txt" \
        MODELS="$PWD/models" TEXT="$PWD/text" "$@" >log 2>&1
}
up_to_date() { quiet -q "$@" || { cat log; echo "$PIPE $*: something is made again"; return 1; }; }
stale() {
    [ $# -eq 0 ] || p=
    rc=0; quiet -q "$@" || rc=$?
    [ "$rc" -eq 1 ] || { cat log; echo "$PIPE $* ${p:-}: nothing is made again ($rc)"; return 1; }
    sleep 0.01
    quiet -t || { cat log; return 1; }
    up_to_date
}

@test "a variable with another value, a program or a file that is newer: made again; else not" {
    while read -r pipe vars; do
        stage "$pipe"
        up_to_date
        for v in $vars; do stale "$v"; done
        # a word behind a program's name, as recipes and tables have it
        used=$(cat "$TOP/pipelines/$pipe"/Makefile "$TOP/pipelines/$pipe"/*.tsv "$TOP/pipelines/$pipe"/filters.sh 2>/dev/null | sed '/^#/d' | tr -cs '[:alnum:]_' '\n' | sort -u)
        for p in $(ls bin | grep -Fxf <(echo "$used")); do
            [ "$pipe $p" = "prune-quant tshow" ] && continue # named in a message
            touch "bin/$p"
            stale
        done
        case $pipe in soup) f=models/brook-6m-math/model.safetensors ;; *) f=brook/model/model.safetensors ;; esac
        p=$f
        touch $f
        stale
        rm -rf brook2 models2 text2
    done <<LIST
shards MODEL=$PWD/brook2/model CALIB=$PWD/brook2/calib.txt TOKENS=5 N=9
budget BROOK=$PWD/brook2
target-size BROOK=$PWD/brook2 TYPES=q4_0,q8_0 WEIGH=turn ONLY=linear
calibrated BROOK=$PWD/brook2 BYTES=7
prune-quant BROOK=$PWD/brook2
shrink BROOK=$PWD/brook2 BYTES=7 RUNS=9
soup MODELS=$PWD/models2 TEXT=$PWD/text2 BYTES=7
LIST
}

@test "a target that is lost is made again" {
    for pipe in shards budget target-size calibrated prune-quant shrink soup; do
        stage $pipe
        for f in $(cd out && find . -type f ! -name .lock ! -path './var/*' | shuf -n 6 --random-source="$BROOK/calib.txt"); do
            rm "out/$f"
            rc=0; quiet -q || rc=$?
            [ $rc -eq 1 ] || { echo "$pipe: $f is not missed"; return 1; }
            quiet -t
        done
        rm -rf brook2 models2 text2
    done
}

@test "slurm: a folder that holds another model's shards is refused" {
    mkdir bin
    printf '#!/bin/sh\necho 1\n' >bin/sbatch
    chmod +x bin/sbatch
    submit() { PATH=$PWD/bin:$PATH sh "$TOP/pipelines/slurm/submit.sh" "$@"; }
    submit "$TINY" out 3
    submit "$TINY" out 3
    cp -r "$TINY" other
    run submit other out 3
    [ "$status" -eq 1 ]
    [[ $output == *"another model"* ]]
    submit other out2 3
}

# block FILE PATTERN: the indented lines around the first line that holds PATTERN
block() {
    awk -v want="$2" '/^    / { b = b substr($0, 5) "\n"; hit = hit || index($0, want); next } { if (hit) { printf "%s", b; done = 1; exit } b = "" } END { if (hit && !done) printf "%s", b }' "$1" >lines
    [ -s lines ] || { echo "$1: no block with $2"; return 1; }
    bash -eo pipefail lines >log 2>&1 || { cat lines log; return 1; }
}

@test "the one-liners for weights in the pages run as written" {
    command -v parallel >/dev/null || skip "needs GNU parallel"
    mkdir -p a && cd a
    cp -r "$TINY" model
    head -c 3000 "$BROOK/calib.txt" >calib.txt
    head -c 3000 "$BROOK/prose.test.txt" >prose.test.txt
    sed -n '/^## Five one-liners/,/^## /s/^    tsplit/tsplit/p' "$TOP/README.md" >lines
    [ "$(wc -l <lines)" -eq 4 ]
    # the tiny model has rows of 32: int4's groups of 64 and q4_K's of 256 are brook's
    cp -r "$MODEL" brook && mv model tiny && mv brook model
    bash -eo pipefail lines >log 2>&1 || { cat log; false; }
    [ -s small.gguf ] && [ -s sparse.weir ]
    mv model brook && mv tiny model
    tsplit model | mcalib -f calib.txt -c 64 >calib.weir
    tsplit model >model.weir
    block "$TOP/pipelines/shards/README.md" 'tsplit -n 7'
    wprune -m wanda -s 0.5 <calib.weir | wquant -t q4_K | cmp - result.weir
    rm -rf done
    block "$TOP/pipelines/shards/README.md" 'seq 7'
    tmerge -m cat done/*.weir | tshow >/dev/null
    block "$TOP/pipelines/shards/README.md" 'parallel -k --pipe'
    tpack -o x.gguf <quantized.weir
    tsplit model | mcalib -f calib.txt -c 64 --parts norm2,mean,gram,bi >calib.weir
    block "$TOP/pipelines/budget/README.md" 'walloc -m owl'
    tshow sparse.weir >/dev/null
    mkdir -p ../brook/model && cp -r model/. ../brook/model && cp calib.txt ../brook
    block "$TOP/pipelines/prune-quant/README.md" 'tpack -o brook.gguf'
    [ -s brook.gguf ]
    # those of several machines, on this one
    mkdir -p parts
    sed 's/--sshlogin 8\/node1,8\/node2//; s/--sshlogin node1,node2 --transferfile {} --return {.}.out --cleanup//' "$TOP/pipelines/shards/README.md" >here.md
    OUT=$PWD/pipe BIN=$BIN
    export OUT BIN
    make -s -C "$TOP/pipelines/shards" MODEL="$PWD/model" TOKENS=256 parts
    (cd "$TOP/pipelines/shards" && grep -m 1 -o 'ls $OUT/parts.*' "$BATS_TEST_TMPDIR/a/here.md" | bash -eo pipefail)
    rm -f parts/*.out
    block here.md "'wprune -m wanda -s 0.5 --allow-none <{}"
    make -s -C "$TOP/pipelines/shards" MODEL="$PWD/model" TOKENS=256 check
}

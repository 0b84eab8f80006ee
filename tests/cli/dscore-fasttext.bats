# dscore -m fasttext: options, refusals, and Debian's program where it is there.
load helpers

MODELS=$TOP/tests/vectors/fasttext

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "scores of chosen labels, the likeliest as meta value; line feeds" {
    printf '{"text":"the cat\\nsat","id":"a"}\n' >in
    dscore -m fasttext --classifier "$MODELS/softmax.bin" --label prose --lines in >out
    grep -q '"fasttext":"prose"' out && grep -q '"scores":{"fasttext.prose":0.9' out
    printf '{"text":"the cat sat","id":"a"}\n' | dscore -m fasttext --classifier "$MODELS/softmax.bin" --label prose --lines | grep -o scores.* >space
    grep -o scores.* out | cmp - space
    printf '{"text":"the catsat","id":"a"}\n' | dscore -m fasttext --classifier "$MODELS/softmax.bin" --label prose --lines | grep -o scores.* >joined
    dscore -m fasttext --classifier "$MODELS/softmax.bin" --label prose --newlines nothing --lines in | grep -o scores.* | cmp - joined
    printf '{"text":"the cat","id":"a"}\n' | dscore -m fasttext --classifier "$MODELS/softmax.bin" --label prose --lines | grep -o scores.* >cut
    dscore -m fasttext --classifier "$MODELS/softmax.bin" --label prose --newlines end --lines in | grep -o scores.* | cmp - cut
    ! cmp -s joined cut
}

@test "many labels are scored only when asked for" {
    echo '{"text":"w3"}' >in
    dscore -m fasttext --classifier "$MODELS/many.ftz" --lines in >out
    grep -q '"fasttext":"c' out && ! grep -q '"scores"' out
    [ "$(dscore -m fasttext --classifier "$MODELS/many.ftz" --label c6 --label c7 --lines in | grep -o '"fasttext\.c[0-9]*"' | tr '\n' ' ')" = '"fasttext.c6" "fasttext.c7" ' ]
}

@test "what is no such model is refused by name" {
    run dscore -m fasttext --lines /dev/null
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: -m fasttext needs --classifier FILE" ]
    run dscore -m fasttext --classifier "$MODELS/hs.bin" --label poem --lines /dev/null
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: --label: the model has no label 'poem' among its 3" ]
    run dscore -m fasttext --classifier "$MODELS/hs.bin" --newlines x --lines /dev/null
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "dscore: --newlines: 'x' is not space, nothing or end" ]
    echo text >no
    run dscore -m fasttext --classifier no --lines /dev/null
    [ "$status" -eq 1 ] && [ "$output" = "dscore: no: no fastText model: it begins with 74786574, not 2f4f16ba" ]
    head -c 600 "$MODELS/hs.bin" >cut
    run dscore -m fasttext --classifier cut --lines /dev/null
    [ "$status" -eq 1 ] && [ "$output" = "dscore: cut: the file ends within its dictionary" ]
    head -c 1600 "$MODELS/hs.bin" >cut
    run dscore -m fasttext --classifier cut --lines /dev/null
    [ "$status" -eq 1 ] && [ "$output" = "dscore: cut: the file ends within the input matrix" ]
    { cat "$MODELS/hs.bin"; echo; } >more
    run dscore -m fasttext --classifier more --lines /dev/null
    [ "$status" -eq 1 ] && [ "$output" = "dscore: more: 1 bytes follow the model" ]
    { head -c 36 "$MODELS/hs.bin"; printf '\2'; tail -c +38 "$MODELS/hs.bin"; } >skipgram
    run dscore -m fasttext --classifier skipgram --lines /dev/null
    [ "$status" -eq 1 ] && [ "$output" = "dscore: skipgram: a skipgram model has no labels; a supervised one is needed" ]
    run dscore -m fasttext --classifier none --lines /dev/null
    [ "$status" -eq 1 ] && [ "$output" = "dscore: none: No such file or directory" ]
}

@test "the program of Debian's package says the same of a model trained here" {
    command -v fasttext >/dev/null || skip "fasttext is not installed"
    seq 400 | awk '{ print "__label__" (NR % 3 ? "odd" : "third") " n" $1 % 17 " m" $1 % 3 " and some more" }' >train
    fasttext supervised -input train -output m -dim 8 -bucket 1000 -wordNgrams 2 -minn 3 -maxn 4 -epoch 5 -thread 1 >/dev/null 2>&1
    fasttext quantize -input train -output m -qnorm -dsub 2 >/dev/null 2>&1
    cut -d ' ' -f 2- train | head -n 40 >lines
    python3 -c 'import json, sys
for l in sys.stdin: print(json.dumps({"text": l.rstrip("\n")}))' <lines >in
    for m in m.bin m.ftz; do
        fasttext predict-prob $m lines 2 >want
        dscore -m fasttext --classifier $m --lines in >got
        python3 -c 'import json
for w, g in zip(open("want"), open("got")):
    w, s = w.split(), json.loads(g)["scores"]
    for k, x in zip(w[::2], w[1::2]):
        assert abs(s["fasttext." + k[9:]] - float(x)) <= 1e-5 * float(x) + 1e-9, (k, x, s)'
    done
    [ "$(wc -l <got)" -eq 40 ]
}

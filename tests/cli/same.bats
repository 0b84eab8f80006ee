# same: same input and same arguments give the same bytes: for any number of threads, instruction set, compiler and number of shards.
load helpers

# kind: tensor (each tensor for itself: shards give the same), layer (each layer for itself), model (needs the whole)
flows() {
    cat <<'FLOWS'
tensor	wquant -t q8_0
tensor	wquant -t q4_0
tensor	wquant -t q4_K
tensor	wquant -t q6_K
tensor	wquant -t int4 -g 32
tensor	wquant -t int3 -g 64 -m hqq
layer	wquant -t int4 -g 64 -m gptq
tensor	wprune -m magnitude -s 0.5
tensor	wprune -m random -s 0.5 --seed 3
layer	wprune -m wanda -s 2:4
layer	wprune -m sparsegpt -s 0.5
layer	wprune -m wanda -s 2:4 --refit --only attn.q
model	wprune -m lamp -s 0.5 --scope model
layer	wscore -m wanda
layer	wscore -m sparsegpt
layer	wscore -m dimap
tensor	wscore -m lift -r 16
layer	wshrink -m obspa -s 0.01
layer	wshrink -m ziplm -s 0.01
tensor	lrfactor -m svd --keep 0.25
layer	lrfactor -m whiten -r 16
layer	lrfactor -m sparse-lowrank --keep 0.5 --rounds 2
model	walloc -m error --weigh size -b 4
tensor	tcat -z --split-bytes
model	tpack -t safetensors -o -
model	tstat
FLOWS
}

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    head -c 2000 "$BROOK/prose.test.txt" >text
    tsplit "$MODEL" | mcalib -f text --tokens 128 -c 64 --parts norm2,gram | tcat --layers 0:1 >in.weir
    tiny_model
    flows | while IFS=$'\t' read -r kind flow; do $flow <in.weir 2>/dev/null >"$(name "$flow")"; done
    tsplit tiny | mcalib -f text -c 64 --parts norm2,mean,absmean,gram,bi >calib
    tsplit tiny | mppl -f text -c 64 >ppl
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

name() { printf 'want.%s' "$*" | tr ' /' '_-'; }

# all_same WORDS...: every flow by `env WORDS`, and a forward pass, are the bytes of the plain run
all_same() {
    flows | while IFS=$'\t' read -r kind flow; do
        env "$@" $flow <in.weir 2>err >got || { echo "$* $flow: $(cat err)"; return 1; }
        cmp -s got "$(name "$flow")" || { echo "$*: $flow: other bytes"; return 1; }
    done
    tsplit tiny | env "$@" mcalib -f text -c 64 --parts norm2,mean,absmean,gram,bi | cmp - calib
    tsplit tiny | env "$@" mppl -f text -c 64 | cmp - ppl
}

@test "the plain runs made something" {
    flows | while IFS=$'\t' read -r kind flow; do [ -s "$(name "$flow")" ]; done
    [ -s calib ] && [ -s ppl ]
}

@test "-j 1 and -j 2" {
    for j in 1 2; do
        flows | while IFS=$'\t' read -r kind flow; do
            $flow -j $j <in.weir 2>/dev/null | cmp - "$(name "$flow")" || { echo "$flow -j $j"; return 1; }
        done
        tsplit tiny | mcalib -j $j -f text -c 64 --parts norm2,mean,absmean,gram,bi | cmp - calib
        tsplit tiny | mppl -j $j -f text -c 64 | cmp - ppl
    done
}

@test "portable kernels and wider ones" {
    [ "$(kernels | head -n 1)" = base ]
    for k in $(kernels); do
        all_same "WEIR_KERNEL=$k"
    done
}

@test "gcc and clang" {
    [ -x "$TOP/build-clang/bin/wquant" ] && [ "$BUILD" != "$TOP/build-clang" ] || skip "needs a build by the other compiler in build-clang"
    PATH=$TOP/build-clang/bin:$PATH
    all_same true=1
}

@test "x86-64 and aarch64 under qemu" {
    [ -x "$TOP/build-arm64/qemu/wquant" ] && [ "$BUILD" = "$TOP/build" ] || skip "needs a build for aarch64 in build-arm64: sh tests/arm64.sh"
    PATH=$TOP/build-arm64/qemu:$PATH
    all_same true=1
}

# A shard may hold nothing for a filter; the history does not say that it was allowed.
none_of() { "${1%% *}" --help | grep -q -e --allow-none && echo --allow-none || true; }

@test "whole and 1, 3, 7 shards of a stream" {
    for n in 1 3 7; do
        tsplit -n $n -d l$n in.weir
        flows | grep -v ^model | while IFS=$'\t' read -r kind flow; do
            rm -rf out; mkdir out; none=$(none_of "$flow")
            for f in l$n/*; do $flow $none <"$f" >"out/${f##*/}" 2>/dev/null; done
            tmerge -m cat out/* | cmp - "$(name "$flow")" || { echo "$flow in $n shards"; return 1; }
        done
    done
}

@test "whole and 1, 3, 7 shards of a checkpoint, cut between tensors, more shards than tensors too" {
    for flow in "wquant -t q4_K" "wprune -m magnitude -s 0.5" "tcat"; do
        tsplit --skip embed "$MODEL" | $flow >whole 2>/dev/null
        for n in 1 3 7 60; do
            rm -rf out; mkdir out; none=$(none_of "$flow")
            for i in $(seq $n); do tsplit --shard $i/$n --skip embed "$MODEL" | $flow $none >out/$i 2>/dev/null; done
            tmerge -m cat out/* | cmp - whole || { echo "$flow in $n shards"; return 1; }
        done
    done
}

# walloc: tables whose sums are the target's; wprune, wquant and lrfactor do what a table says, and refuse what they cannot.
load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit "$TINY" | mcalib -f "$BROOK/calib.txt" --tokens 256 -c 128 --parts norm2,mean,gram,bi >calib.weir
    tsplit "$TINY" >tiny.weir
}
setup() { cd "$BATS_FILE_TMPDIR"; }

cells() { tail -n +2 "$1" | cut -f 2; }
refused() { # refused MESSAGE COMMAND...: status 1 and this one line
    want=$1; shift
    run bash -c "$* 2>&1 >/dev/null"
    [ "$status" -eq 1 ] && [ "$output" = "$want" ] || { echo "status $status: $output"; false; }
}

@test "sparsities: every method meets the target to one weight; uniform is uniform; any -j and kernel, the same table" {
    for m in $(walloc --list | awk -F '\t' '$2 ~ /sparsity/ { print $1 }'); do
        walloc -m "$m" -s 60% <calib.weir >t.tsv
        awk -F '\t' -v m="$m" 'NR == 1 { if ($2 != "sparsity") exit 1; next } { n += $3; z += $2 * $3; if (m == "uniform" && $2 != 0.6) exit 1 }
            END { if (NR != 15 || z - 0.6 * n > 1 || 0.6 * n - z > 1) { print m, NR, z, 0.6 * n; exit 1 } }' t.tsv
        walloc -m "$m" -s 60% -j 3 <calib.weir | cmp - t.tsv
        WEIR_KERNEL=base walloc -m "$m" -s 60% <calib.weir | cmp - t.tsv
    done
}

@test "a table is done: wprune zeroes what it says, of the tensors it names and no others" {
    walloc -m owl -s 0.6 --lambda 0.2 --outlier 2 --unit tensor --only mlp <calib.weir >t.tsv
    [ "$(cells t.tsv | sort -u | wc -l)" -gt 2 ]
    wprune -m wanda --budget t.tsv -n <calib.weir >r.tsv
    join -t "$(printf '\t')" <(tail -n +2 t.tsv | sort) <(tail -n +2 r.tsv | sort) >both
    [ "$(wc -l <both)" -eq 6 ] && [ "$(wc -l <r.tsv)" -eq 7 ]
    # tensor sparsity weights loss rows cols before after: floor(s cols) of each row
    awk -F '\t' '$8 != $5 * int($2 * $6 + 1e-9) { print; bad = 1 } END { exit bad }' both
    wprune -m wanda -s 0.6 <calib.weir >same.weir
    walloc -m uniform -s 0.6 <calib.weir >u.tsv
    wprune -m wanda --budget u.tsv <calib.weir >by.weir
    tdiff same.weir by.weir
}

@test "types: bits, scales counted, are within the budget; error takes a mix, loses less than uniform; what wquant says is what was forecast" {
    for b in 2.8 3.5 4.4; do
        for m in uniform error; do
            walloc -m $m -b $b -g 32 -t int2,int3,int4,q8_0 <calib.weir >$m.tsv
            awk -F '\t' -v b=$b 'NR > 1 { n += $3; s += $4 } END { if (8 * s / n > b) { print s, n; exit 1 } }' $m.tsv
        done
        wquant --budget error.tsv -g 32 -n <calib.weir | sed '1d;$d' | cut -f 1,2,5 | diff - <(tail -n +2 error.tsv | cut -f 1,2,4)
    done
    [ "$(cells uniform.tsv | sort -u)" = int3 ]
    walloc -m error -b 3.5 -g 32 -t int2,int3,int4 --losses all.tsv <calib.weir >error.tsv
    [ "$(wc -l <all.tsv)" -eq 43 ]
    awk -F '\t' 'NR == FNR { if ($2 == "int2") loss[$1] = $5; if ($2 == "int2") all += $5; next } FNR > 1 { s += $5 } END { exit !(s > 0 && s < all) }' all.tsv error.tsv
    # the share that wquant's own report has
    wquant --budget error.tsv -g 32 --report r.tsv <calib.weir >q.weir
    diff <(sed '1d;$d' r.tsv | cut -f 1,2,8) <(tail -n +2 error.tsv | cut -f 1,2,5)
}

@test "losses that were measured once serve other sizes, and no weight is read" {
    walloc -q -m error -b 4 -g 32 -t int2,int3,int4,q8_0 --losses all.tsv <calib.weir >/dev/null 2>&1
    for b in 2.8 4.4; do
        for w in turn size share energy; do
            walloc -m error -b $b -g 32 --weigh $w -t int2,int3,int4,q8_0 <calib.weir >anew.tsv 2>anew.err
            walloc -m error -b $b --weigh $w -t INT4,int2,q8_0,int3 --measured all.tsv <calib.weir >again.tsv 2>again.err
            diff <(tr I i <again.tsv | sed 's/iNT/int/') anew.tsv
        done
    done
    refused "walloc: model.layers.0.self_attn.q_proj.weight: all.tsv has no line for it with type q4_0" "walloc -m error -b 3 -t int2,q4_0 --measured all.tsv <calib.weir"
    refused "walloc: model.embed_tokens.weight: all.tsv has no line for it" "walloc -m error --weigh size -b 3 -t int2 --only embed --measured all.tsv <calib.weir"
    refused "walloc: model.layers.0.self_attn.q_proj.weight: anew.tsv: it is no table of the losses of types, as --losses writes it" \
        "walloc -m error -b 3 -t int2 --measured anew.tsv <calib.weir"
    sed '3s/$/\t7/' all.tsv >bad.tsv
    refused "walloc: model.layers.0.self_attn.q_proj.weight: bad.tsv: line 3: it has not the 6 cells of the titles" "walloc -m error -b 3 -t int2 --measured bad.tsv <calib.weir"
}

@test "how far from the least sum of losses, by the relaxation" {
    walloc -q -v -m error --weigh share -b 3.3 -g 32 -t int2,int3,int4,q8_0 --losses all.tsv <calib.weir 2>err >t.tsv
    # the relaxation by bisection over the price of a byte, which shares nothing with the greedy
    python3 - all.tsv 3.3 "$(cat err)" <<'EOF'
import collections, re, sys
points, weights = collections.defaultdict(list), {}
for line in open(sys.argv[1]).read().splitlines()[1:]:
    name, _, n, cost, loss, _ = line.split("\t")
    points[name].append((float(cost), float(loss)))
    weights[name] = int(n)
size = float(sys.argv[2]) * sum(weights.values()) / 8
best = lambda price: [min(p, key=lambda q: q[1] + price * q[0]) for p in points.values()]
dual = lambda price: sum(l + price * c for c, l in best(price)) - price * size
low, high = 0, 1
for _ in range(200):
    a, b = low + (high - low) / 3, high - (high - low) / 3
    low, high = (a, high) if dual(a) < dual(b) else (low, b)
total, over = map(float, re.search(r"add up to (\S+), (\S+) % above", sys.argv[3]).groups())
assert abs(total / dual(low) - 1 - over / 100) < 2e-3 + 0.05 * over / 100, (total, over, dual(low))
assert 0 <= over < 20
EOF
}

@test "a size in bytes counts what is not chosen; too small a one is refused" {
    full=$(wquant -t f16 --only '*' -n <tiny.weir | tail -n 1 | cut -f 4)
    walloc -m error --size "$((full * 9 / 10))" -t int2,int4,q8_0 -g 32 <calib.weir >t.tsv
    wquant --budget t.tsv -g 32 -n <calib.weir | tail -n 1 | awk -F '\t' -v most=$((full * 9 / 10)) '$5 > most { print; exit 1 }'
    # embedding and norms: (4096 + 5) 32 numbers of 2 bytes; int2 in groups of 32: 2.75 bits
    refused "walloc: --size 1000: the tensors that are not chosen take 262464 bytes" "walloc -m error --size 1000 -t int2 -g 32 <calib.weir"
    refused "walloc: the least that the tensors can become costs 6336, the budget is 2000" "walloc -m error --size 264464 -t int2 -g 32 <calib.weir"
}

@test "ranks: numbers are within the budget; the tables of uniform and --keep are the same work" {
    for m in uniform welore eva error; do
        walloc -m $m --keep 0.6 <calib.weir >$m.tsv
        lrfactor -m whiten --budget $m.tsv -n <calib.weir >r.tsv
        awk -F '\t' 'NR > 1 { n += $2 * $3; k += $4 == "-" ? $2 * $3 : $4 * ($2 + $3) } END { if (k > 0.6 * n) { print k, n; exit 1 } }' <(
            tail -n +2 $m.tsv | cut -f 1,2 | while IFS=$'\t' read -r t r; do
                [ "$r" != - ] || tshow calib.weir | awk -F '\t' -v t="$t" '$1 == t { print $1 "\t" $2 "\t-" }' | tr -d '[]' | sed 's/, */\t/'
            done; tail -n +2 r.tsv)
    done
    lrfactor -m whiten --keep 0.6 <calib.weir >a.weir
    lrfactor -m whiten --budget uniform.tsv <calib.weir >b.weir
    tdiff a.weir b.weir
    walloc -m eva -r 4 <calib.weir >eva.tsv
    awk -F '\t' 'NR > 1 { s += $2 } END { exit s != 4 * 14 }' eva.tsv
    lrfactor -m eva --budget eva.tsv <calib.weir >c.weir
}

@test "losses of ranks are what lrfactor measures" {
    walloc -m error --keep 0.5 <calib.weir >t.tsv
    lrfactor -m whiten --exact --budget t.tsv -n <calib.weir | awk -F '\t' 'NR > 1 && $4 != "-" { print $1 "\t" $7 }' >a
    awk -F '\t' 'NR > 1 && $2 != "-" { print $1 "\t" $4 }' t.tsv >b
    join -t "$(printf '\t')" <(sort a) <(sort b) | awk -F '\t' '{ d = $2 - $3; if (d > 1e-5 || d < -1e-5) { print; bad = 1 } } END { exit bad || NR == 0 }'
}

@test "a table by hand: globs, the first row that fits, notes and other filters' columns; - leaves alone" {
    printf '%s\n' '# by hand' 'tensor	sparsity	type	loss' '*.0.*down*	50%	int4	-' '*.0.*	-	-	-' '' '*mlp*	2:4	q8_0	x' >t.tsv
    wprune -m magnitude --budget t.tsv -n <tiny.weir | cut -f 1,6 | tail -n +2 >got
    printf 'model.layers.%s.weight\t0.500000\n' 0.mlp.down_proj 1.mlp.gate_proj 1.mlp.up_proj 1.mlp.down_proj | diff - got
    [ "$(wquant --budget t.tsv -g 32 -n <tiny.weir | sed '1d;$d' | cut -f 2 | tr '\n' ' ')" = "int4 q8_0 q8_0 q8_0 " ]
    printf 'tensor\tbits\nmodel.embed_tokens.weight\t8\n' >t.tsv
    [ "$(wquant --budget t.tsv -n <tiny.weir | sed '1d;$d' | cut -f 1,2)" = "model.embed_tokens.weight	int8" ]
    printf 'tensor\tkeep\n*gate*\t0.4\n' >t.tsv
    [ "$(lrfactor -m svd --budget t.tsv -n <tiny.weir | sed 1d | cut -f 4 | tr '\n' ' ')" = "8 8 " ]
    [ "$(lrfactor -m svd --budget t.tsv --layers 1 -n <tiny.weir | sed 1d | wc -l)" -eq 1 ]
}

@test "rows for no tensor are told in one line; a shard may lack them" {
    printf 'tensor\tsparsity\n*mlp*\t0.5\nmodel.layer.3.oops\t0.5\n*gate*\t0.1\n' >t.tsv
    wprune -m magnitude --budget t.tsv <tiny.weir 2>err >out.weir
    [ "$(cat err)" = "wprune: t.tsv: 2 rows are for no tensor of the stream; the first is line 3, 'model.layer.3.oops'" ]
    sed -i 's/sparsity/type/; s/0\.[15]$/int4/' t.tsv
    wquant --budget t.tsv <tiny.weir 2>&1 >/dev/null | grep -qx "wquant: t.tsv: 2 rows are .*"
    sed -i 's/type/rank/; s/int4/3/' t.tsv
    lrfactor -m svd --budget t.tsv <tiny.weir 2>&1 >/dev/null | grep -qx "lrfactor: t.tsv: 2 rows are .*"
    rm -rf shards; tsplit -n 3 -d shards tiny
    for f in shards/*; do lrfactor -m svd --budget t.tsv --allow-none <"$f" 2>err >/dev/null; [ ! -s err ]; done
}

@test "refusals name file, line and values" {
    bad() { # bad MESSAGE LINE...: wprune with this table
        want=$1; shift
        printf '%s\n' "$@" | tr '@' '\t' >bad.tsv
        refused "wprune: bad.tsv: $want" "wprune -m magnitude --budget bad.tsv <tiny.weir"
    }
    bad "line 1: there is no column 'sparsty'; columns are tensor, sparsity, type, bits, rank, keep, weights, bytes, loss" tensor@sparsty
    bad "line 1: the title 'sparsity' stands twice" tensor@sparsity@sparsity
    bad "line 1: a budget begins with a line of titles, one of them 'tensor'" sparsity@loss
    bad "line 1: it has no column 'sparsity'" tensor@type
    bad "line 3: it has 1 cells, the titles are 2" tensor@sparsity a@0.5 b
    bad "line 2: the name is empty" tensor@sparsity @0.5
    bad "line 4: 'a' stands on line 2 already" tensor@sparsity a@0.5 b@0.2 a@0.5
    bad "line 2: a: sparsity: '1.5' is not between 0 and 1" tensor@sparsity a@1.5
    bad "line 2: a: sparsity: sparsity '5:4': N of M weights stay, so N is at most M and M at least 1" tensor@sparsity a@5:4
    printf '' >bad.tsv
    refused "wprune: bad.tsv: it is empty; a budget begins with a line of titles" "wprune -m magnitude --budget bad.tsv <tiny.weir"
    refused "wprune: cannot open none.tsv: No such file or directory" "wprune -m magnitude --budget none.tsv <tiny.weir"
    printf 'tensor\ttype\tbits\n' >bad.tsv
    refused "wquant: bad.tsv: line 1: it has both 'type' and 'bits'; only one can be" "wquant --budget bad.tsv <tiny.weir"
    printf 'tensor\tbits\na\t9\n' >bad.tsv
    refused "wquant: bad.tsv: line 2: a: bits: '9' is none of 2 to 8" "wquant --budget bad.tsv <tiny.weir"
    printf 'tensor\ttype\na\tint9\n' >bad.tsv
    refused "wquant: bad.tsv: line 2: a: type: type 'int9' is not known; int2 to int8 are" "wquant --budget bad.tsv <tiny.weir"
    printf 'tensor\trank\na\t0\n' >bad.tsv
    refused "lrfactor: bad.tsv: line 2: a: rank: '0' leaves nothing; '-' leaves the tensor as it is" "lrfactor -m svd --budget bad.tsv <tiny.weir"
}

@test "the history says which table it was, by name and digest, without its folder; not where a pipe stood" {
    walloc -m uniform -s 0.5 <tiny.weir >t.tsv
    mkdir -p sub; cp t.tsv sub/t.tsv
    wprune -m magnitude --budget t.tsv <tiny.weir >a.weir
    wprune -m magnitude --budget "$PWD/sub/t.tsv" <tiny.weir | cmp - a.weir
    wprune -m magnitude --budget=sub/t.tsv -j 2 <tiny.weir | cmp - a.weir
    tshow --data a.weir | grep -aq -- '--budget.*t\.tsv:[0-9a-f]\{16\}'
    sed 's/0\.5/0.50/' t.tsv >sub/t.tsv # says the same in other words: another table
    if wprune -m magnitude --budget sub/t.tsv <tiny.weir | cmp -s - a.weir; then false; fi
    wprune -m magnitude --budget <(cat t.tsv) <tiny.weir >b.weir
    tshow --data b.weir | grep -aq -- '--budget.*-:[0-9a-f]\{16\}'
    wprune -m magnitude --budget <(cat t.tsv) <tiny.weir 5</dev/null | cmp - b.weir
}

@test "what a method needs and lacks is named" {
    refused "walloc: model.layers.0.self_attn.q_proj.weight: has no companion norm2: does the pipe lack a mcalib before this filter?" "walloc -m owl -s 0.5 <tiny.weir"
    refused "walloc: model.layers.0.self_attn.q_proj.weight: its layer has no key angle; mcalib --parts bi adds it to each layer's first tensor" \
        "walloc -m cfsp -s 0.5 <tiny.weir"
    refused "walloc: model.layers.0.self_attn.q_proj.weight: flap goes by the attn.o of its layer, which is not chosen" "walloc -m flap -s 0.5 --only attn.q <calib.weir"
    refused "walloc: model.layers.0.self_attn.q_proj.weight: its layer has no key angle, by which losses are weighed; mcalib --parts bi adds it, or say --weigh size" \
        "walloc -m error -s 0.5 <tiny.weir"
    # without companions, errors are those of the weights
    walloc -m error --weigh size -s 0.5 <tiny.weir | awk -F '\t' 'NR > 1 { n += $3; z += $2 * $3 } END { exit !(z - n / 2 < 1 && n / 2 - z < 1) }'
    [ "$(walloc -m uniform -s 0.5 --only nothing --allow-none <tiny.weir)" = "tensor	sparsity	weights	loss" ]
}

@test "usage" {
    for bad in "" "-m owl" "-s 0.5" "-m nosuch -s 0.5" "-m owl -s 2" "-m owl -s 0.5 -b 3" "-m owl -b 3" "-m welore -s 0.5" "-m flap --keep 0.5" "-m error -b 3 -t q9" \
        "-m error -b 3 -t int3 --quant awq" "-m owl -s 0.5 --unit row" "-m error -s 0.5 --weigh no" "-m owl -s 0.5 --outlier 0" "-m owl -s 0.5 --losses x" "-m owl -s 0.5 x"; do
        # shellcheck disable=SC2086
        run walloc $bad <tiny.weir
        [ "$status" -eq 2 ] || { echo "$bad: $status"; false; }
    done
    walloc -m uniform -s 0.5 <tiny.weir >t.tsv
    for bad in "wprune -m magnitude -s 0.5 --budget t.tsv" "wquant -t int4 --budget t.tsv" "wquant -m awq --budget t.tsv" "lrfactor -m svd --keep 0.5 --budget t.tsv" "lrfactor -m svd"; do
        run bash -c "$bad <tiny.weir"
        [ "$status" -eq 2 ] || { echo "$bad: $status: $output"; false; }
    done
    refused "wprune: t.tsv: line 2: model.layers.0.self_attn.q_proj.weight: sparsity: scope model spreads one share by itself; a budget wants --scope row or tensor" \
        "wprune -m lamp --budget t.tsv <tiny.weir"
}

@test "the page says that flap and cfsp, as sparsities, lose to uniform; and so they do" {
    mandoc "$TOP/man/walloc.1" | col -b | tr -s " \n" " " | grep -q "lose to uniform"
    tsplit "$MODEL" | mcalib -f "$BROOK/calib.txt" --tokens 4096 -c 256 --parts norm2,mean,bi >c.weir
    head -c 12000 "$BROOK/prose.test.txt" >t
    for m in uniform flap cfsp; do
        walloc -m $m -s 0.6 <c.weir >$m.tsv
        wprune -m wanda --budget $m.tsv <c.weir | mppl -q -f t -c 256 | awk -F '\t' -v m=$m 'NR == 2 { print m, $6 }'
    done >ppl
    awk '{ p[$1] = $2 } END { exit !(p["flap"] > 1.1 * p["uniform"] && p["cfsp"] > 1.1 * p["uniform"]) }' ppl || { cat ppl; false; }
}

# dsel: conditions, budgets, quotas, and that neither shards nor their order show.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    python3 - <<'END'
import json
with open("in.jsonl", "w") as f:
    for i in range(300):
        f.write(json.dumps({"id": "r%d" % i, "text": "w " * (i % 17 + 1) + "end", "g": "abc"[i % 3], "n": (i * 7919) % 300, "scores": {"q": ((i * 7919) % 300) / 10}}) + "\n")
END
    dload in.jsonl >in
}

@test "top: the greatest first; -k, --top, budgets of characters" {
    dsel --by q -k 5 in | dsave -f n | tr -dc '0-9\n' | tr '\n' ' ' >got
    [ "$(cat got)" = "299 298 297 296 295 " ]
    [ "$(dsel --by n --top 10% in | dsave --ids | wc -l)" -eq 30 ]
    dsel --by n -k 100 --of chars in | dsave -f text,n >got
    python3 - <<'END'
import json
r = sorted((json.loads(l) for l in open("in.jsonl")), key=lambda x: -x["n"])
want, left = [], 100
for x in r:
    if len(x["text"]) > left:
        break
    left -= len(x["text"]); want.append(x["n"])
assert [json.loads(l)["n"] for l in open("got")] == want
END
    total=$(dscore -m size in | dsave -f chars | tr -dc '0-9.\n' | awk '{ s += $1 } END { print s }')
    got=$(dsel --by n --top 50% --of chars in | dscore -m size | dsave -f chars | tr -dc '0-9.\n' | awk '{ s += $1 } END { print s }')
    [ "$got" -le $((total / 2)) ] && [ "$got" -gt $((total / 2 - 40)) ]
}

@test "conditions pass in the order of input; what is refused has its reason" {
    dsel --where 'q>=10' --where g=a --where 'words<10' --rejects rej in | dsave -f id,g,q,text >got
    python3 - <<'END'
import json
want = [json.loads(l) for l in open("in.jsonl")]
ok = [x["id"] for x in want if x["scores"]["q"] >= 10 and x["g"] == "a" and len(x["text"].split()) < 10]
assert ok and [json.loads(l)["id"] for l in open("got")] == ok
rej = {x["id"]: x["reason"] for x in map(json.loads, open("rej"))}
assert len(rej) + len(ok) == 300
assert all(rej[x["id"]] == "not q>=10" for x in want if x["scores"]["q"] < 10)
END
    [ "$(dsel --where g=z in | dsave --ids | wc -l)" -eq 0 ]
    [ "$(dsel --where 'g!=a' in | dsave --ids | wc -l)" -eq 200 ]
    [ "$(dsel --where id=r7 in | dsave --ids)" = r7 ]
    { cat in.jsonl; echo '{"id":"some","text":"x","some":1}'; } | dsel --lines --by some -k 3 --rejects rej | grep -q '"id":"some"'
    [ "$(grep -c '"reason":"it has no number some"' rej)" -eq 300 ]
}

@test "a name that no record has is an error, for all records of a whole; of a shard it is told" {
    for how in "--where none=1" "--where none>1 --where g=z" "--where g=z --where none>1" "--where id=z --where none!=1"; do
        run dsel $how in -q --lines <in.jsonl
        run bash -c "dsel --lines $(printf '%q ' $how) in.jsonl"
        one_line_error 1 dsel && [[ $output == *"none of 300 records has 'none'" ]] || { echo "$how: $output"; return 1; }
    done
    for how in "" "-k 3" "--top 10%" "-m sample -k 3"; do
        run dsel --lines --by none $how in.jsonl
        one_line_error 1 dsel && [ "$output" = "dsel: --by none: none of 300 records has such a number" ]
    done
    dload --shard 1/3 in.jsonl >one
    dsel --where none=1 one 2>err | dsave --ids | { ! grep .; }
    [ "$(cat err)" = "dsel: --where 'none=1': none of $(dsave --ids one | wc -l) records has 'none', in this shard" ] || { cat err; return 1; }
    dsel --lines --where none=1 /dev/null
    [ "$(dsel --where 'words>0' --where 'letters>=0' in | dsave --ids | wc -l)" -eq 300 ] # what can be measured everyone has
}

@test "the least first: --bottom, --by -NAME, for every method that goes by a score; from shards too" {
    dsel --by -q -k 5 in | dsave -f n | tr -dc '0-9\n' | tr '\n' ' ' >got
    [ "$(cat got)" = "0 1 2 3 4 " ]
    dsel --by q --bottom 5% in | dsave | cmp - <(dsel --by -q --top 5% in | dsave)
    [ "$(dsel --by q --bottom 5% in | dsave --ids | wc -l)" -eq 15 ]
    sed 's/"q": /"q": -/' in.jsonl | dload - >negated
    for how in "-m sample -T 3 -k 40" "-m ucb --cluster g -k 20" "-m balanced --cluster g -k 20" "-k 10 --per g"; do
        dsel --by -q $how in | dsave --ids | cmp - <(dsel --by q $how negated | dsave --ids) || { echo "$how"; return 1; }
    done
    for i in 1 2 3; do dload --shard $i/3 in.jsonl | dsel --by -q -k 40 >p$i; done
    dsel --merge --by -q -k 40 p3 p1 p2 | dsave | cmp - <(dsel --by -q -k 40 in | dsave)
    run dsel --bottom 5% in
    [ "$status" -eq 2 ]
    run dsel --by -q --bottom 5% in
    [ "$status" -eq 2 ]
    run dsel --by q --bottom 5% -k 3 in
    [ "$status" -eq 2 ]
}

@test "leverage: given vectors keep their lengths; weights make sums of the chosen those of the whole" {
    python3 - <<'END'
import json, random
random.seed(1)
big = [[0] * 8 for _ in range(10)]
for i in range(10):
    big[i][i % 8] = 100 + i  # ten rows with nearly all of the leverage
with open("v.jsonl", "w") as f:
    for i in range(1000):
        x = big[i] if i < 10 else [random.gauss(0, 1) for _ in range(8)]
        f.write(json.dumps({"id": "b%d" % i if i < 10 else "s%d" % i, "text": "t", "v": x}) + "\n")
END
    dsel -m leverage --vector v -k 30 --lines v.jsonl >got
    [ "$(grep -c '"id":"b' got)" -ge 9 ]
    for seed in $(seq 40); do dsel -m leverage --vector v -k 100 --seed $seed --lines v.jsonl; echo; done >lev
    for seed in $(seq 40); do dsel -m root-leverage --vector v -k 100 --seed $seed --lines v.jsonl; echo; done >root
    python3 - <<'END'
import json
rows = [json.loads(l) for l in open("v.jsonl")]
d = 8
G = [[sum(r["v"][i] * r["v"][j] for r in rows) for j in range(d)] for i in range(d)]
c = 1e-6 * sum(G[i][i] for i in range(d)) / d
for i in range(d):
    G[i][i] += c
def solve(A, b):
    A = [r[:] + [v] for r, v in zip(A, b)]
    for i in range(d):
        for k in range(d):
            if k != i:
                f = A[k][i] / A[i][i]
                A[k] = [x - f * y for x, y in zip(A[k], A[i])]
    return [A[i][d] / A[i][i] for i in range(d)]
tau = {r["id"]: sum(x * y for x, y in zip(r["v"], solve(G, r["v"]))) for r in rows}
assert sum(t for i, t in tau.items() if i[0] == "b") > 0.6 * sum(tau.values())
for name in "lev", "root":
    total = []
    for block in open(name).read().strip().split("\n\n"):
        got = [json.loads(l) for l in block.split("\n")]
        assert len(got) == 100
        for r in got:
            s = r["scores"]
            assert abs(s["leverage"] - tau[r["id"]]) < 1e-5 * tau[r["id"]] + 1e-9, (s, tau[r["id"]])
            assert s["weight"] >= 1
        total.append(sum(r["scores"]["weight"] for r in got))
        g00 = sum(r["scores"]["weight"] * r["v"][0] ** 2 for r in got) / G[0][0]
        assert name == "root" or 0.9 < g00 < 1.1, g00  # the gram of the chosen, weighted, is that of all
    mean = sum(total) / len(total)
    assert 850 < mean < 1150, (name, mean)  # the weights count the records
END
    dsel -m leverage --vector v -k 2000 --lines v.jsonl | { ! grep -v '"weight":1.0'; }
}

@test "from 1, 3 and 8 shards, in any order, after a merge: the same bytes" {
    for how in "--by q -k 40" "-m sample -T 3 --by q -k 40 --seed 5" "-m random -k 40" "--by q -k 10 --per g" "-m sample --by q -k 60 --per g --mix a=3,b=1"; do
        dsel $how in | dsave >want
        for n in 3 8; do
            for i in $(seq $n); do dload --shard $i/$n in.jsonl | dsel $how >p$i; done
            dsel --merge $how $(for i in $(seq $n); do echo p$i; done | sort -r) | dsave | cmp - want
            cat $(for i in $(seq $n); do echo p$i; done) | dsel --merge $how | dsave | cmp - want
        done
        tac in.jsonl | dsel --lines $how >got
        dsel --lines $how in.jsonl | cmp - got
    done
    run dsel --merge --by q -k 3 p1 p2 p4
    [ "$status" -eq 1 ] && [ "${lines[-1]}" = "dsel: shard 3 of 8 is missing" ]
    run dsel --merge --by q -k 3 p1 p2 p2
    [ "$status" -eq 1 ] && [ "${lines[-1]}" = "dsel: shard 2 of 8 has come twice" ]
}

@test "a part, an amount, a method over a set: from shards as from the whole; lines too" {
    dfeat in >feat
    for how in "--by q --top 10%" "--by q --top 30% --of chars --where words>3" "--by q --top 20% --per g" "-m sample --by q --top 20% --per g --mix a=3,b=1" \
        "--by n -k 1000 --of chars" "--by n -k 200 --of words --per g" "--by q --top 7% --total 300" "--by n --top 40% --of chars --total feat" \
        "-m facility -k 20" "-m features --top 10%" "-m kcentre -k 20" "-m leverage -k 20" "-m root-leverage -k 20 --seed 3" \
        "-m ucb --by q --cluster g -k 25" "-m balanced --cluster g --by q --top 50% --of bytes"; do
        dsel $how in | dsave >want
        [ -s want ]
        for n in 3 8; do
            for i in $(seq $n); do dload --shard $i/$n in.jsonl | dsel $how >p$i; done
            dsel --merge $how $(for i in $(seq $n); do echo p$i; done | sort -R --random-source=<(yes)) | dsave | cmp - want || { echo "$how: $n shards"; return 1; }
            cat $(for i in $(seq $n); do echo p$i; done) | dsel --merge $how | dsave | cmp - want
        done
        dsel --lines $how in.jsonl >want
        split -n l/3 -a 1 --numeric-suffixes=1 in.jsonl s
        for i in 1 2 3; do dsel --lines $how --shard $i/3 s$i; done | dsel --lines --merge $how | cmp - want || { echo "$how: lines"; return 1; }
    done
}

@test "what a shard may leave out: nothing without the total; with it, all that no other shard can make room for" {
    dload --shard 2/3 in.jsonl >s
    [ "$(dsel --by q --top 10% s | dsave --ids | wc -l)" -eq 100 ]
    [ "$(dsel --by q --top 10% --total 300 s | dsave --ids | wc -l)" -eq 30 ]
    [ "$(dsel --by q --top 10% --shard 1/1 s | dsave --ids | wc -l)" -eq 10 ]
    [ "$(dsel -m kcentre -k 5 s | dsave --ids | wc -l)" -eq 100 ] && [ "$(dsel -m kcentre -k 5 --shard 1/1 s | dsave --ids | wc -l)" -eq 5 ]
    # The record that does not fit ends the choice, though its shard has no room for it and a shorter one of another shard would fit.
    printf '{"id":"a","text":"12345678","s":9}\n{"id":"b","text":"12345","s":8}\n' >s1
    printf '{"id":"c","text":"1","s":7}\n' >s2
    for i in 1 2; do dsel --lines --by s -k 10 --of chars --shard $i/2 s$i; done | dsel --lines --merge --by s -k 10 --of chars >got
    cat s1 s2 | dsel --lines --by s -k 10 --of chars | cmp - got
    [ "$(wc -l <got)" -eq 1 ]
}

@test "quotas per group and mixtures, to the record" {
    [ "$(dsel --by n -k 7 --per g in | dsave -f g | sort | uniq -c | tr -dc '0-9abc \n' | tr -s ' ' | tr '\n' ,)" = " 7 a, 7 b, 7 c," ]
    dsel --by n -k 100 --per g --mix a=1,b=1,c=1 in | dsave -f g | sort | uniq -c | tr -dc '0-9\n ' | tr -d ' ' | tr '\n' ' ' >got
    [ "$(cat got)" = "34 33 33 " ]
    dsel --by n -k 150 --per g --mix a=4,b=1 --report rep in | dsave -f g | sort | uniq -c | tr -dc '0-9\n ' | tr -d ' ' | tr '\n' ' ' >got
    [ "$(cat got)" = "100 30 " ]
    grep -q '^group a	100	100$' rep && grep -q '^group c	100	0$' rep
}

@test "seed and temperature: the seed fixes everything, T large is random, T small is top" {
    dsel -m sample --by q -T 1e9 -k 50 in | dsave --ids | sort >hot
    dsel --by q -k 50 in | dsave --ids | sort >top
    dsel -m sample --by q -T 1e-9 -k 50 in | dsave --ids | sort | cmp - top
    [ "$(comm -12 hot top | wc -l)" -lt 25 ]
    dsel -m sample --by q -T 1e9 -k 50 in | dsave --ids | sort | cmp - hot
    dsel -m sample --by q -T 1e9 -k 50 --seed 1 in | dsave --ids | sort | { ! cmp -s - hot; }
}

@test "k beyond what there is, nothing at all, equal scores, equal ids" {
    [ "$(dsel --by q -k 1000 in | dsave --ids | wc -l)" -eq 300 ]
    dload /dev/null | dsel --by q -k 3 | dsave
    dload /dev/null | dsel --by q -k 3 --report rep | dsave
    for i in 1 2 3 4 5 6; do echo "{\"id\":\"same\",\"text\":\"t$i\",\"x\":1}"; done >eq
    dsel --lines --by x -k 3 --report rep eq >a
    tac eq | dsel --lines --by x -k 3 | cmp - a
    grep -q '^ids that came before	5	$' rep
}

@test "methods over sets: any order of input, any -j, the same; quotas hold" {
    for how in "-m facility" "-m features" "-m kcentre" "-m leverage" "-m root-leverage" "-m ucb --by q --cluster g" "-m balanced --cluster g --by q"; do
        dsel $how -k 30 in | dsave >want
        [ "$(wc -l <want)" -eq 30 ]
        tac in.jsonl | dload - | dsel -j 2 $how -k 30 | dsave | cmp - want
        [ "$(dsel $how -k 4 --per g --rejects rej in | dsave -f g | sort | uniq -c | tr -dc '0-9\n' | tr '\n' ' ')" = "4 4 4 " ]
        [ "$(wc -l <rej)" -eq 288 ]
    done
    [ "$(dsel -m balanced --cluster g --by q -k 6 in | dsave -f g | sort | uniq -c | tr -dc '0-9\n' | tr '\n' ' ')" = "2 2 2 " ]
    run dsel -m ucb --by q --cluster none -k 3 in
    [ "$status" -eq 1 ]; [[ ${lines[-1]} == *'it has no cluster under "none"' ]]
}

@test "vectors from meta" {
    for p in "1,0" "0.99,0.1" "0,1" "-1,0" "0.1,0.99"; do echo "{\"id\":\"$p\",\"text\":\"t\",\"v\":[$p]}"; done >v
    [ "$(dsel --lines -m facility --vector v -k 2 v | dsave --lines --ids | sort | tr '\n' ' ')" = "0.1,0.99 1,0 " ] ||
        [ "$(dsel --lines -m facility --vector v -k 2 v | dsave --lines --ids | sort | tr '\n' ' ')" = "0.1,0.99 0.99,0.1 " ]
    echo '{"id":"x","text":"t","v":[1]}' >>v
    run dsel --lines -m kcentre --vector v -k 2 v
    [ "$status" -eq 1 ]; [[ $output == *'numbers, before there were '* ]]
}

@test "the report: divergence falls, lengths before and after" {
    { dload -f lines "$BROOK/prose.test.txt"; dload -f lines "$BROOK/math.test.txt"; } >raw
    head -c 30000 "$BROOK/math.test.txt" | dload -f lines - | dfeat >t.feat; dfeat raw >raw.feat
    dscore -m dsir --target t.feat --raw raw.feat --norm token raw | dsel --by dsir -k 600 --report rep --target t.feat --raw raw.feat >/dev/null
    awk -F '\t' '/^KL reduction/ { ok = $3 > 0.1 } END { exit !ok }' rep
    awk -F '\t' '/^words from/ { b += $2; a += $3 } /^records/ { rb = $2; ra = $3 } END { exit !(b == rb && a == ra && ra == 600) }' rep
}

@test "memory stays small; what does not fit goes to disk" {
    python3 -c '
import json
for i in range(60000): print(json.dumps({"id": i, "text": "x" * 900, "s": (i * 7919) % 60000}))' >big
    dsel --lines --by s --top 50% big >want
    (limit 60000; dsel --lines --by s --top 50% -S 1M big | cmp - want)
    [ "$(head -n 1 want | tr -dc '0-9,' | cut -d , -f 3)" = 59999 ]
}

@test "usage" {
    while IFS='|' read -r args want; do
        run dsel $args in
        [ "$status" -eq 2 ] && [ "${lines[0]}" = "dsel: $want" ] || { echo "$args: $output"; return 1; }
    done <<'END'
-m nothing -k 1|method 'nothing' is not known; --list names them
-k 3|this method needs --by NAME
--by q -k 3 --top 10%|of -k, --top and --bottom only one can be
--where q|'q' is not NAME OP VALUE with OP of = != < <= > >=
--where q>x|'q>x': x is no number
--by q -k 3 --mix a=1|--mix needs --per KEY, and -k or --top
--by q -k 3 --per g --mix a=x|'a=x' is not NAME=WEIGHT
--by q -k 3 --per g --mix a=1e308,b=1e308|the weights of 'a=1e308,b=1e308' are beyond 1e200
-m sample --by q -k 3 -T 0|--temperature: '0' is not above 0
-m top --by q -k 3 -T 2|--temperature is an option of sample, not of top
-m facility -k 3 --dims 0|--dims: '0' is not from 1 to 16777216
--by q -k 3 --total 9|--total is what --top is a part of
--by q --top 3% --total 9 --per g|--total is of the whole, and --per without --mix takes a part of each group
--by q -k 3 --shard 1/2 in|--shard is of one FILE
in|several FILEs need -k or --top; tcat joins them
END
}

@test "--keep-going: a damaged shard, an absent one and a missing one are listed, and the rest is chosen from" {
    for i in 1 2 3 4; do dload --shard $i/4 in.jsonl | dsel --by q -k 40 >p$i; done
    head -c $(($(stat -c %s p2) - 30)) p2 >cut2
    run dsel --merge --by q -k 40 p1 cut2 p4
    [ "$status" -eq 1 ]
    dsel --merge --by q -k 40 --keep-going lost.tsv p1 cut2 none p4 2>err >got
    [ "$(cat err)" = "dsel: 3 files or shards could not be read whole: lost.tsv lists them" ] || { cat err; return 1; }
    cut -f 1,2 lost.tsv | tr '\t\n' ', ' >rows
    grep -qE '^file,records cut2,[0-9]+ none,0 shard 3 of 4,0 $' rows || { cat rows; return 1; }
    grep -q 'No such file' lost.tsv && grep -q 'it is missing' lost.tsv
    dsave --ids got >ids
    [ "$(wc -l <ids)" -eq 40 ]
    dsel --merge --by q -k 40 --keep-going lost.tsv p1 p2 p3 p4 | dsave | cmp - <(dsel --by q -k 40 in | dsave)
    [ "$(cat lost.tsv)" = "$(printf 'file\trecords\treason')" ]
    run dsel --keep-going l --where 'q>1' in
    [ "$status" -eq 2 ]
}

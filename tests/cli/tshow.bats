load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >in.weir
}

setup() { cd "$BATS_FILE_TMPDIR"; }

@test "the list: a line a record, and the totals" {
    tshow in.weir >list
    [ "$(head -n 1 list)" = "name	shape	type	bytes	role	layer	companions" ]
    grep -q '^model.layers.1.mlp.down_proj.weight	\[32, [0-9]*\]	BF16	[0-9]*	mlp.down	1	-$' list
    grep -q '^config.json	-	blob	[0-9]*	-	-	-$' list
    n=$(awk -F'\t' '$3 == "BF16" || $3 == "F32"' list | wc -l)
    bytes=$(awk -F'\t' '$3 == "BF16" || $3 == "F32" { s += $4 } END { print s }' list)
    [ "$(tail -n 1 list)" = "total	$n	-	$bytes	-	-	-" ]
}

@test "-v shows the head and where the stream has been" {
    tcat -z in.weir | tshow -v >list
    [ "$(head -n 1 list)" = "weir-text 1" ]
    grep -q '^model arch=llama$' list
    grep -q '^history tsplit tiny @' list
    grep -q '^history tcat -z in.weir @' list
}

@test "types and companions of quantized sums" {
    tload <<'END' | tshow | grep '^w'  | diff - <(printf 'w\t[2, 32]\tq8_0+lowrank/1\t140\tmlp.up\t3\tnorm2,absmean\n')
weir-text 1
tensor w [2, 32] role=mlp.up layer=3
part norm2 F32 [32]
1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
part absmean F16 [32]
1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
term ggml type=q8_0
part blocks U8 [2, 34]
0 60 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
0 60 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
term lowrank
part a F16 [1, 32]
1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
part b F32 [2, 1]
1
1
end
END
}

@test "--json is one object a record" {
    tshow --json in.weir | python3 -c '
import json, sys
r = [json.loads(l) for l in sys.stdin]
t = [x for x in r if x.get("tensor") == "model.layers.0.self_attn.q_proj.weight"]
assert len(t) == 1 and t[0]["role"] == "attn.q" and t[0]["layer"] == 0 and t[0]["type"] == "BF16", t
assert t[0]["bytes"] == 2 * t[0]["shape"][0] * t[0]["shape"][1] and t[0]["companions"] == {}
assert any(x.get("kind") == "blob" and x["name"] == "config.json" and x["size"] > 0 for x in r)
'
}

@test "--data of the whole model is read back to the same bits" {
    tshow --data in.weir >twin.txt
    tload twin.txt >back.weir
    tdiff in.weir back.weir
    diff twin.txt <(tshow --data back.weir) | grep '^[<>]' >d
    [ "$(cat d)" = "> history tload twin.txt @$(tshow --version | sed 's/.* //')" ]
}

@test "a name with odd characters is shown in quotes" {
    printf 'weir-text 1\ntensor "a b\\x1b[31m\\"" [0]\nterm dense\npart dense F16 [0]\nend\n' | tload | tshow | grep -qF '"a b\x1b[31m\""	[0]	F16	0'
}

@test "a chosen part is shown" {
    tshow --only norm.final in.weir | grep -c weight | grep -qx 1
    tshow --data --only norm.final in.weir | grep -c '^tensor' | grep -qx 1
}

@test "one shard of many is shown" {
    printf 'weir-text 1\nshard 2 3\ntensor a [1]\nterm dense\npart dense F32 [1]\n1\nend\n' | tload >shard.weir
    tshow -v shard.weir | grep -qx 'shard 2 3'
}

@test "wrong command lines" {
    run tshow --data --json in.weir
    [ "$status" -eq 2 ]
    run tshow in.weir in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tshow: one FILE at most; tcat joins several" ]
}

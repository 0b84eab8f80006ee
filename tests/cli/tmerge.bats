load helpers

setup_file() {
    load helpers
    tiny_model
    cd "$BATS_FILE_TMPDIR"
    tsplit tiny >in.weir
    tshow --data in.weir | grep -v '^history' >twin
    wprune -m magnitude -s 0.5 <in.weir >half.weir
    wprune -m magnitude -s 0.3 <in.weir >p.weir
}

setup() { cd "$BATS_FILE_TMPDIR" && rm -f o.weir; }

# small NAME VALUES...: a stream of one tensor a of 2 x 2 and a vector v
small() {
    printf 'weir-text 1\ntensor a [2, 2]\nterm dense\npart dense %s [2, 2]\n%s %s\n%s %s\ntensor v [2]\nterm dense\npart dense F32 [2]\n%s %s\nend\n' \
        "${TYPE:-F32}" "$1" "$2" "$3" "$4" "$5" "$6" | tload
}

# values FILE TENSOR: its rows, on one line
values() { tshow --data "$1" | awk -v n="$2" '$1 == "tensor" { on = $2 == n } on && $1 ~ /^[-0-9]/' | tr '\n' ' '; }

# shards N: cut in.weir's text into 1.weir .. N.weir at tensors, and whole.weir
shards() {
    rm -f [0-9]*.weir
    awk -v n="$1" '
        /^end/ { next } # none of the tail in this stream
        /^(tensor|blob) / { if (!first) first = NR; r++ }
        { line[NR] = $0; rec[NR] = r; last = NR }
        END { for (i = 1; i <= n; i++) {
                  f = i ".txt"; print line[1] > f; print "shard", i, n > f
                  for (k = 2; k <= last; k++) if (k < first || int((rec[k] - 1) * n / r) + 1 == i) print line[k] > f
                  print "end" > f; close(f) } }' twin
    for i in $(seq "$1"); do tload <$i.txt >$i.weir; done
    tload <twin >whole.weir
}

@test "cat joins shards in any order to the stream they were cut from, byte for byte" {
    for n in 1 3 7; do
        shards $n
        tmerge -m cat $(ls [0-9]*.weir | sort -r) >joined.weir
        cmp joined.weir whole.weir
        tmerge -m cat -o file.weir $(ls [0-9]*.weir)
        cmp file.weir whole.weir
        cat $(ls [0-9]*.weir | sort -n) | tmerge -m cat - | cmp - whole.weir
    done
    tmerge -m cat <(cat 4.weir) 7.weir <(cat 1.weir 2.weir 3.weir) 5.weir 6.weir | cmp - whole.weir
}

@test "cat names what is missing, comes twice or was made otherwise" {
    shards 3
    run tmerge -m cat -o o.weir 1.weir 3.weir
    one_line_error 1 tmerge
    [ "$output" = "tmerge: shard 2 of 3 is missing: the next is 3, in 3.weir" ]
    run tmerge -m cat -o o.weir 1.weir 2.weir
    [ "$output" = "tmerge: shard 3 of 3 is missing: 2.weir is the last" ]
    run tmerge -m cat -o o.weir 1.weir 2.weir 2.weir 3.weir
    [ "$output" = "tmerge: 2.weir: shard 2 of 3 comes twice" ]
    run tmerge -m cat -o o.weir whole.weir
    [ "$output" = "tmerge: whole.weir: is no shard: its head has no mark" ]
    tcat 2.weir >other.weir
    run tmerge -m cat -o o.weir 1.weir other.weir 3.weir
    [ "$output" = "tmerge: other.weir: shard 2 was made by 'tload | tcat 2.weir', the first (1.weir) by 'tload'" ]
    sed 's/^shard 2 3/shard 2 4/' 2.txt | tload >other.weir
    run tmerge -m cat -o o.weir 1.weir other.weir 3.weir
    [ "$output" = "tmerge: other.weir: is shard 2 of 4, those before it are of 3" ]
    head -c 5000 2.weir >cut.weir
    run tmerge -m cat -o o.weir 1.weir cut.weir 3.weir
    one_line_error 1 tmerge
    [ ! -e o.weir ]
}

@test "cat checks the manifest, and writes blobs that every shard carries once" {
    shards 2
    awk '/^blob /{on=1} /^tensor /{on=0} on' 1.txt >blobs
    awk -v f=blobs '/^tensor / && !done { while ((getline l < f) > 0) print l; done = 1 } { print }' 2.txt >2b.txt
    tload <2b.txt >2b.weir
    tmerge -m cat 1.weir 2b.weir >o.weir 2>err || { cat err; false; }
    tdiff o.weir whole.weir
    [ "$(tshow o.weir | grep -c blob)" -eq "$(tshow whole.weir | grep -c blob)" ]
}

@test "attach puts companions kept in a stream of their own on the tensors they belong to" {
    head -c 3000 "$BROOK/prose.test.txt" >text
    mcalib -f text -c 32 <in.weir >calib.weir
    tcat --only linear calib.weir >linear.weir
    tmerge -m attach in.weir linear.weir >o.weir
    tdiff --only linear o.weir calib.weir
    tdiff --skip linear o.weir in.weir
    tcat calib.weir | tmerge -m attach tiny - | tdiff - calib.weir
    [ "$(stat -c %s o.weir)" -lt $(($(stat -c %s calib.weir) + 4096)) ] # a shared gram travels once here too
    tcat --skip mlp.up in.weir >less.weir
    run tmerge -m attach -o o.weir less.weir linear.weir
    one_line_error 1 tmerge
    case $output in *"mlp.up_proj.weight: is in linear.weir, not in less.weir"*) ;; *) false ;; esac
    run tmerge -m attach -o o.weir in.weir tiny
    [ "$output" = "tmerge: tiny is a checkpoint, which has no companions; attach takes them from a stream" ]
}

@test "linear: the weighted mean, in the type of the first" {
    small 1 2 3 4 5 6 >a.weir
    small 3 2 1 0 7 -6 >b.weir
    tmerge -m linear a.weir b.weir >o.weir
    [ "$(values o.weir a)" = "2 2 2 2 " ]
    [ "$(values o.weir v)" = "6 0 " ]
    tmerge -m linear -w 3,1 a.weir b.weir >o.weir
    [ "$(values o.weir a)" = "1.5 2 2.5 3 " ]
    tmerge -m linear -w 3,1 --normalize false a.weir b.weir >o.weir
    [ "$(values o.weir a)" = "6 8 10 12 " ]
    tmerge -m linear --only v -w 1,0 b.weir a.weir | tdiff - b.weir
    TYPE=F16 small 3 2 1 0 7 -6 >h.weir
    tmerge -m linear h.weir a.weir | tshow | grep -q 'a	.*F16'
    tmerge -m linear --dtype BF16 h.weir a.weir | tshow | grep -q 'a	.*BF16'
}

@test "equal operands give the model, whatever holds them" {
    tmerge -m linear in.weir | tdiff - in.weir
    tmerge -m linear -w 0.2,0.3,0.5 in.weir tiny in.weir | tdiff - in.weir
    tmerge -m linear tiny tiny/model.safetensors | tdiff - in.weir
    tpack -t safetensors -o one.safetensors <in.weir
    tmerge -m linear one.safetensors in.weir | tdiff --max-rel 0 - in.weir
    wquant -t q8_0 <in.weir | tee q.weir | tcat --dense >d.weir
    tmerge -m linear q.weir q.weir | tdiff --max-rel 0 - d.weir
    cat <(tcat --layers 1 in.weir) <(tcat --layers 0 in.weir) <(tcat --skip 'model.layers.*' in.weir) >turned.weir
    tmerge -m linear in.weir turned.weir | tdiff - in.weir
}

@test "what does not fit is named with both values" {
    small 1 2 3 4 5 6 >a.weir
    tcat --skip v a.weir >less.weir
    run tmerge -m linear -o o.weir a.weir less.weir
    one_line_error 1 tmerge
    [ "$output" = "tmerge: v: is in a.weir, not in less.weir" ]
    run tmerge -m linear -o o.weir less.weir a.weir
    [ "$output" = "tmerge: v: is in a.weir, not in less.weir" ]
    cat a.weir a.weir >twice.weir
    run tmerge -m linear -o o.weir a.weir twice.weir
    [ "$output" = "tmerge: a: comes twice in twice.weir" ]
    printf 'weir-text 1\ntensor a [1, 4]\nterm dense\npart dense F32 [1, 4]\n1 2 3 4\nend\n' | tload >b.weir
    run tmerge -m linear -o o.weir a.weir b.weir
    [ "$output" = "tmerge: a: [2, 2] in a.weir, [1, 4] in b.weir" ]
    small 1 2 3 nan 5 6 >b.weir
    run tmerge -m linear -o o.weir a.weir b.weir
    [ "$output" = "tmerge: b.weir: a: element [1, 1] is NaN" ]
    shards 2
    run tmerge -m linear -o o.weir 1.weir 2.weir
    [ "$output" = "tmerge: 1.weir is shard 1 of 2, 2.weir is shard 2 of 2" ]
    [ ! -e o.weir ]
    printf 'weir-text 1\ntensor model.embed_tokens.weight [3, 32] role=embed\nterm dense\npart dense F32 [3, 32]\n' >e.txt
    for i in 1 2 3; do echo $(seq 32); done >>e.txt
    echo end >>e.txt
    tload <e.txt >e.weir
    tcat --only embed in.weir >embed.weir
    run tmerge -m linear -o o.weir e.weir embed.weir
    case $output in *"[3, 32] in e.weir, "*"their vocabularies differ in size") ;; *) echo "$output"; false ;; esac
}

@test "shards are merged shard by shard" {
    shards 3
    for i in 1 2 3; do tmerge -m linear $i.weir $i.weir >m$i.weir; done
    for i in 1 2 3; do [ "$(tshow --data m$i.weir | grep -c "^shard $i 3")" -eq 1 ]; done
}

@test "whole numbers pass when equal and are refused when not" {
    for v in 1 2; do printf 'weir-text 1\ntensor i [2]\nterm dense\npart dense I64 [2]\n7 %d\nend\n' $v | tload >i$v.weir; done
    tmerge -m linear i1.weir i1.weir | tdiff - i1.weir
    run tmerge -m linear -o o.weir i1.weir i2.weir
    [ "$output" = "tmerge: i: holds whole numbers, which are not averaged, and differs in i1.weir and i2.weir" ]
}

@test "any -j, the same bytes" {
    tmerge -j 1 -m linear in.weir tiny >1
    tmerge -j 3 -m linear in.weir tiny >3
    cmp <(tshow --data 1 | grep -v ^history) <(tshow --data 3 | grep -v ^history)
}

@test "usage" {
    run tmerge in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: -m NAME is needed; --list names the methods" ]
    run tmerge -m nothing in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: method 'nothing' is not known; --list names them" ]
    run tmerge -m linear -d 0.5 in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: --density is an option of ties, dare-linear, dare-ties, della and breadcrumbs, not of linear" ]
    run tmerge -m linear -w 1,2,3 in.weir in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: weight: 3 numbers for 2 models" ]
    run tmerge -m linear -w 1,-1 in.weir in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: the weights sum to 0, by which normalize would divide" ]
    run tmerge -m cat -w 1 in.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: --weight is an option of linear, task, ties, dare-linear, dare-ties, della, breadcrumbs, rws and rebasin, not of cat" ]
    run tmerge -m linear - -
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: only one operand can be standard input" ]
    run tmerge -m attach in.weir
    [ "$status" -eq 2 ]
    tmerge --list | grep -q '^linear	'
}

# tunes: three fine-tunes of a base: small steps of other sizes
tunes() {
    small 1 2 3 4 5 6 >base.weir
    small 1.5 2 3 3 5 7 >t1.weir
    small 2 1 3 4.25 5 8 >t2.weir
}

@test "task arithmetic, TIES and slerp by hand" {
    tunes
    tmerge -m task base.weir t1.weir t2.weir >o.weir
    [ "$(values o.weir a)" = "2.5 1 3 3.25 " ]
    tmerge -m task -w 1,-1 --lambda 2 base.weir t1.weir t2.weir >o.weir
    [ "$(values o.weir a)" = "0 4 3 1.5 " ]
    tmerge -m ties base.weir t1.weir t2.weir >o.weir
    [ "$(values o.weir a)" = "1.75 1 3 3 " ]
    tmerge -m ties -d 0.25 base.weir t1.weir t2.weir >o.weir # the largest of each: the last of equals
    [ "$(values o.weir a)" = "1 1 3 3 " ]
    tmerge -m slerp -t 0 base.weir t1.weir | tdiff --max-rel 1e-7 - base.weir
    tmerge -m slerp -t 1 base.weir t1.weir | tdiff --max-rel 1e-7 - t1.weir
    run tmerge -m slerp base.weir t1.weir t2.weir
    [ "$status" -eq 2 ] && [ "${lines[0]}" = "tmerge: slerp takes 2 models, not 3" ]
    run tmerge -m della -d 0.1 base.weir t1.weir
    [ "${lines[0]}" = "tmerge: density 0.1 with epsilon 0.15: probabilities from -0.05 to 0.25, which must lie in 0 to 1" ]
}

@test "every method: fine-tunes equal to the base give the base; one fine-tune by task is itself; streams, files and order are no matter" {
    for m in $(tmerge --list | cut -f 1); do
        case $m in cat | attach | rmm) continue ;; esac
        # opcm and slerp go through norms: to rounding
        tmerge -m $m $(for i in 1 2 $([ $m = slerp ] || echo 3) $([ $m = rws ] && echo 4); do echo in.weir; done) >o.weir
        tdiff --max-rel 1e-6 o.weir in.weir || { echo $m; return 1; }
    done
    tmerge -m task in.weir p.weir | tdiff --max-rel 0 - p.weir
    tmerge -m dare-ties -d 0.5 --seed 3 tiny p.weir half.weir >a.weir
    tpack -t safetensors -o half.safetensors <half.weir
    tmerge -m dare-ties -d 0.5 --seed 3 -j 2 in.weir p.weir half.safetensors | tdiff a.weir -
    tmerge -m dare-ties -d 0.5 --seed 4 in.weir p.weir half.weir >b.weir
    run tdiff a.weir b.weir
    [ "$status" -eq 1 ]
}

@test "opcm: one fine-tune is itself; the result has the mean norm of the changes" {
    tmerge -m opcm --dtype F32 in.weir half.weir | tdiff --max-rel 0 - half.weir
    small 0 0 0 0 0 0 >base.weir # changes of norm 5 and 10 along one direction, and a vector that stays
    small 3 0 0 4 0 0 >t1.weir
    small 0 10 0 0 0 0 >t2.weir
    tmerge -m opcm base.weir t1.weir t2.weir >o.weir
    [ "$(values o.weir a | awk '{ printf "%.3f", sqrt($1 * $1 + $2 * $2 + $3 * $3 + $4 * $4) }')" = 7.500 ]
}

@test "rmm: a basis of as many as there are models gives each of them back; fewer give the nearest" {
    tmerge -m rmm --basis 3 --dtype F32 in.weir p.weir half.weir >basis.weir
    for i in 1 2 3; do
        f=$(echo in p half | cut -d ' ' -f $i).weir
        tmerge -m rmm --revert $i basis.weir | tdiff --max-rel 1e-6 - $f
    done
    tmerge -m rmm --basis 1 --dtype F32 in.weir p.weir half.weir | tmerge -m rmm --revert 3 - | tdiff --max-rel 0.4 - half.weir
    tmerge -m rmm --basis 1 in.weir in.weir in.weir >one.weir
    tmerge -m rmm --revert 2 one.weir | tdiff --max-rel 0.01 - in.weir
    run tmerge -m rmm --revert 4 -o o.weir basis.weir
    one_line_error 1 tmerge
    case $output in *"was made from 3 models, there is no model 4") ;; *) echo "$output"; false ;; esac
    run tmerge -m rmm --basis 4 -o o.weir in.weir p.weir
    one_line_error 1 tmerge
}

@test "rebasin finds every channel and head of a shuffled model again" {
    python3 "$TOP/tests/cli/permute.py" tiny shuffled.safetensors
    run tdiff in.weir <(tsplit shuffled.safetensors)
    [ "$status" -eq 1 ]
    # the shuffle is one that changes nothing: the two models say the same
    head -c 2000 "$BROOK/prose.test.txt" >text
    mkdir -p shuffled && cp tiny/*.json tiny/tokenizer.model shuffled && cp shuffled.safetensors shuffled/model.safetensors
    a=$(mppl -f text -c 32 <in.weir | awk 'NR == 2 { printf "%.3f", $5 }')
    [ "$a" = "$(tsplit shuffled | mppl -f text -c 32 | awk 'NR == 2 { printf "%.3f", $5 }')" ]
    tmerge -m rebasin tiny shuffled.safetensors | tdiff - in.weir
    tmerge -m rebasin -j 2 --seed 5 tiny shuffled.safetensors shuffled | tdiff - in.weir
    run tmerge -m rebasin --only mlp -o o.weir in.weir in.weir
    one_line_error 1 tmerge
}

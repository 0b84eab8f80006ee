# oneliners: the commands of README.md and of the pipelines' pages for data run as they are written, on small inputs under the names that they use.
load helpers

setup_file() {
    load helpers
    tiny_model
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    cp -r "$BATS_FILE_TMPDIR/tiny" model
    for t in calib.txt prose.test.txt math.test.txt; do head -c 6000 "$BROOK/$t" >$t; done
    dload -q -f paragraphs "$BROOK/prose.test.txt" | dsave | head -n 150 >pool.jsonl
    dload -q -f paragraphs "$BROOK/math.test.txt" | dsave | head -n 60 >>pool.jsonl
    dload -q -f paragraphs "$BROOK/math.test.txt" | dsave | tail -n 40 >target.jsonl
    dload -q pool.jsonl | dsave -z -o pool.jsonl.zst
}

# commands PAGE: its indented lines that run programs of ours, whole: those that end in | or \ go on in the next.
commands() {
    python3 - "$TOP/$1" <<'END'
import re, sys
part = ""
for l in open(sys.argv[1]):
    l = l.rstrip("\n")
    if not part and not re.match(r"    (dload|dfeat|dscore|dsel|dtrim|ddup|dsave|tsplit) ", l):
        continue
    part += (" " if part else "") + l.strip().rstrip("\\")
    if not re.search(r"[|\\]$", l):
        print(part)
        part = ""
assert not part, part
END
}

@test "every one-liner for data runs as it is written, and none writes nothing" {
    total=0
    for page in README.md pipelines/clean/README.md pipelines/select-dsir/README.md; do
        rm -rf work && mkdir work && cp -r model ./*.txt ./*.jsonl ./*.zst work && cd work
        while IFS= read -r line; do
            total=$((total + 1))
            timeout 60 bash -eo pipefail -c "$line" >out 2>err </dev/null || { echo "$page: $line: $(tail -n 2 err)"; return 1; }
            to=$(printf '%s' "$line" | sed -n 's/.*\(>\|-o \) *\([a-z.]*\)$/\2/p')
            [ -s "${to:-out}" ] || { echo "$page: $line: nothing in ${to:-standard output}"; return 1; }
        done < <(commands $page)
        cd ..
    done
    [ "$total" -ge 12 ] || { echo "$total commands only"; return 1; }
}

@test "the makefiles' words on those pages are variables that they have" {
    for p in clean select-dsir; do
        for v in $(grep -o '`make [^`]*`' "$TOP/pipelines/$p/README.md" | grep -oE '[A-Z]+=' | tr -d = | sort -u); do
            grep -qE "^$v +\?=" "$TOP/pipelines/$p/Makefile" || { echo "$p: $v"; return 1; }
        done
    done
}

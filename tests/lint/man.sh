# man: every program has a page and tests of its own, every page is clean mdoc, every option of --help is on it.
bad=0
for f in filters/*.c; do
    p=$(basename "$f" .c); page=man/$p.1
    [ -e "tests/cli/$p.bats" ] || { echo "tests/cli/$p.bats: missing"; bad=1; }
    [ -e "$page" ] || { echo "$page: missing"; bad=1; continue; }
    for o in $("$BIN/$p" --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}--\([a-z0-9-]*\).*/\2/p'); do
        tr -d '\\' <"$page" | grep -qE -- "(^\.It .*|-)-$o( |$|[^a-z])" || { echo "$page: --$o is not described"; bad=1; }
    done
done
for page in man/*.[157]; do
    mandoc -T lint -W warning "$page" | grep -v 'referenced manual not found' && bad=1
done
exit $bad

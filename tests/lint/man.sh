# man: every program has a page and tests of its own, every page is clean mdoc, every option of --help is on it; one that a method owns may instead be
# in the method's entry of weir-methods(7).
bad=0
has() { tr -d '\\' | grep -qE -- "(^\.It .*|Fl |-)-$1( |$|[^a-z])"; } # has OPTION <TEXT
for f in filters/*.c; do
    p=$(basename "$f" .c); page=man/$p.1
    [ -e "tests/cli/$p.bats" ] || { echo "tests/cli/$p.bats: missing"; bad=1; }
    [ -e "$page" ] || { echo "$page: missing"; bad=1; continue; }
    for o in $("$BIN/$p" --help | awk '/^Options of / { m = $3; sub(/[:,].*/, "", m) }
            match($0, /^ +(-., )?--[a-z0-9-]+/) { o = substr($0, 1, RLENGTH); sub(/.*--/, "", o); print o (m ? "@" m : "") }'); do
        has "${o%@*}" <"$page" && continue
        case $o in *@*) awk -v m="${o#*@}" '/^\.It Ic / { on = 0; for (i = 3; i <= NF; i++) if ($i == m || $i == m ",") on = 1 }
            /^\.Sh / { on = 0 } on' man/weir-methods.7 | has "${o%@*}" && continue ;; esac
        echo "$page: --${o%@*} is not described"; bad=1
    done
done
for page in man/*.[157]; do
    mandoc -T lint -W warning "$page" | grep -v 'referenced manual not found' && bad=1
    # What stands behind Fl is an option or punctuation: words there would be printed as options, "-see".
    awk '/^\./ { fl = 0
        for (i = 1; i <= NF; i++)
            if ($i ~ /^\.?Fl$/) { fl = 1; if ($1 == ".Op" && $(i + 1) ~ /^[A-Za-z]+$/) i++ }
            else if ($i ~ /^\.?[A-Z][a-z]$/) fl = 0
            else if (fl && $i !~ /^(-[a-z0-9-]+|[A-Za-z]|[]|.,:;()?![])$/) { print FILENAME ":" FNR ": " $i " would be an option: " $0; bad = 1 } }
        END { exit !bad }' "$page" && bad=1
done
exit $bad

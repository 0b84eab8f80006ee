# text: what no file of the project may hold: a machine's paths, tabs in C, trailing blanks.
git rev-parse >/dev/null 2>&1 || { echo "not a git checkout"; exit 77; }
git ls-files | grep -E '\.(c|h|def|sh|bash|bats|py|md|mk|[157])$|Makefile$' | while read -r f; do
    [ "$f" = tests/lint/text.sh ] || grep -nE '(/root/|/home/[a-z])' "$f" /dev/null
    case $f in *.c | *.h) grep -nP '\t' "$f" /dev/null ;; esac
    case $f in *.c | *.h | *.py | *.sh | *.bats) grep -nE ' +$' "$f" /dev/null ;; esac
done | grep . && exit 1
exit 0

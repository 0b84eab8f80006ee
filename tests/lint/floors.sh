# floors: a file of lib includes only its own folder and folders to the left; families never include one another;
# each outside library has one home; the library neither prints nor exits.
floors="base num wire tensor record file la text tok arch ckpt run"
bad=0
level() { i=0; for f in $floors; do i=$((i + 1)); [ "$f" = "$1" ] && { echo $i; return; }; done; echo 99; }
for f in lib/*/*.[ch]; do
    own=${f#lib/}; own=${own%%/*}
    for inc in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$f"); do
        [ "$inc" = "$own" ] && continue
        if [ "$(level "$inc")" -ge "$(level "$own")" ]; then
            echo "$f: lib/$own may not include lib/$inc"; bad=1
        fi
    done
done
home() { # home HEADERS PLACE...
    header=$1; shift
    for f in $(grep -lE "#include <($header)" lib/*/*.[ch] filters/*.c 2>/dev/null); do
        ok=0
        for place; do case $f in $place) ok=1 ;; esac; done
        [ $ok -eq 1 ] || { echo "$f: includes $header, whose home is $*"; bad=1; }
    done
}
home 'msgpack' 'lib/wire/*'
home 'zstd\.h|zstd_errors' 'lib/wire/*' 'lib/record/*'
home 'zlib' 'lib/record/*' 'lib/ckpt/*' 'lib/file/*'
home 'xxhash' 'lib/base/hash.c' 'lib/wire/*'
home 'cblas|lapacke' 'lib/la/*'
home 'yajl' 'lib/record/json*'
home 'nettle' 'lib/text/*'
home 'pcre2' 'lib/text/*' 'lib/tok/*'
for f in lib/*/*.c; do
    case $f in lib/base/die.c | lib/base/opt.c | lib/base/opt_help.c | lib/base/progress.c) continue ;; esac
    if sed 's|/\*.*||; s|^ \*.*||' "$f" | grep -nE '(^|[^a-z_])(exit|printf|fprintf|puts|putchar|abort) *\('; then
        echo "$f: the library never prints or exits"; bad=1
    fi
done
exit $bad

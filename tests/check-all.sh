# check-all: what `make check` leaves out for time. Each part says its name; the first failure ends it.
set -e
cd "$(dirname "$0")/.."
jobs=$(nproc)
echo "== sanitizers"
make -s -j"$jobs" SAN=address,undefined tests
tests/run build-san
if command -v clang >/dev/null; then
    echo "== clang: the same bytes"
    make -s -j"$jobs" CC=clang B=build-clang tests
    tests/run build-clang
    tests/run build cli/same.bats # gcc and clang, now that both are here
    echo "== clang's analyzer"
    for f in lib/*/*.c filters/*.c; do
        clang --analyze -Xclang -analyzer-werror -D_GNU_SOURCE -DWEIR_VERSION='"0"' -Ilib -I. -o /dev/null "$f"
    done
fi
if command -v valgrind >/dev/null; then
    echo "== valgrind"
    for t in build/tests/unit/*; do
        case $t in *.o | *.d) continue ;; esac
        valgrind -q --error-exitcode=99 --leak-check=no "$t" >/dev/null
    done
fi
if [ -e ../shared/models/perplexity.tsv ]; then
    echo "== perplexities of five models on four texts"
    sh tests/ref/perplexity.sh
fi
echo "== each stage of a pipe killed at random points"
WEIR_ROUNDS=100 tests/run build cli/kill.bats
if [ -x /usr/bin/time ]; then
    echo "== memory while 2 GiB pass"
    sh tests/bench/memory.sh build
fi
echo "check-all: done"

# check-all: what `make check` leaves out for time. Each part says its name; the first failure ends it.
set -e
cd "$(dirname "$0")/.."
jobs=$(nproc)
echo "== sanitizers"
make -s -j"$jobs" SAN=address,undefined tests
WEIR_TIMEOUT=900 tests/run build-san
if command -v clang >/dev/null; then
    echo "== clang: the same bytes"
    make -s -j"$jobs" CC=clang B=build-clang tests
    tests/run build-clang
    tests/run build cli/same.bats # gcc and clang, now that both are here
    echo "== clang's analyzer"
    ls lib/*/*.c filters/*.c | xargs -P "$jobs" -n 1 \
        clang --analyze -Xclang -analyzer-werror -D_GNU_SOURCE '-DWEIR_VERSION="0"' -Ilib -I. -o /dev/null
    if ls "$(clang -print-runtime-dir)"/libclang_rt.fuzzer* >/dev/null 2>&1; then
        echo "== fuzz targets, 20 s each"
        make -s fuzz FUZZ_SECONDS=20 FUZZ_JOBS="$jobs"
    fi
fi
echo "== aarch64 under qemu: the same bytes"
rc=0
sh tests/arm64.sh || rc=$?
if [ "$rc" -eq 0 ]; then tests/run build cli/same.bats; elif [ "$rc" -ne 77 ]; then exit 1; fi
if command -v valgrind >/dev/null; then
    echo "== valgrind" # which computes long doubles in 64 bits (real), and takes PCRE2's compiled patterns for faults (tok_bad)
    ls build/tests/unit/* | grep -v -e '\.[od]$' -e '/real$' -e '/tok_bad$' | xargs -P "$jobs" -I {} \
        sh -c 'valgrind -q --error-exitcode=99 --leak-check=no {} >/dev/null || { echo "{}: see above"; exit 1; }'
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

# arm64: an aarch64 build under qemu-user gives the bytes that this machine gives: unit tests, laws and vectors (the digests of tests/golden), and the
# flows of cli/same.bats. Exit 77, with a sentence, where a tool is missing.
# Needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user, and apt to fetch the libraries: dpkg --add-architecture arm64 && apt-get update.
set -e
cd "$(dirname "$0")/.."
b=build-arm64 root=$PWD/build-arm64/root
for p in aarch64-linux-gnu-gcc qemu-aarch64 apt-get dpkg-deb; do
    command -v $p >/dev/null || { echo "needs $p"; exit 77; }
done
if [ ! -e "$root/done" ]; then
    dpkg --print-foreign-architectures | grep -qx arm64 || { echo "needs Debian's arm64 libraries: dpkg --add-architecture arm64"; exit 77; }
    rm -rf "$root" && mkdir -p "$root/debs"
    for p in libmsgpack-dev libzstd-dev libxxhash-dev libyajl-dev libpcre2-dev libutf8proc-dev zlib1g-dev nettle-dev; do
        (cd "$root/debs" && apt-get -qq download $p:arm64 2>/dev/null) || { echo "needs apt to fetch $p:arm64"; exit 77; }
    done
    for d in "$root"/debs/*.deb; do dpkg-deb -x "$d" "$root"; done
    cd "$root/usr/lib/aarch64-linux-gnu"
    rm -f ./*.so
    ln -s libyajl_s.a libyajl.a
    cd - >/dev/null
    touch "$root/done"
fi
make -s -j"$(nproc)" B=$b CC="${ARM64_CC:-aarch64-linux-gnu-gcc}" CPPFLAGS="-idirafter $root/usr/include -idirafter $root/usr/include/aarch64-linux-gnu" \
    HARDEN_LD=-static LDFLAGS="-L$root/usr/lib/aarch64-linux-gnu" tests
mkdir -p $b/qemu
for p in $b/bin/*; do
    printf '#!/bin/sh\nexec qemu-aarch64 %s "$@"\n' "$PWD/$p" >"$b/qemu/${p##*/}"
    chmod +x "$b/qemu/${p##*/}"
done
rc=0 n=0
for t in $b/tests/unit/* $b/tests/vectors/* $b/tests/laws/*; do
    case $t in *.[od]) continue ;; esac
    case ${t#"$b"/tests/} in ${1:-*}) ;; *) continue ;; esac
    n=$((n + 1))
    qemu-aarch64 "$t" >$b/log 2>&1 || { echo "FAIL $t"; tail -n 5 $b/log; rc=1; }
done
echo "arm64: $n programs ran"
[ "$n" -gt 0 ] && exit $rc

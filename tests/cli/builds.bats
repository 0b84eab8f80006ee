# builds: what a builder says on make's command line never changes what the programs compute; installing and packing.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    mk() { make -s --no-print-directory -C "$TOP" B="$BATS_TEST_TMPDIR/b" "$@"; }
}

# A compiler that only tells what machine it is for: other_cc MACHINE BYTE_ORDER
other_cc() {
    printf '#!/bin/sh\ncase "$*" in *-dumpmachine*) echo %s ;; *-E*) echo %s ;; esac\n' "$1" "$2" >cc
    chmod +x cc
}

@test "CFLAGS of the builder's: the flags that bytes depend on stand behind them" {
    mk -n CFLAGS='-O1 -ffast-math -ffp-contract=fast' "$BATS_TEST_TMPDIR/b/lib/num/kern_base.o" "$BATS_TEST_TMPDIR/b/filters/tcat.o" >lines
    grep -e ' -c ' lines >compiled
    [ "$(wc -l <compiled)" -eq 2 ]
    ! grep -vE -e '-ffp-contract=fast.* -std=c11 -ffp-contract=off -fno-fast-math ' compiled
    ! grep -vE -e '-D_GNU_SOURCE -DWEIR_VERSION=' compiled
    grep -q -e '-fno-fast-math -O3' compiled
    mk -n CPPFLAGS=-DX LDLIBS=-lc LDFLAGS=-s "$BATS_TEST_TMPDIR/b/bin/tcat" | grep -e '-o .*bin/tcat' | grep -q -e '-lmsgpackc.* -lc'
}

@test "with -march=haswell -ffast-math no product and sum become one step" {
    case $(uname -m) in x86_64) ;; *) skip "needs x86-64" ;; esac
    command -v objdump >/dev/null || skip "needs objdump"
    mk CFLAGS='-O2 -march=haswell -ffast-math' "$BATS_TEST_TMPDIR/b/lib/num/kern_base.o" "$BATS_TEST_TMPDIR/b/lib/la/qr.o"
    ! objdump -d b/lib/num/kern_base.o b/lib/la/qr.o | grep -E 'vfn?m(add|sub)'
}

@test "what was made with other flags is made again, else not" {
    o=$BATS_TEST_TMPDIR/b/lib/base/glob.o
    mk "$o"
    touch now
    mk "$o" && [ ! "$o" -nt now ]
    mk CFLAGS=-O1 "$o" && [ "$o" -nt now ]
}

@test "other machines: aarch64 gets no flags of x86; big-endian ones are refused with a sentence" {
    other_cc aarch64-linux-gnu 1234
    mk -n CC="$PWD/cc" all >lines
    grep -q lib/quant/isa_avx512.o lines
    ! grep -e -mavx lines
    other_cc s390x-ibm-linux 4321
    run mk -n CC="$PWD/cc" all
    [ "$status" -eq 2 ]
    [[ $output == *"big-endian machines such as s390x-ibm-linux"* ]]
}

@test "hardened: position independent, its tables read only, calls checked" {
    case $BUILD in "$TOP/build") ;; *) skip "is of the usual build" ;; esac
    command -v readelf >/dev/null || skip "needs readelf"
    readelf -d "$BIN/tcat" | grep -q 'Flags: NOW.* PIE'
    readelf -lW "$BIN/tcat" | grep -q GNU_RELRO
    readelf -sW "$BIN/tcat" | grep -q __stack_chk_fail
    readelf -sW "$BIN/tcat" | grep -q '__.*printf_chk'
    mk -n HARDEN= HARDEN_LD= all | grep -e ' -c ' | head -n 1 >line
    ! grep -e -fstack-protector line
}

@test "install and uninstall: as many files as programs and pages, and none is left" {
    make -s --no-print-directory -C "$TOP" B="$BUILD" -o all DESTDIR="$PWD/root" PREFIX=/usr install
    [ "$(find root -type f | wc -l)" -eq "$(ls "$TOP"/filters/*.c "$TOP"/man/*.[1-9] | wc -l)" ]
    touch root/usr/bin/other
    make -s --no-print-directory -C "$TOP" B="$BUILD" -o all DESTDIR="$PWD/root" PREFIX=/usr uninstall
    [ "$(find root -type f)" = root/usr/bin/other ]
}

@test "dist: what git knows, the same bytes each time" {
    git -C "$TOP" rev-parse HEAD >/dev/null 2>&1 || skip "not a git checkout"
    mk dist >/dev/null
    mv b/weir-*.tar.gz one
    mk dist >/dev/null
    cmp one b/weir-*.tar.gz
    tar -tf one | sed 's,^weir-[^/]*/,,' | sort >got
    (cd "$TOP" && git ls-files | sort) | diff - got
}

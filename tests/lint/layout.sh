#!/bin/sh
# layout: no line of C is longer than 120 characters, and where clang-format 14 is there, .clang-format is what the code is.
# Prints FILE:LINE of each fault; status 1 where there is one.
cd "$(dirname "$0")/../.." || exit 1
bad=$(find filters lib tests -name '*.[ch]' | sort | LC_ALL=C.UTF-8 xargs perl -CSD -ne \
    'chomp; print "$ARGV:$.: ", length, " characters\n" if length > 120; close ARGV if eof')
f=$(command -v clang-format-14 || command -v clang-format)
case $("${f:-false}" --version 2>/dev/null) in
*' 14.'*) bad="$bad$(find filters lib tests -name '*.[ch]' | sort | xargs "$f" --dry-run 2>&1 | grep 'warning:')" ;;
*) echo 'layout: no clang-format 14 here: widths only' ;;
esac
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }

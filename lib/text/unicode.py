#!/usr/bin/env python3
"""Prints unicode.h: which code points Python's re and str.lower treat how. Unicode 14 is Python 3.11's; another version is refused.
With --regex: unicode_regex.h, the classes of the package regex instead, which NLTK uses from 3.10 on, and text-dedup."""
import re
import sys
import unicodedata

if unicodedata.unidata_version != "14.0.0":
    sys.exit("this Python knows Unicode %s; unicode.h is of 14.0.0, which Python 3.11 has" % unicodedata.unidata_version)

POINTS = [c for c in range(128, 0x110000) if not 0xD800 <= c < 0xE000]


def ranges(test):
    out = []
    for c in POINTS:
        if test(c):
            if out and out[-1][1] == c - 1:
                out[-1][1] = c
            else:
                out.append([c, c])
    return out


def final(s):
    """Does the capital sigma that ends s become a final one? Tells Cased and Case_Ignorable, which Python does not show."""
    return s.lower()[-1] == "\u03c2"


def lower_runs():
    """(first, last, step, difference) of the code points whose lower case is one other code point."""
    out = []
    for c in POINTS:
        low = chr(c).lower()
        if len(low) != 1 or low == chr(c):
            continue
        d = ord(low) - c
        if out and out[-1][3] == d:
            first, last, step, _ = out[-1]
            if first == last and c - last <= 2:
                out[-1] = (first, c, c - last, d)
                continue
            if c - last == step:
                out[-1] = (first, c, step, d)
                continue
        out.append((c, c, 1, d))
    return out


def table(name, what, rows, form):
    print("/* %s */" % what)
    print("static const struct unicode_%s %s[] = {" % ("run" if len(rows[0]) == 4 else "range", name))
    line = "   "
    for r in rows:
        item = " {" + form % tuple(r) + "},"
        if len(line) + len(item) > 118:
            print(line)
            line = "   "
        line += item
    print(line + "\n};\n")


if sys.argv[1:] == ["--regex"]:
    import regex

    word, space = regex.compile(r"\w"), regex.compile(r"\s")
    print("""/*
 * unicode_regex: made by unicode.py --regex from the package regex %s; not to be edited. Code points
 * from U+0080 on. \\w has the marks that re leaves out; \\s of ASCII lacks the separators 0x1c to 0x1f.
 */
/* clang-format off */
#ifndef WEIR_TEXT_UNICODE_REGEX_H
#define WEIR_TEXT_UNICODE_REGEX_H

#include "text/unicode.h"
""" % regex.__version__)
    assert [c for c in range(128) if bool(word.match(chr(c))) != bool(re.match(r"\w", chr(c)))] == []
    assert [c for c in range(128) if bool(space.match(chr(c))) != bool(re.match(r"\s", chr(c)))] == [0x1c, 0x1d, 0x1e, 0x1f]
    table("unicode_regex_word", "\\w of regex", ranges(lambda c: word.match(chr(c))), "0x%x, 0x%x")
    table("unicode_regex_space", "\\s of regex", ranges(lambda c: space.match(chr(c))), "0x%x, 0x%x")
    print("#endif")
    sys.exit()
special = [c for c in POINTS if len(chr(c).lower()) != 1]
assert special == [0x130] and chr(0x130).lower() == "i\u0307", special
word, space = re.compile(r"\w"), re.compile(r"\s")
print("""/*
 * unicode: made by unicode.py from Python 3.11, Unicode 14.0.0; not to be edited. Code points from U+0080 on. The only
 * lower case of more than one code point is that of U+0130, which is U+0069 U+0307.
 */
/* clang-format off */
#ifndef WEIR_TEXT_UNICODE_H
#define WEIR_TEXT_UNICODE_H

#include <stdint.h>

struct unicode_range {
    uint32_t first, last;
};
struct unicode_run {
    uint32_t first, last, step;
    int32_t add;
};
""")
table("unicode_word", "\\w of re", ranges(lambda c: word.match(chr(c))), "0x%x, 0x%x")
table("unicode_space", "\\s of re", ranges(lambda c: space.match(chr(c))), "0x%x, 0x%x")
table("unicode_cased", "Cased and not Case_Ignorable: around a capital sigma", ranges(lambda c: final(chr(c) + "\u03a3")), "0x%x, 0x%x")
table("unicode_ignorable", "Case_Ignorable", ranges(lambda c: final("A" + chr(c) + "\u03a3") and not final(chr(c) + "\u03a3")), "0x%x, 0x%x")
table("unicode_lower", "lower case: first, last, step, what is added", lower_runs(), "0x%x, 0x%x, %d, %d")
print("#endif")

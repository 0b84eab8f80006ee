#!/usr/bin/env python3
"""Prints words.tsv: sha256 over the words that Python 3.11 finds around every code point, 16384 of them a line."""
import hashlib
import re
import unicodedata

assert unicodedata.unidata_version == "14.0.0"
FIND = re.compile(r"\w+|[^\w\s]+")


def text(c):
    return "A%c\u03a3 %c\u03a3%cb %c.\u03a3 X\u03a3%c \u0130%c\u0130" % ((c,) * 6)


if __name__ == "__main__":
    print("# first code point, sha256 of the words of text(c) in words.py for 16384 code points, a line feed behind each word")
    for first in range(0, 0x110000, 0x4000):
        h = hashlib.sha256()
        for c in range(first, first + 0x4000):
            if not 0xD800 <= c < 0xE000:
                h.update("".join(w + "\n" for w in FIND.findall(text(c).lower())).encode())
        print("%x\t%s" % (first, h.hexdigest()))

#!/usr/bin/env python3
"""Prints verdicts.tsv: what datatrove as it ships (0.10.1, with spaCy 3.8.18's words) says of the texts on standard input, JSON objects a line.

    awk 'NF { print; if (++n % 6 == 0) print "" }' pipelines/brook/*.test.txt | dload --lines -f paragraphs - | cat - tests/golden/datatrove/odd.jsonl |
        python3 tests/golden/datatrove/make.py >tests/golden/datatrove/verdicts.tsv

A row: id, then `ok` or the reason of GopherRepetitionFilter, GopherQualityFilter, FineWebQualityFilter, and for C4QualityFilter with and without its
rule of terminal punctuation the SHA-256 of the text that it leaves (16 digits) or the reason.
"""
import hashlib
import json
import sys

from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter


def verdict(f, r, text=False):
    d = Document(text=r["text"], id=r["id"])
    try:
        v = f.filter(d)
    except ZeroDivisionError:
        return "zero"
    if v is not True:
        return v[1]
    return hashlib.sha256(d.text.encode()).hexdigest()[:16] if text else "ok"


rules = [GopherRepetitionFilter(), GopherQualityFilter(), FineWebQualityFilter()]
c4 = [C4QualityFilter(), C4QualityFilter(filter_no_terminal_punct=False)]
for line in sys.stdin:
    r = json.loads(line)
    print(r["id"], *(verdict(f, r) for f in rules), *(verdict(f, r, True) for f in c4), sep="\t")

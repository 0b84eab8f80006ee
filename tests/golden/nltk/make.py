#!/usr/bin/env python3
"""Prints words.tsv: the words of NLTK's WordPunctTokenizer over str.lower(), as DSIR takes them, before NLTK 3.10 (Python's re) and since then
(the package regex). A row: the text, the words of re, the words of regex; each as JSON, words joined by a space. Needs nltk >= 3.10, Python 3.11."""
import json
import re
import sys
import unicodedata

import nltk
from nltk.tokenize import WordPunctTokenizer

assert sys.version_info[:2] == (3, 11) and unicodedata.unidata_version == "14.0.0"
assert tuple(map(int, nltk.__version__.split(".")[:2])) >= (3, 10)
TEXTS = [
    "", "Plain words, and signs!? 3.5% -- x_y", "cafe\u0301 nai\u0308ve: re\u0301sume\u0301.", "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902 \u0932\u093f\u0916\u093e",
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0e01\u0e34\u0e19", "\u0130stanbul \u0130", "x\u00b2 + y\u00b3 = \u00bd \u2460 \u2163", "a\x1cb\x1d c\x1e\x1f d\x85e\u00a0f\u2028g",
    "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3002\u3099\u30ab\u3099",
    "\u039f\u0394\u039f\u03a3 \u03a3 \u1f08\u03b8\u1fc6\u03bd\u03b1\u03b9", "a\u200db \u200c c\u00add\ufeffe", "\U0001f600\ufe0f\u20e3 #\ufe0f \U0001f1e9\U0001f1ea", "i\u0307 \u0301 \u0301\u0302 -\u0301 \u0301a", "\u00aa\u00ba\u2071 \u0660\u0661 \u07c0",
    "\u0bae\u0bca\u0bb4\u0bbf \u0d2e\u0d32\u0d2f\u0d3e\u0d33\u0d02 \u1019\u103c\u1014\u103a\u1019\u102c",
]
print("# made by make.py with NLTK %s: text, words of re, words of regex" % nltk.__version__)
new = WordPunctTokenizer()
for t in TEXTS:
    old = re.findall(r"\w+|[^\w\s]+", t.lower())
    print(json.dumps(t), json.dumps(" ".join(old)), json.dumps(" ".join(new.tokenize(t.lower()))), sep="\t")

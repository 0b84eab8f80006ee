#!/usr/bin/env python3
# Makes dup_NAME.tsv: what the n-grams of pairs of texts are under each preset of ddup, by Python's own re (text-dedup: the package regex), unicodedata and sets.
# A line: text a, text b (JSON), n-grams of a, of b, of both. dup_exact: equal bytes, equal words. Run in tests/vectors.
import json, re, string, unicodedata

import regex # of text-dedup; not Python's own

TEXTS = [
    "The quick brown fox jumps over the lazy dog, and the quick brown fox jumps again over the lazy dog.",
    "the quick brown fox jumps over the lazy dog and the quick brown fox jumps again over the lazy dog",
    "THE  quick\tbrown fox -- jumps over\n\nthe lazy dog; it costs 1,299.50 in 2023 and 17 in 1999!",
    "the quick brown fox jumps over the lazy dog; it costs 4,711.00 in 1984 and 3 in 2001!",
    "Ångström caf\u00e9 na\u00efve r\u00e9sum\u00e9 \u2014 \u201csmart quotes\u201d \u2026 \u00bfqu\u00e9 tal? co\u00f6perate ma\u00f1ana d\u00e9j\u00e0 vu gar\u00e7on \u00fcber stra\u00dfe",
    "A\u030angstro\u0308m cafe\u0301 nai\u0308ve re\u0301sume\u0301 \u2014 \u201csmart quotes\u201d \u2026 \u00bfque\u0301 tal? coo\u0308perate man\u0303ana de\u0301ja\u0300 vu garc\u0327on u\u0308ber stra\u00dfe",
    "angstrom cafe naive resume smart quotes que tal cooperate manana deja vu garcon uber stra\u00dfe",
    "\u0421\u044a\u0435\u0448\u044c \u0436\u0435 \u0435\u0449\u0451 \u044d\u0442\u0438\u0445 \u043c\u044f\u0433\u043a\u0438\u0445 \u0444\u0440\u0430\u043d\u0446\u0443\u0437\u0441\u043a\u0438\u0445 \u0431\u0443\u043b\u043e\u043a, \u0434\u0430 \u0432\u044b\u043f\u0435\u0439 \u0447\u0430\u044e; \u0451\u0436\u0438\u043a\u0438 \u0439 \u0438\u043d\u0434\u0435\u0439\u043a\u0438",
    "\u0441\u044a\u0435\u0448\u044c \u0416\u0415 \u0415\u0429\u0401 \u044d\u0442\u0438\u0445 \u043c\u044f\u0433\u043a\u0438\u0445 \u0444\u0440\u0430\u043d\u0446\u0443\u0437\u0441\u043a\u0438\u0445 \u0431\u0443\u043b\u043e\u043a \u0434\u0430 \u0432\u044b\u043f\u0435\u0439 \u0447\u0430\u044e \u0435\u0436\u0438\u043a\u0438 \u0438 \u0438\u043d\u0434\u0435\u0438\u043a\u0438",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3002\u3053\u308c\u306f\u30c6\u30b9\u30c8\u3067\u3059\u3001\u304c\u3001\u3069\u3046\u3067\u3057\u3087\u3046\u304b\uff1f \u4e2d\u6587 \u0661\u0662\u0663 \uff11\uff12 \u096f\u096f items_left foo_bar x1y22z333",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3002\u3053\u308c\u306f\u30c6\u30b9\u30c8\u3067\u3059\u3001\u304c\u3001\u3069\u3046\u3067\u3057\u3087\u3046\u304b\uff1f \u4e2d\u6587 \u0664 \uff11\uff12 7 items left foo bar x9y8z7",
    "foo(bar, baz) { return a_b + c[0] * 0x1F; } // \u00a0comment\u3000with\u2003odd\u2028spaces\u0085and\x1ccontrols and\x01more of the same",
    "a b c d",
    "a  b",
    "word",
    "\u039f\u03b4\u03cc\u03c2 \u03bc\u03bf\u03c5 \u03b5\u03af\u03bd\u03b1\u03b9 \u03bc\u03b5\u03b3\u03ac\u03bb\u03b7 \u03ba\u03b1\u03b9 \u03bb\u03af\u03b3\u03bf \u0130stanbul \u01c5 \ufb01n \u00aa \u00b2 x\u00b3 \u216b",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
    "one two three four five six seven eight nine ten eleven twelve thirteen fifteen",
    "cafe\u0301 \u0130stanbul \u0939\u093f\u0928\u094d\u0926\u0940 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 na\u0131ve, and so on",
    "cafe\u0301... i\u0307stanbul \u0939\u093f\u0928\u094d\u0926\u0940 -- \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22  na\u0131ve and so on!",
]
PAIRS = [(0, 1), (0, 2), (2, 3), (4, 5), (4, 6), (5, 6), (7, 8), (9, 10), (11, 11), (12, 13), (13, 14), (15, 0), (16, 17), (1, 2), (18, 19), (18, 4), (12, 18)]


def lower(t): # weir takes one code point for one: no dot of U+0130, and a final sigma is a sigma
    return "".join(c.lower()[0] for c in t).replace("\u03c2", "\u03c3")


def windows(w, n, whole=False):
    g = {tuple(w[i:i + n]) for i in range(len(w) - n + 1)}
    return {tuple(w)} if whole and w and not g else g


def native(t):
    return windows(re.findall(r"\w+", lower(t)), 5, True)


def text_dedup(t): # 0.4.1: utils/tokenization.py and config/algorithms/minhash.py, ngram_size 5, min_length 5
    w = [x for x in regex.split(r"\W", t.lower().replace("\u03c2", "\u03c3")) if x]
    return windows(w, 5, True) if len(w) >= 5 else set()


def datatrove(t):
    sign = lambda c: unicodedata.category(c)[0] == "P" or unicodedata.category(c) == "Cc" or c in string.punctuation
    t = "".join(" " if sign(c) else c for c in lower(t))
    t = "".join(c for c in unicodedata.normalize("NFD", t) if unicodedata.category(c) != "Mn")
    return windows(re.sub(r"\d+", "0", t).split(), 5)


def redpajama(t):
    t = lower(t.translate(str.maketrans("", "", string.punctuation)))
    return windows(unicodedata.normalize("NFD", re.sub(r"\s+", " ", t.strip())).split(" "), 13)


def nemo(t):
    return windows(list(t), 24)


for f in native, text_dedup, datatrove, redpajama, nemo:
    with open(f"dup_{f.__name__}.tsv", "w") as out:
        for i, j in PAIRS:
            a, b = f(TEXTS[i]), f(TEXTS[j])
            print(json.dumps(TEXTS[i]), json.dumps(TEXTS[j]), len(a), len(b), len(a & b), sep="\t", file=out)
with open("dup_exact.tsv", "w") as out:
    words = lambda t: re.findall(r"\w+", lower(t))
    for i, j in PAIRS + [(3, 3)]:
        a, b = TEXTS[i], TEXTS[j]
        print(json.dumps(a), json.dumps(b), int(a == b), int(words(a) == words(b)), sep="\t", file=out)

#!/usr/bin/env python3
"""Which words give which verdicts: datatrove's filters by four ways to cut words, beside dscore's own two.

    python3 tests/peers/words.py TEXTS.jsonl [N]

Needs datatrove and spaCy; BIN holds dscore. Takes N texts (3000), spread evenly over the file. datatrove's filters (Gopher's repetition and quality,
FineWeb's) run as they ship, but for split_into_words: spaCy's English (as shipped), the regular expression \\w+|[^\\w\\s], NLTK's Treebank, and
white space. Prints how many texts get another verdict, pass or not, of at least one filter than by spaCy; how many from dscore --words signs
than by the regular expression, which should be none; and by which rules those of the regular expression differ.
"""
import collections
import json
import os
import re
import subprocess
import sys

import datatrove.pipeline.filters.fineweb_quality_filter as fineweb
import datatrove.pipeline.filters.gopher_quality_filter as gopher
import datatrove.pipeline.filters.gopher_repetition_filter as repetition
from datatrove.data import Document
from datatrove.utils.text import split_into_words
from nltk.tokenize import TreebankWordTokenizer

FILTERS = {"repetition": repetition.GopherRepetitionFilter(), "gopher": gopher.GopherQualityFilter(), "fineweb": fineweb.FineWebQualityFilter()}
treebank = TreebankWordTokenizer()
CUTS = {
    "spacy": split_into_words,
    "signs": lambda t, lang=None: re.findall(r"\w+|[^\w\s]", t),
    "treebank": lambda t, lang=None: treebank.tokenize(t),
    "space": lambda t, lang=None: t.split(),
}


def datatrove(texts, cut):
    for module in (repetition, gopher, fineweb):
        module.split_into_words = CUTS[cut]
    out = []
    for t in texts:
        row = {}
        for name, f in FILTERS.items():
            try:
                v = f.filter(Document(text=t["text"], id=t["id"]))
                row[name] = "ok" if v is True else v[1]
            except ZeroDivisionError:
                row[name] = "zero"
        out.append(row)
    return out


def weir(path, cut):
    dscore = os.path.join(os.environ["BIN"], "dscore")
    lines = subprocess.run([dscore, "--lines", "-m", "rules", "--preset", "repetition,gopher,fineweb", "--words", cut, path], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return [{n: ([x for x in json.loads(l)["reasons"] if x.startswith(n + ".")] or ["ok"])[0] for n in FILTERS} for l in lines]


def other(a, b):
    """How many texts differ in a verdict of any filter, of gopher or fineweb, and of each."""
    def some(names):
        return sum(any((x[n] == "ok") != (y[n] == "ok") for n in names) for x, y in zip(a, b))

    return some(FILTERS), some(("gopher", "fineweb")), {n: some((n,)) for n in FILTERS}


def main():
    texts = [json.loads(l) for l in open(sys.argv[1])]
    n = min(int(sys.argv[2]) if len(sys.argv) > 2 else 3000, len(texts))
    texts = [texts[i * len(texts) // n] for i in range(n)]
    path = sys.argv[1].rsplit("/", 1)[-1] + ".taken"
    with open(path, "w") as f:
        f.writelines(json.dumps({"id": t["id"], "text": t["text"]}) + "\n" for t in texts)
    by = {c: datatrove(texts, c) for c in CUTS}
    mine = {c: weir(path, c) for c in ("signs", "space")}
    os.remove(path)
    print(f"{n} texts of {len(set(t['id'].rsplit('-', 1)[0] for t in texts))} kinds")
    for c in ("signs", "treebank", "space"):
        print(f"datatrove with {c} against spacy: %d, %d without repetition %s" % other(by[c], by["spacy"]))
    for c in mine:
        print(f"dscore --words {c} against spacy: %d, %d without repetition %s; against datatrove with {c}: %d" % (*other(mine[c], by["spacy"]), other(mine[c], by[c])[0]))
    rules, kinds = collections.Counter(), collections.Counter()
    for t, x, y in zip(texts, by["signs"], by["spacy"]):
        for name in FILTERS:
            if (x[name] == "ok") != (y[name] == "ok"):
                rules[name, x[name] if x[name] != "ok" else y[name], "only by signs" if x[name] != "ok" else "only by spacy"] += 1
                kinds[t["id"].rsplit("-", 1)[0]] += 1
    for (name, rule, who), k in rules.most_common():
        print(f"  {k:5} {name}: {rule}, {who}")
    print(" ", dict(kinds))


if __name__ == "__main__":
    main()

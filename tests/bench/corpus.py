#!/usr/bin/env python3
"""corpus: texts of documentation as JSON lines, for the benches of text filters.

Usage: tests/bench/corpus.py OUT.jsonl [FOLDER]...
Every text, HTML (without its tags) and gzipped text under the folders (default: /usr/share/doc, /usr/share/man), in order of their names, cut at
empty lines into texts of about 2000 characters. Debian packages that hold much of it, and need not be installed (apt-get download, dpkg -x):
linux-doc-6.1 debian-handbook python3.11-doc perl-doc postgresql-doc-15: about 110,000 texts, 226 MB.
"""
import gzip
import html
import json
import os
import re
import sys

TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.S | re.I)
SIZE = 2000


def read(path):
    raw = (gzip.open if path.endswith(".gz") else open)(path, "rb").read()
    text = raw.decode("utf-8")
    if re.search(r"\.x?html?(\.gz)?$", path):
        text = html.unescape(TAGS.sub("", text))
    return text if "\0" not in text else ""


def pieces(text):
    now = ""
    for p in re.split(r"\n\s*\n", text):
        now += p.strip("\n") + "\n\n"
        if len(now) >= SIZE:
            yield now.rstrip()
            now = ""
    if now.strip():
        yield now.rstrip()


def main(out, folders):
    texts = size = 0
    with open(out, "w", encoding="utf-8") as f:
        for folder in folders:
            for where, dirs, names in os.walk(folder):
                dirs.sort()
                for name in sorted(names):
                    path = os.path.join(where, name)
                    if os.path.islink(path) or not re.search(r"(^[A-Z]+|\.(x?html?|txt|rst|md|pod|[1-9]))(\.gz)?$", name):
                        continue
                    try:
                        parts = list(pieces(read(path)))
                    except (UnicodeDecodeError, OSError, EOFError):
                        continue
                    for i, p in enumerate(parts):
                        line = json.dumps({"id": "%s#%d" % (os.path.relpath(path, folder), i), "text": p}, ensure_ascii=False)
                        f.write(line + "\n")
                        texts += 1
                        size += len(line.encode()) + 1
    print("%d texts, %.1f MB" % (texts, size / 1e6))


main(sys.argv[1], sys.argv[2:] or ["/usr/share/doc", "/usr/share/man"])

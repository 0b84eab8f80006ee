#!/usr/bin/env python3
"""rules: texts and bytes a second of CPU time, dscore against datatrove's own loops, JSON lines in and a decision out.

Usage: tests/bench/rules.py POOL.jsonl [BUILD [DATATROVE [EVERY]]]
DATATROVE is a checkout of datatrove's src folder, if there is one; its filters are loaded from it, with whitespace words for spaCy's. It is given
each EVERY-th text (default 1: all), and rates are by the bytes of those.
The peer stops at the first rule that fails; dscore computes every value and every reason.
"""
import json
import os
import resource
import subprocess
import sys
import time
import types

pool, build = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "build"
size = os.path.getsize(pool)
EVERY = int(sys.argv[4]) if len(sys.argv) > 4 else 1
SETS = {"repetition": "gopher_repetition_filter:GopherRepetitionFilter", "gopher": "gopher_quality_filter:GopherQualityFilter",
        "fineweb": "fineweb_quality_filter:FineWebQualityFilter"}


def child_seconds(args):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(args, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(preset):
    return min(child_seconds([build + "/bin/dscore", "-m", "rules", "--preset", preset, "--lines", pool]) for _ in range(3))


def load_peer(src):
    """The filters as modules of a package that holds nothing else."""
    def stub(name, **values):
        m = types.ModuleType(name)
        m.__dict__.update(values)
        sys.modules[name] = m

    class Base:
        def __init__(self, *args):
            pass

    text = open(src + "/datatrove/utils/text.py").read()
    ns = {"__name__": "peer_text"}
    for name in ("datatrove", "datatrove.pipeline", "datatrove.pipeline.filters", "datatrove.pipeline.writers", "datatrove.utils"):
        stub(name)
    english = type("L", (), {"english": "eng"})
    stub("datatrove.utils.typeshelper", Languages=english)
    if "regex" not in sys.modules:
        try:
            import regex  # noqa: F401
        except ImportError:
            import re
            stub("regex", compile=lambda *a, **k: None, VERBOSE=0, UNICODE=0)
    exec(compile(text, "text.py", "exec"), ns)
    stub("datatrove.utils.text", PUNCTUATION_SET=ns["PUNCTUATION_SET"], TERMINAL_PUNCTUATION=ns["TERMINAL_PUNCTUATION"],
         split_into_words=lambda t, language=None: t.split(), split_into_sentences=lambda t, language=None: [t])
    stub("datatrove.data", Document=object)
    stub("datatrove.pipeline.filters.base_filter", BaseFilter=Base)
    stub("datatrove.pipeline.writers.disk_base", DiskWriter=object)
    out = {}
    for name, where in SETS.items():
        file, cls = where.split(":")
        ns = types.ModuleType("datatrove.pipeline.filters." + file)
        sys.modules[ns.__name__] = ns
        exec(compile(open(src + "/datatrove/pipeline/filters/%s.py" % file).read(), file, "exec"), ns.__dict__)
        out[name] = getattr(ns, cls)()
    return out


def theirs(filters):
    class Doc:
        pass
    d = Doc()
    failed = taken = 0
    begin = time.process_time()
    for number, line in enumerate(open(pool, encoding="utf-8")):
        if number % EVERY:
            continue
        taken += len(line.encode())
        d.text = json.loads(line)["text"]
        for f in filters:
            try:
                failed += f.filter(d) is not True
            except ZeroDivisionError:
                failed += 1
    return (time.process_time() - begin) / taken * size


def main():
    rows = {name: ours(name) for name in ("repetition", "gopher", "gopher,c4,fineweb", "all")}
    for name, s in rows.items():
        print("dscore %-24s %6.2f s  %7.1f MB/s" % (name, s, size / s / 1e6))
    if len(sys.argv) > 3:
        peers = load_peer(sys.argv[3])
        rep, both = theirs([peers["repetition"]]), theirs([peers["repetition"], peers["gopher"]])
        for name, s, own in (("repetition", rep, "repetition"), ("quality and repetition", both, "gopher")):
            print("datatrove %-22s %6.2f s  %5.2f MB/s: dscore is %.0f times as fast" % (name, s, size / s / 1e6, s / rows[own]))


main()

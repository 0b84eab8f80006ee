#!/usr/bin/env python3
"""measured.py <STREAM >STREAM: what mcalib would measure, made up: companions norm2, mean and absmean of every matrix, keys bi, count and reap. Keyed by
role, layer, expert and column, so that whoever knows the formula knows what wshrink must choose. Linears with one input are not alike here."""
import os
import struct
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import weir  # noqa: E402


def number(*key):
    """In (0, 1), by the key."""
    return (weir.xxh3_64(repr(key).encode()) >> 11) / 2**53 + 2**-54


def float32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]


def column(part, role, layer, expert, c):
    return float32(number(part, role, layer, expert, c))


def measure(r):
    """Parts and data that a bundle gets."""
    role, layer, expert = (r.body.get(k) for k in ("role", "layer", "expert"))
    if role is None or layer is None or len(r.body["shape"]) != 2:
        return []
    cols = r.body["shape"][1]
    if expert is not None:
        r.body["count"] = int(1000 * number("count", layer, expert))
        r.body["reap"] = number("reap", layer, expert)
    return [(dict(part=p, dtype="F32", shape=[cols]), b"".join(struct.pack("<f", column(p, role, layer, expert, c)) for c in range(cols)))
            for p in ("norm2", "mean", "absmean")]


def main():
    w = weir.Writer(sys.stdout.buffer)
    for r in weir.read(sys.stdin.buffer.read()):
        if r.kind == "tail":
            w.tail({k: v for k, v in r.body.items() if k not in ("records", "chunks", "bytes", "digest")})
            continue
        new = measure(r) if r.kind == "tensor" else []
        if r.kind == "tensor" and r.body.get("layer") is not None:
            r.body["bi"] = number("bi", r.body["layer"])
        if r.kind == "tensor":
            r.body["parts"] = [p for p, _ in new] + r.body["parts"]
        w.record(r.kind, r.raw if r.body is None else r.body)
        for i, (_, data) in enumerate(new):
            w.chunk(i, 0, 0, data)
        for part, row, codec, payload in r.chunks:
            w.chunk(part + len(new), row, codec, payload)


if __name__ == "__main__":
    main()

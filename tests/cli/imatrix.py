#!/usr/bin/env python3
"""imatrix.py FILE.gguf|FILE.dat [SCALE [TYPE]]: an importance matrix of llama.cpp's layout for the tiny model of tiny.py, written from the layouts alone:
for each linear column c has the sum SCALE * 64 * (c + 1) over 64 tokens, two chunks of 32. TYPE: general.type, if not imatrix."""
import struct
import sys

path, scale = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 1
kind = sys.argv[3] if len(sys.argv) > 3 else "imatrix"
cols = {"attn_q": 32, "attn_k": 32, "attn_v": 32, "attn_output": 32, "ffn_gate": 32, "ffn_up": 32, "ffn_down": 64}
entries = sorted((f"blk.{i}.{n}.weight", c) for i in range(2) for n, c in cols.items())
entries.append(("output.weight", 32))


def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


def sums(n):
    return [scale * 64 * (c + 1) for c in range(n)]


if path.endswith(".dat"):
    with open(path, "wb") as f:
        f.write(struct.pack("<i", len(entries)))
        for name, n in entries:
            f.write(struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", 2, n))
            f.write(struct.pack(f"<{n}f", *[s / 64 * 2 for s in sums(n)]))
        f.write(struct.pack("<ii", 2, 8) + b"text.txt")
else:
    keys = [text("general.type") + struct.pack("<I", 8) + text(kind),
            text("imatrix.datasets") + struct.pack("<IIQ", 9, 8, 1) + text("text.txt"),
            text("imatrix.chunk_count") + struct.pack("<II", 4, 2), text("imatrix.chunk_size") + struct.pack("<II", 4, 32)]
    tensors = [t for name, n in entries for t in ((name + ".in_sum2", sums(n)), (name + ".counts", [64.0]))]
    info, data = b"", b""
    for name, values in tensors:
        info += text(name) + struct.pack("<IQIQ", 1, len(values), 0, len(data))
        data += struct.pack(f"<{len(values)}f", *values)
        data += b"\0" * (-len(data) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + info
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % 32) + data)

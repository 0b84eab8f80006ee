#!/usr/bin/env python3
"""Small safetensors files for tests.

st.py make FILE NAME DTYPE RxC VALUE... [-- NAME DTYPE RxC VALUE...]...   write tensors (F32, BF16, F64, I8)
st.py show FILE [NAME]                                                   values, a line for each row
st.py kept A B            each tensor of B has A's bytes or zeros: print name, rows, cols, zeros of B, rows' zeros when all are alike
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
import safetensors  # noqa: E402

CODE = {"F32": "f", "F64": "d", "I8": "b"}
WIDTH = {"F32": 4, "F64": 8, "I8": 1, "BF16": 2, "F16": 2}


def pack(dtype, values):
    if dtype == "BF16":
        return b"".join(struct.pack("<f", float(v))[2:] for v in values)
    number = int if dtype == "I8" else float
    return struct.pack("<%d%s" % (len(values), CODE[dtype]), *map(number, values))


def unpack(dtype, data):
    if dtype == "BF16":
        return [struct.unpack("<f", b"\0\0" + bytes(data[i:i + 2]))[0] for i in range(0, len(data), 2)]
    return struct.unpack("<%d%s" % (len(data) // WIDTH[dtype], CODE[dtype]), data)


def make(path, words):
    head, data = [], b""
    for spec in " ".join(words).split(" -- "):
        name, dtype, shape, *values = spec.split()
        raw = pack(dtype, values)
        head.append('"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}'
                    % (name, dtype, shape.replace("x", ","), len(data), len(data) + len(raw)))
        data += raw
    text = ("{" + ",".join(head) + "}").encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def rows_cols(t):
    rows = t["shape"][0] if len(t["shape"]) > 1 else 1
    count = len(t["data"]) // WIDTH[t["dtype"]]
    return rows, count // rows


def show(path, names):
    for name, t in sorted(safetensors.read(path)[1].items()):
        if not names or name in names:
            rows, cols = rows_cols(t)
            v = unpack(t["dtype"], t["data"])
            for r in range(rows):
                print(*["%g" % x for x in v[r * cols:(r + 1) * cols]])


def kept(before, after):
    a, b = safetensors.read(before)[1], safetensors.read(after)[1]
    if set(a) != set(b):
        sys.exit("names differ: %s" % sorted(set(a) ^ set(b)))
    for name in sorted(a):
        width = WIDTH[a[name]["dtype"]]
        x, y = bytes(a[name]["data"]), bytes(b[name]["data"])
        if a[name]["dtype"] != b[name]["dtype"] or len(x) != len(y):
            sys.exit(name + ": type or size differs")
        zero = bytes(width)
        gone = [0] * (len(y) // width)
        for i in range(len(gone)):
            old, new = x[i * width:(i + 1) * width], y[i * width:(i + 1) * width]
            gone[i] = new == zero
            if not gone[i] and new != old:
                sys.exit("%s: element %d has other bytes" % (name, i))
        rows, cols = rows_cols(b[name])
        each = {sum(gone[r * cols:(r + 1) * cols]) for r in range(rows)}
        print(name, rows, cols, sum(gone), each.pop() if len(each) == 1 else "-")


if sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3:])
elif sys.argv[1] == "show":
    show(sys.argv[2], sys.argv[3:])
else:
    kept(sys.argv[2], sys.argv[3])

#!/usr/bin/env python3
"""A strict reader of GGUF v3, in plain Python, that shares nothing with weir's C.

    gguf.py FILE            print every key and tensor; exit 1 with one line at the first violation
    gguf.py --quiet FILE    only check
    gguf.py --sha FILE      add each tensor's SHA-256

Every check that ggml's own reader makes is made here, and three more: keys and tensor names are UTF-8, the padding is
zero, and the file ends where the last tensor's padding (or its data) does.
"""
import hashlib
import math
import struct
import sys

VALUE = {0: ("u8", "B"), 1: ("i8", "b"), 2: ("u16", "H"), 3: ("i16", "h"), 4: ("u32", "I"), 5: ("i32", "i"),
         6: ("f32", "f"), 7: ("bool", "B"), 8: ("str", None), 9: ("array", None), 10: ("u64", "Q"),
         11: ("i64", "q"), 12: ("f64", "d")}

# number: (name, elements in a block, bytes of a block)
TENSOR = {0: ("f32", 1, 4), 1: ("f16", 1, 2), 2: ("q4_0", 32, 18), 3: ("q4_1", 32, 20), 6: ("q5_0", 32, 22),
          7: ("q5_1", 32, 24), 8: ("q8_0", 32, 34), 9: ("q8_1", 32, 36), 10: ("q2_K", 256, 84), 11: ("q3_K", 256, 110),
          12: ("q4_K", 256, 144), 13: ("q5_K", 256, 176), 14: ("q6_K", 256, 210), 15: ("q8_K", 256, 292),
          16: ("iq2_xxs", 256, 66), 17: ("iq2_xs", 256, 74), 18: ("iq3_xxs", 256, 98), 19: ("iq1_s", 256, 50),
          20: ("iq4_nl", 32, 18), 21: ("iq3_s", 256, 110), 22: ("iq2_s", 256, 82), 23: ("iq4_xs", 256, 136),
          24: ("i8", 1, 1), 25: ("i16", 1, 2), 26: ("i32", 1, 4), 27: ("i64", 1, 8), 28: ("f64", 1, 8),
          29: ("iq1_m", 256, 56), 30: ("bf16", 1, 2), 34: ("tq1_0", 256, 54), 35: ("tq2_0", 256, 66),
          39: ("mxfp4", 32, 17), 40: ("nvfp4", 64, 36), 41: ("q1_0", 128, 18), 42: ("q2_0", 64, 18)}


class Bad(Exception):
    pass


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n, what):
        if n > len(self.data) - self.at:
            raise Bad(f"{what}: {n} bytes wanted at {self.at}, {len(self.data) - self.at} left")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, fmt, what):
        return struct.unpack("<" + fmt, self.take(struct.calcsize(fmt), what))[0]

    def string(self, what):
        n = self.number("Q", what)
        if n > 1 << 30:
            raise Bad(f"{what}: string of {n} bytes")
        raw = self.take(n, what)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw  # values may be any bytes (old vocabularies hold them); keys and names are checked by the caller


def value(c, kind, what):
    if kind not in VALUE:
        raise Bad(f"{what}: unknown value type {kind}")
    name, fmt = VALUE[kind]
    if name == "str":
        return c.string(what)
    if name == "array":
        inner = c.number("I", what)
        n = c.number("Q", what)
        if inner == 9:
            raise Bad(f"{what}: array of arrays")
        if inner not in VALUE:
            raise Bad(f"{what}: unknown element type {inner}")
        if n > 1 << 30:
            raise Bad(f"{what}: array of {n} elements")
        if VALUE[inner][1]:
            raw = c.take(n * struct.calcsize(VALUE[inner][1]), what)
            out = list(struct.unpack(f"<{n}{VALUE[inner][1]}", raw))
        else:
            out = [c.string(what) for _ in range(n)]
        if inner == 7 and any(b > 1 for b in out):
            raise Bad(f"{what}: bool that is neither 0 nor 1")
        return out
    v = c.number(fmt, what)
    if name == "bool":
        if v > 1:
            raise Bad(f"{what}: bool {v} is neither 0 nor 1")
        return bool(v)
    return v


def read(path):
    """-> (kv: {key: (type name, value)} in file order, tensors: [{name, type, ne, offset, data}])"""
    with open(path, "rb") as f:
        c = Cursor(f.read())
    if c.take(4, "magic") != b"GGUF":
        raise Bad("magic is not GGUF")
    version = c.number("I", "version")
    if version & 0xffff == 0:
        raise Bad(f"version {version:#x}: wrong byte order")
    if version != 3:
        raise Bad(f"version {version}, not 3")
    tensors, kvs = c.number("q", "tensor count"), c.number("q", "key count")
    # a tensor's entry takes at least 24 bytes, a key at least 13
    if tensors < 0 or tensors > len(c.data) // 24:
        raise Bad(f"{tensors} tensors claimed")
    if kvs < 0 or kvs > len(c.data) // 13:
        raise Bad(f"{kvs} keys claimed")
    kv = {}
    for i in range(kvs):
        key = c.string(f"key {i}")
        if not isinstance(key, str) or not key:
            raise Bad(f"key {i} is empty or not UTF-8")
        if key in kv:
            raise Bad(f"key {key} is there twice")
        kind = c.number("I", key)
        v = value(c, kind, key)
        kv[key] = (VALUE[kind][0], v)
    align = 32
    if "general.alignment" in kv:
        kind, align = kv["general.alignment"]
        if kind != "u32" or align == 0 or align & (align - 1):
            raise Bad(f"general.alignment {align} ({kind}) is not a power of two in a u32")
    out, names, running = [], set(), 0
    for i in range(tensors):
        name = c.string(f"tensor {i}")
        if not isinstance(name, str) or not name:
            raise Bad(f"name of tensor {i} is empty or not UTF-8")
        if len(name.encode()) >= 64:
            raise Bad(f"{name}: name of {len(name.encode())} bytes, 63 fit")
        if name in names:
            raise Bad(f"tensor {name} is there twice")
        names.add(name)
        dims = c.number("I", name)
        if dims > 4:
            raise Bad(f"{name}: {dims} dimensions, 4 at most")
        ne = [c.number("q", name) for _ in range(dims)]
        if any(n < 0 for n in ne):
            raise Bad(f"{name}: negative dimension in {ne}")
        if math.prod(ne) >= 1 << 63:
            raise Bad(f"{name}: {ne} overflows")
        number = c.number("I", name)
        if number not in TENSOR:
            raise Bad(f"{name}: unknown or removed type {number}")
        kind, block, size = TENSOR[number]
        first = ne[0] if ne else 1
        if first % block:
            raise Bad(f"{name}: rows of {first} elements do not fill blocks of {block} ({kind})")
        offset = c.number("Q", name)
        if offset != running:
            raise Bad(f"{name}: offset {offset}, but the tensors before it end at {running}")
        nbytes = math.prod(ne) // block * size
        if nbytes >= 1 << 63:
            raise Bad(f"{name}: {nbytes} bytes overflow")
        running += (nbytes + align - 1) // align * align
        out.append({"name": name, "type": kind, "ne": ne, "offset": offset, "bytes": nbytes})
    pad = -c.at % align
    if tensors:
        if any(c.take(pad, "padding before the data")):
            raise Bad("padding before the data is not zero")
        base = c.at
        for t in out:
            if base + t["offset"] + t["bytes"] > len(c.data):
                raise Bad(f"{t['name']}: data ends at {base + t['offset'] + t['bytes']}, the file at {len(c.data)}")
            t["data"] = memoryview(c.data)[base + t["offset"]:base + t["offset"] + t["bytes"]]
            gap = c.data[base + t["offset"] + t["bytes"]:base + t["offset"] + (t["bytes"] + align - 1) // align * align]
            if any(gap):
                raise Bad(f"{t['name']}: padding after it is not zero")
        if len(c.data) not in (base + running, base + out[-1]["offset"] + out[-1]["bytes"]):
            raise Bad(f"file has {len(c.data)} bytes, its tensors end at {base + running}")
    return kv, out


def main(args):
    quiet, sha = "--quiet" in args, "--sha" in args
    paths = [a for a in args if not a.startswith("--")]
    for path in paths:
        try:
            kv, tensors = read(path)
        except Bad as e:
            print(f"gguf.py: {path}: {e}", file=sys.stderr)
            return 1
        if quiet:
            continue
        for k, (kind, v) in kv.items():
            if isinstance(v, list):
                print(f"kv\t{k}\t{kind}[{len(v)}]\t{v[:8]}{' ...' if len(v) > 8 else ''}")
            else:
                print(f"kv\t{k}\t{kind}\t{v!r}")
        for t in tensors:
            more = "\t" + hashlib.sha256(t["data"]).hexdigest() if sha else ""
            print(f"tensor\t{t['name']}\t{t['type']}\t{t['ne']}\t{t['offset']}\t{t['bytes']}{more}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

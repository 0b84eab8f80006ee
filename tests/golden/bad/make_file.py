#!/usr/bin/env python3
"""Damaged files of every format that tsplit reads, one fault each: make_file.py FOLDER. What tsplit must say of each is in file.tsv."""
import os
import struct
import sys

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)


def put(name, data):
    os.makedirs(os.path.dirname(os.path.join(OUT, name)) or ".", exist_ok=True)
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data)


# ---- GGUF ----
U8, I8, U16, I16, U32, I32, F32, BOOL, STR, ARRAY, U64, I64, F64 = range(13)


def s(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw)) + raw


def kv(key, kind, value):
    return s(key) + struct.pack("<I", kind) + value


def u32(v):
    return struct.pack("<I", v)


def entry(name, ne, kind, offset):
    return s(name) + struct.pack("<I", len(ne)) + struct.pack(f"<{len(ne)}q", *ne) + struct.pack("<IQ", kind, offset)


ARCH = kv("general.architecture", STR, s("toy"))


def gguf(kvs=(ARCH,), tensors=(), data=b"", version=3, n_tensors=None, n_kv=None, align=32, magic=b"GGUF"):
    h = magic + struct.pack("<Iqq", version, len(tensors) if n_tensors is None else n_tensors, len(kvs) if n_kv is None else n_kv)
    h += b"".join(kvs) + b"".join(tensors)
    return h + bytes(-len(h) % align) + data if tensors else h


A = entry("a", [4], 0, 0)
for name, data in {
    "magic": gguf(magic=b"GGUX") + bytes(40),
    "short": b"GGUF\3\0",
    "version1": gguf(version=1),
    "version9": gguf(version=9),
    "endian": b"GGUF" + struct.pack(">Iqq", 3, 0, 0),
    "many_tensors": gguf(n_tensors=1 << 60),
    "negative_tensors": gguf(n_tensors=-1),
    "many_keys": gguf(n_kv=1 << 40),
    "key_empty": gguf([kv("", U32, u32(1))]),
    "key_twice": gguf([ARCH, ARCH]),
    "key_utf8": gguf([kv(b"a\xff", U32, u32(1))]),
    "key_nul": gguf([kv(b"a\0b", U32, u32(1))]),
    "key_long": gguf([struct.pack("<Q", 1 << 62) + b"general"]),
    "string_long": gguf([kv("a", STR, struct.pack("<Q", 1 << 30) + b"x")]),
    "string_cut": gguf([kv("a", STR, struct.pack("<Q", 9) + b"x")]),
    "kind": gguf([kv("a", 13, u32(1))]),
    "bool": gguf([kv("a", BOOL, b"\2")]),
    "array_array": gguf([kv("a", ARRAY, struct.pack("<IQ", ARRAY, 1))]),
    "array_kind": gguf([kv("a", ARRAY, struct.pack("<IQ", 99, 1))]),
    "array_long": gguf([kv("a", ARRAY, struct.pack("<IQ", U8, 1 << 31))]),
    "array_cut": gguf([kv("a", ARRAY, struct.pack("<IQ", U64, 1 << 29))]),
    "align_kind": gguf([kv("general.alignment", U64, struct.pack("<Q", 32))]),
    "align_zero": gguf([kv("general.alignment", U32, u32(0))]),
    "align_odd": gguf([kv("general.alignment", U32, u32(48))]),
    "name_long": gguf(tensors=[entry("n" * 64, [4], 0, 0)], data=bytes(32)),
    "name_empty": gguf(tensors=[entry("", [4], 0, 0)], data=bytes(32)),
    "name_twice": gguf(tensors=[A, entry("a", [4], 0, 32)], data=bytes(64)),
    "dims5": gguf(tensors=[entry("a", [1, 1, 1, 1, 4], 0, 0)], data=bytes(32)),
    "dim_negative": gguf(tensors=[entry("a", [-4], 0, 0)], data=bytes(32)),
    "dim_overflow": gguf(tensors=[entry("a", [1 << 40, 1 << 40], 0, 0)], data=bytes(32)),
    "type_removed": gguf(tensors=[entry("a", [32], 4, 0)], data=bytes(32)),
    "type_unknown": gguf(tensors=[entry("a", [32], 43, 0)], data=bytes(32)),
    "row_block": gguf(tensors=[entry("a", [48], 8, 0)], data=bytes(64)),
    "offset_hole": gguf(tensors=[A, entry("b", [4], 0, 64)], data=bytes(96)),
    "offset_overlap": gguf(tensors=[A, entry("b", [4], 0, 0)], data=bytes(96)),
    "offset_padding": gguf(tensors=[A, entry("b", [4], 0, 16)], data=bytes(96)),
    "data_missing": gguf(tensors=[entry("a", [400], 0, 0)], data=bytes(64)),
    "data_cut": gguf(tensors=[entry("a", [16], 0, 0)], data=bytes(60)),
    "size_overflow": gguf(tensors=[entry("a", [1 << 61], 0, 0), entry("b", [1 << 60], 28, 1 << 63)]),
    "split_name": gguf([ARCH, kv("split.no", U16, b"\0\0"), kv("split.count", U16, b"\2\0")], [A], bytes(32)),
    "llama_keys": gguf([kv("general.architecture", STR, s("llama"))], [A], bytes(32)),
}.items():
    put(f"gguf/{name}.gguf", data)


def part(no, count, tensors=1, extra=b"", of=None):
    keys = [ARCH] if no == 0 else []
    keys += [kv("split.no", U16, struct.pack("<H", no)), kv("split.count", U16, struct.pack("<H", count)),
             kv("split.tensors.count", I32, struct.pack("<i", tensors))]
    return gguf(keys, [entry(f"t{no}", [4], 0, 0)], bytes(32))


put("gguf/gone-00001-of-00002.gguf", part(0, 2))
put("gguf/count-00001-of-00002.gguf", part(0, 2, 3))
put("gguf/count-00002-of-00002.gguf", part(1, 2, 3))
put("gguf/number-00001-of-00002.gguf", part(0, 2, 2))
put("gguf/number-00002-of-00002.gguf", part(0, 2, 2))
put("gguf/other-00001-of-00002.gguf", part(0, 2, 2))
put("gguf/other-00002-of-00002.gguf", part(1, 3, 2))

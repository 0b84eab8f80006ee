#!/usr/bin/env python3
"""Damaged files of every format that tsplit reads, one fault each: make_file.py FOLDER. What tsplit must say of each is in file.tsv."""
import os
import struct
import sys
import zlib

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

# ---- zip, as npz ----


def npy(descr="<f4", shape="(2,)", data=bytes(8), fortran="False", head=None, magic=b"\x93NUMPY\1\0", n=None):
    text = (head or f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}").encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return magic + struct.pack("<H", len(text) if n is None else n) + text + data


def zipped(entries, comment=b"", end=None, tail=b"", disk=0, size64=False):
    """entries: (name, data, options): stored, size, crc, method, flags, local_name, header, local_size"""
    out, directory = b"", b""
    for name, data, o in entries:
        name = name if isinstance(name, bytes) else name.encode()
        stored = o.get("stored", data)
        crc = o.get("crc", zlib.crc32(data))
        method, flags, size = o.get("method", 0), o.get("flags", 0), o.get("size", len(data))
        at = o.get("header", len(out))
        local = o.get("local_name", name)
        out += struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, flags, method, 0, 33, crc, o.get("stored_size", len(stored)),
                           o.get("local_size", size), len(local), 0) + local + stored
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 20, 20, flags, method, 0, 33, crc, o.get("stored_size", len(stored)), size,
                                 len(name), 0, 0, 0, 0, 0, at) + name
    at, n, count = end or (len(out), len(directory), len(entries))
    return out + directory + tail + struct.pack("<IHHHHIIH", 0x06054b50, disk, 0, count, count, n, at, len(comment)) + comment


def deflate(data):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return z.compress(data) + z.flush()


good = npy()
big = npy(shape="(250000,)", data=bytes(1000000))
bomb = zipped([("a.npy", good, {"stored": deflate(good), "method": 8, "size": 1 << 31})])
inner = zipped([("b.npy", good, {})])
for name, data in {
    "cut": zipped([("a.npy", good, {})])[:-5],
    "empty_name": zipped([("", good, {})]),
    "nul_name": zipped([(b"a\0.npy", good, {})]),
    "volumes": zipped([("a.npy", good, {})], disk=1),
    "directory_past": zipped([("a.npy", good, {})], end=(1 << 20, 100, 1)),
    "many": zipped([("a.npy", good, {})], end=(0, 100, 60000)),
    "zip64_none": zipped([("a.npy", good, {})], end=(0xffffffff, 100, 1)),
    "bomb": bomb,
    "bomb_local": zipped([("a.npy", big, {"stored": deflate(big), "method": 8, "size": 200000})]),
    "longer": zipped([("a.npy", good, {"stored": deflate(good), "method": 8, "size": len(good) + 4})]),
    "checksum": zipped([("a.npy", good, {"stored": deflate(good), "method": 8, "crc": 1})]),
    "deflate": zipped([("a.npy", good, {"stored": b"\xff" * 40, "method": 8})]),
    "method": zipped([("a.npy", good, {"method": 14})]),
    "encrypted": zipped([("a.npy", good, {"flags": 1})]),
    "stored_size": zipped([("a.npy", good, {"size": len(good) + 1})]),
    "overlap": zipped([("a.npy", good, {}), ("b.npy", good, {"header": 0})]),
    "inside": zipped([("a.npy", good + inner[:60 + len(good)], {}), ("b.npy", good, {"header": 35 + len(good)})]),
    "header_past": zipped([("a.npy", good, {"header": 1 << 30})]),
    "header_none": zipped([("a.npy", good, {"header": 2})]),
    "header_name": zipped([("a.npy", good, {"local_name": b"b.npy"})]),
    "header_size": zipped([("a.npy", good, {"local_size": 7})]),
    "data_past": zipped([("a.npy", good, {"stored_size": 1 << 20, "size": 1 << 20})]),
    "twice": zipped([("a.npy", good, {}), ("a.npy", good, {})]),
    "no_array": zipped([("a.txt", b"hello", {})]),
}.items():
    put(f"npz/{name}.npz", data)

# ---- npy ----
for name, data in {
    "short": b"\x93NUMPY\1\0",
    "version": npy(magic=b"\x93NUMPY\4\0"),
    "header_long": npy(n=60000),
    "no_dict": npy(head="[1, 2]"),
    "no_text": npy(head="{1: 2}"),
    "key": npy(head="{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1, }"),
    "key_twice": npy(head="{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }"),
    "key_lacks": npy(head="{'descr': '<f4', 'shape': (2,), }"),
    "object": npy("|O"),
    "record": npy(head="{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }"),
    "big_endian": npy(">f4"),
    "text_type": npy("<U5"),
    "order": npy(fortran="Maybe"),
    "dim_negative": npy(shape="(-2,)"),
    "dim_open": npy(shape="(2,"),
    "rank9": npy(shape="(1, 1, 1, 1, 1, 1, 1, 1, 2)"),
    "overflow": npy(shape="(9223372036854775807, 3)"),
    "data_cut": npy(data=bytes(7)),
    "data_more": npy(data=bytes(9)),
    "fortran_cut": npy(shape="(1000, 1000)", fortran="True"),
    "after": npy(head="{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } + f()"),
}.items():
    put(f"npy/{name}.npy", data)

# ---- PyTorch: pickles by hand ----


def text(v):
    return b"X" + struct.pack("<I", len(v)) + v.encode()


def num(v):
    return b"\x8a\x08" + struct.pack("<q", v)


def tup(*v):
    return b"(" + b"".join(v) + b"t"


def storage(kind="FloatStorage", key="0", count=4, module="torch"):
    return tup(text("storage"), f"c{module}\n{kind}\n".encode(), text(key), text("cpu"), num(count)) + b"Q"


def tensor(s=None, offset=0, size=(4,), stride=(1,)):
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + tup(s or storage(), num(offset), tup(*map(num, size)), tup(*map(num, stride)), b"\x89", b"}") + b"R"


def state(*pairs):
    return b"\x80\2}(" + b"".join(text(k) + v for k, v in pairs) + b"u."


def pt(pickle, data=bytes(16), names=("m/data.pkl", "m/data/0"), more=()):
    return zipped([(names[0], pickle, {})] + ([(names[1], data, {})] if len(names) > 1 else []) + [(n, d, {}) for n, d in more])


nest = b"\x80\2" + b"]" * 200 + b"a" * 199 + b"."
call = b"\x80\2cposix\nsystem\n" + text("touch owned") + b"\x85R."
for name, data in {
    "system": pt(call),
    "eval": pt(b"\x80\2c__builtin__\neval\n" + text("1") + b"\x85R."),
    "stack_global": pt(b"\x80\4\x8c\2os\x8c\6system\x93\x8c\2id\x85R."),
    "load_from_bytes": pt(b"\x80\2ctorch.storage\n_load_from_bytes\nC\1x\x85R."),
    "inst": pt(b"\x80\2(ios\nsystem\n."),
    "ext": pt(b"\x80\2\x82\1."),
    "opcode": pt(b"\x80\2\xff."),
    "protocol": pt(b"\x80\x09."),
    "empty_stack": pt(b"\x80\2."),
    "under_mark": pt(b"\x80\2N(0R."),
    "no_mark": pt(b"\x80\2e."),
    "memo_far": pt(b"\x80\2Nr\xff\xff\xff\x7f."),
    "memo_none": pt(b"\x80\2h\5."),
    "cut": pt(b"\x80\2X\xff\0\0\0abc"),
    "odd_dict": pt(b"\x80\2}(Nu."),
    "call_text": pt(b"\x80\2" + text("f") + b")R."),
    "build": pt(b"\x80\2]}b."),
    "nested": pt(b"\x80\2" + b"]" * 200 + text("x") + b"a" * 200 + b"."),
    "id": pt(b"\x80\2" + text("a") + b"Q."),
    "storage_type": pt(state(("a", tensor(storage("float32"))))),
    "storage_gone": pt(state(("a", tensor(storage(key="7"))))),
    "storage_size": pt(state(("a", tensor())), bytes(12)),
    "storage_two": pt(state(("a", tensor()), ("b", tensor(storage(count=2), size=(2,))))),
    "past": pt(state(("a", tensor(size=(5,))))),
    "past_offset": pt(state(("a", tensor(offset=2)))),
    "past_stride": pt(state(("a", tensor(size=(2, 2), stride=(3, 1))))),
    "expand": pt(state(("a", tensor(size=(1 << 40,), stride=(0,))))),
    "negative": pt(state(("a", tensor(size=(-4,))))),
    "stride_negative": pt(state(("a", tensor(stride=(-1,))))),
    "overflow": pt(state(("a", tensor(size=(1 << 62, 8), stride=(1, 1))))),
    "ranks": pt(state(("a", tensor(size=(2, 2))))),
    "rank9": pt(state(("a", tensor(size=(1,) * 9, stride=(1,) * 9)))),
    "big_endian": pt(state(("a", tensor())), more=[("m/byteorder", b"big")]),
    "no_pickle": zipped([("m/data.pkl.txt", b"", {}), ("m/data/0", bytes(16), {})]),
    "key": pt(b"\x80\2}(" + b"]" + tensor() + b"u."),
    "twice": pt(state(("a", tensor()), ("a", tensor()))),
    "loop": pt(b"\x80\2]q\0h\0a."),
    "shared": pt(b"\x80\2" + b"]q\0" + b"".join(b"](" + bytes([0x68, i]) * 2 + b"eq" + bytes([i + 1]) for i in range(40)) + b"."),
}.items():
    put(f"torch/{name}.pt", data)
magic = b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
old = magic + b"\x80\2M\xe9\3." + b"\x80\2}."
for name, data in {
    "cut": old + state(("a", tensor()))[:-10],
    "keys": old + state(("a", tensor())) + b"\x80\2}.",
    "key_unknown": old + state(("a", tensor())) + b"\x80\2](" + text("9") + b"e." + struct.pack("<q", 4) + bytes(16),
    "key_lacks": old + state(("a", tensor())) + b"\x80\2].",
    "count": old + state(("a", tensor())) + b"\x80\2](" + text("0") + b"e." + struct.pack("<q", 5) + bytes(20),
    "count_negative": old + state(("a", tensor())) + b"\x80\2](" + text("0") + b"e." + struct.pack("<q", -1) + bytes(20),
    "data": old + state(("a", tensor())) + b"\x80\2](" + text("0") + b"e." + struct.pack("<q", 4) + bytes(12),
    "system": magic + b"\x80\2M\xe9\3." + call,
}.items():
    put(f"torch/old_{name}.pth", data)

# ---- llama2.c ----


def l2(sizes, data=b"", magic=None, version=1, shared=1):
    h = struct.pack("<7i", *sizes)
    if magic:
        h = struct.pack("<Ii", magic, version) + h + bytes([shared])
        h += bytes(256 - len(h))
    return h + data


for name, data in {
    "version2": l2((8, 8, 1, 2, 1, 8, 8), magic=0x616b3432, version=2),
    "zero": l2((8, 0, 1, 2, 1, 8, 8), magic=0x616b3432),
    "negative": l2((8, 8, -1, 2, 1, 8, 8), magic=0x616b3432),
    "heads": l2((8, 8, 1, 3, 1, 8, 8), magic=0x616b3432),
    "cut": l2((8, 8, 1, 2, 1, 8, 8), bytes(100)),
    "many_layers": l2((8, 8, 1 << 24, 2, 1, 8, 8), bytes(400)),
    "more": l2((8, 8, 1, 2, 1, 8, 8), bytes(4000)),
    "no_header": b"24ka",
}.items():
    put(f"llama2c/{name}.bin", data)

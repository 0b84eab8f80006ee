#!/usr/bin/env python3
"""A strict reader of safetensors, in plain Python, that shares nothing with weir's C.

    safetensors.py FILE          print every tensor; exit 1 with one line at the first violation
    safetensors.py --quiet FILE  only check
    safetensors.py --sha FILE    add each tensor's SHA-256
    safetensors.py --order FILE  also demand the reference writer's order and padding

The checks and their names are those of the reference reader, in its order; duplicate keys are refused as such.
"""
import hashlib
import json
import struct
import sys

ORDER = ["U64", "I64", "F64", "C64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "F8_E5M2FNUZ", "F8_E4M3FNUZ",
         "F8_E8M0", "F8_E4M3", "F8_E5M2", "I8", "U8", "F6_E3M2", "F6_E2M3", "F4", "BOOL"]
BITS = dict(zip(ORDER, [64, 64, 64, 64, 32, 32, 32, 16, 16, 16, 16] + [8] * 7 + [6, 6, 4, 8]))


class Bad(Exception):
    pass


def unique(pairs):
    out = {}
    for k, v in pairs:
        if k in out:
            raise Bad(f"InvalidHeaderDeserialization: duplicate key {k}")
        out[k] = v
    return out


def natural(x):
    return isinstance(x, int) and not isinstance(x, bool) and 0 <= x < 1 << 64


def read(path):
    """-> (metadata, {name: {dtype, shape, begin, end, data}}) with the tensors in the header's order"""
    with open(path, "rb") as f:
        raw = f.read()
    if len(raw) < 8:
        raise Bad(f"HeaderTooSmall: {len(raw)} bytes")
    n = struct.unpack("<Q", raw[:8])[0]
    if n > 100_000_000:
        raise Bad(f"HeaderTooLarge: {n}")
    if 8 + n > len(raw):
        raise Bad(f"InvalidHeaderLength: header of {n} in a file of {len(raw)}")
    try:
        text = raw[8:8 + n].decode("utf-8")
    except UnicodeDecodeError as e:
        raise Bad(f"InvalidHeader: {e}")
    if not text.startswith("{"):
        raise Bad("InvalidHeaderStart: header does not begin with {")
    try:
        head = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as e:
        raise Bad(f"InvalidHeaderDeserialization: {e}")
    meta = head.pop("__metadata__", {})
    if not isinstance(meta, dict) or not all(isinstance(v, str) for v in meta.values()):
        raise Bad("InvalidHeaderDeserialization: __metadata__ is not a map of strings")
    out = {}
    for name, t in head.items():
        if not isinstance(t, dict) or set(t) != {"dtype", "shape", "data_offsets"}:
            raise Bad(f"InvalidHeaderDeserialization: {name} lacks or adds a field")
        if t["dtype"] not in BITS:
            raise Bad(f"InvalidHeaderDeserialization: {name}: dtype {t['dtype']}")
        if not isinstance(t["shape"], list) or not all(natural(d) for d in t["shape"]):
            raise Bad(f"InvalidHeaderDeserialization: {name}: shape {t['shape']}")
        o = t["data_offsets"]
        if not isinstance(o, list) or len(o) != 2 or not all(natural(d) for d in o):
            raise Bad(f"InvalidHeaderDeserialization: {name}: data_offsets {o}")
        out[name] = {"dtype": t["dtype"], "shape": t["shape"], "begin": o[0], "end": o[1]}
    last = 0
    for name, t in sorted(out.items(), key=lambda x: (x[1]["begin"], x[1]["end"])):
        if t["begin"] != last or t["end"] < t["begin"]:
            raise Bad(f"InvalidOffset: {name} lies at {t['begin']}..{t['end']}, the bytes before it end at {last}")
        last = t["end"]
        count = 1
        for d in t["shape"]:
            count *= d
            if count >= 1 << 64:
                raise Bad(f"ValidationOverflow: {name}: {t['shape']}")
        bits = count * BITS[t["dtype"]]
        if bits >= 1 << 64:
            raise Bad(f"ValidationOverflow: {name}: {bits} bits")
        if bits % 8:
            raise Bad(f"MisalignedSlice: {name}: {bits} bits")
        if bits // 8 != t["end"] - t["begin"]:
            raise Bad(f"TensorInvalidInfo: {name}: {bits // 8} bytes in {t['end'] - t['begin']}")
    if 8 + n + last != len(raw):
        raise Bad(f"MetadataIncompleteBuffer: tensors end at {8 + n + last}, file at {len(raw)}")
    for t in out.values():
        t["data"] = memoryview(raw)[8 + n + t["begin"]:8 + n + t["end"]]
    return meta, out


def check_order(path):
    meta, tensors = read(path)
    names = list(tensors)
    want = sorted(names, key=lambda k: (ORDER.index(tensors[k]["dtype"]), k.encode()))
    begins = [tensors[k]["begin"] for k in names]
    if names != want or begins != sorted(begins):
        raise Bad("tensors are not in the reference writer's order")
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
    if n % 8:
        raise Bad(f"header of {n} bytes is no multiple of 8")


def main(args):
    for path in [a for a in args if not a.startswith("--")]:
        try:
            meta, tensors = read(path)
            if "--order" in args:
                check_order(path)
        except Bad as e:
            print(f"safetensors.py: {path}: {e}", file=sys.stderr)
            return 1
        if "--quiet" in args:
            continue
        for k, v in meta.items():
            print(f"meta\t{k}\t{v!r}")
        for name, t in tensors.items():
            more = "\t" + hashlib.sha256(t["data"]).hexdigest() if "--sha" in args else ""
            print(f"tensor\t{name}\t{t['dtype']}\t{t['shape']}\t{t['begin']}\t{t['end']}{more}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

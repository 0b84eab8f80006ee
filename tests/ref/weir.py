#!/usr/bin/env python3
"""weir.py: a second reader and writer of weir streams, written from weir(5) alone, in plain Python.

    weir.py show FILE              check everything, print one line a record
    weir.py copy [-c CODEC] [-w] FILE OUT
                                   decode all and encode it anew by that codec (0 raw); -w: in other widths of msgpack
    weir.py odd OUT                a stream of what C filters rarely write: unknown kinds, all codecs, small rows, shards

Only the standard library is used; compressed zstd frames need the module zstandard or the program zstd.
"""
import struct
import subprocess
import sys

MAGIC = b"\x89weir\r\n\x1a"
START = b"\x94\xc4\x08" + MAGIC
MIB = 1 << 20
M64 = (1 << 64) - 1


class Fault(Exception):
    pass


def need(ok, *what):
    if not ok:
        raise Fault(" ".join(str(w) for w in what))


# ---- XXH3-64, seed 0, from the xxHash specification -------------------------------------------------------------------

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
P32_1, P32_2, P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
P64_1, P64_2, P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P64_4, P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
MX1, MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25


def le(b, at, n=8):
    return int.from_bytes(b[at:at + n], "little")


def fold(a, b):
    p = a * b
    return (p ^ (p >> 64)) & M64


def avalanche(h):
    h ^= h >> 37
    h = h * MX1 & M64
    return h ^ (h >> 32)


def avalanche64(h):
    h ^= h >> 33
    h = h * P64_2 & M64
    h ^= h >> 29
    h = h * P64_3 & M64
    return h ^ (h >> 32)


def mix16(d, at, s):
    return fold(le(d, at) ^ le(SECRET, s), le(d, at + 8) ^ le(SECRET, s + 8))


def xxh3_short(d):
    n = len(d)
    if n == 0:
        return avalanche64(le(SECRET, 56) ^ le(SECRET, 64))
    if n <= 3:
        word = d[n - 1] | n << 8 | d[0] << 16 | d[n >> 1] << 24
        return avalanche64(word ^ (le(SECRET, 0, 4) ^ le(SECRET, 4, 4)))
    if n <= 8:
        word = (le(d, n - 4, 4) + (le(d, 0, 4) << 32)) ^ (le(SECRET, 8) ^ le(SECRET, 16))
        rot = lambda r: (word << r | word >> (64 - r)) & M64
        h = (word ^ rot(49) ^ rot(24)) * MX2 & M64
        h = (h ^ ((h >> 35) + n)) * MX2 & M64
        return h ^ (h >> 28)
    if n <= 16:
        lo = le(d, 0) ^ (le(SECRET, 24) ^ le(SECRET, 32))
        hi = le(d, n - 8) ^ (le(SECRET, 40) ^ le(SECRET, 48))
        swapped = int.from_bytes(lo.to_bytes(8, "little"), "big")
        return avalanche(n + swapped + hi + fold(lo, hi) & M64)
    acc = n * P64_1 & M64
    if n <= 128:
        for i in range((n - 1) // 32, -1, -1):
            acc += mix16(d, 16 * i, 32 * i) + mix16(d, n - 16 * (i + 1), 32 * i + 16)
        return avalanche(acc & M64)
    for i in range(8):
        acc += mix16(d, 16 * i, 16 * i)
    acc = avalanche(acc & M64)
    for i in range(8, n // 16):
        acc += mix16(d, 16 * i, 16 * (i - 8) + 3)
    return avalanche(acc + mix16(d, n - 16, 136 - 17) & M64)


def accumulate(acc, d, at, s):
    for i in range(8):
        v = le(d, at + 8 * i)
        k = v ^ le(SECRET, s + 8 * i)
        acc[i ^ 1] = acc[i ^ 1] + v & M64
        acc[i] = acc[i] + (k & 0xFFFFFFFF) * (k >> 32) & M64


def xxh3_64(d):
    n = len(d)
    if n <= 240:
        return xxh3_short(d)
    acc = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1]
    stripes = (len(SECRET) - 64) // 8
    last = (n - 1) // 64  # stripes before the last one, which may overlap them
    for i in range(last):
        accumulate(acc, d, 64 * i, 8 * (i % stripes))
        if i % stripes == stripes - 1:
            for k in range(8):
                acc[k] = ((acc[k] ^ (acc[k] >> 47)) ^ le(SECRET, len(SECRET) - 64 + 8 * k)) * P32_1 & M64
    accumulate(acc, d, n - 64, len(SECRET) - 64 - 7)
    h = n * P64_1
    for k in range(4):
        h += fold(acc[2 * k] ^ le(SECRET, 11 + 16 * k), acc[2 * k + 1] ^ le(SECRET, 19 + 16 * k))
    return avalanche(h & M64)


# ---- msgpack ----------------------------------------------------------------------------------------------------------

class Raw(bytes):
    """One msgpack object as it stands: extensions, floats of 4 bytes."""


def unpack(b, at, depth=0):
    """The object at b[at:], and where it ends."""
    need(depth <= 16, "nested deeper than 16")
    need(at < len(b), "cut")
    tag = b[at]
    start, at = at, at + 1

    def number(n):
        need(at + n <= len(b), "cut")
        return int.from_bytes(b[at:at + n], "big"), at + n

    def take(n, at):
        need(at + n <= len(b), "cut")
        return bytes(b[at:at + n]), at + n

    def many(n, at):
        items = []
        for _ in range(n):
            item, at = unpack(b, at, depth + 1)
            items.append(item)
        return items, at

    def pairs(n, at):
        items, at = many(2 * n, at)
        d = dict(zip(items[::2], items[1::2]))
        need(len(d) == n, "a key is there twice")
        return d, at

    def text(n, at):
        s, at = take(n, at)
        return s.decode("utf-8"), at

    if tag < 0x80 or tag >= 0xE0:
        return tag - (256 if tag >= 0xE0 else 0), at
    if tag < 0x90:
        return pairs(tag & 15, at)
    if tag < 0xA0:
        return many(tag & 15, at)
    if tag < 0xC0:
        return text(tag & 31, at)
    if tag in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[tag], at
    if 0xC4 <= tag <= 0xC6:
        return take(*number(1 << (tag - 0xC4)))
    if tag == 0xCB:
        b8, at = take(8, at)
        return struct.unpack(">d", b8)[0], at
    if 0xCC <= tag <= 0xCF:
        return number(1 << (tag - 0xCC))
    if 0xD0 <= tag <= 0xD3:
        n = 1 << (tag - 0xD0)
        v, at = number(n)
        return v - (1 << 8 * n) if v >> (8 * n - 1) else v, at
    if 0xD9 <= tag <= 0xDB:
        return text(*number(1 << (tag - 0xD9)))
    if tag in (0xDC, 0xDD):
        return many(*number(2 << (tag - 0xDC)))
    if tag in (0xDE, 0xDF):
        return pairs(*number(2 << (tag - 0xDE)))
    if tag == 0xCA:
        at += 4
    elif 0xC7 <= tag <= 0xC9:
        n, at = number(1 << (tag - 0xC7))
        at += n + 1
    elif 0xD4 <= tag <= 0xD8:
        at += 1 + (1 << (tag - 0xD4))
    else:
        raise Fault("0xc1 is no msgpack")
    need(at <= len(b), "cut")
    return Raw(b[start:at]), at


def head(n, fix, tags):
    """A tag with its number: in the byte itself below the limit of fix, else in 1, 2, 4 or 8 bytes as tags has them."""
    if fix and n < fix[1]:
        return bytes([fix[0] | n])
    width = next(w for w in sorted(tags) if n < 1 << 8 * w)
    return bytes([tags[width]]) + n.to_bytes(width, "big")


def pack(v):
    if isinstance(v, Raw):
        return bytes(v)
    if v is None or v is True or v is False:
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[v]
    if isinstance(v, int) and v >= 0:
        return head(v, (0, 128), {1: 0xCC, 2: 0xCD, 4: 0xCE, 8: 0xCF})
    if isinstance(v, int):
        if v >= -32:
            return bytes([v & 255])
        width = next(w for w in (1, 2, 4, 8) if v >= -(1 << (8 * w - 1)))
        return bytes([{1: 0xD0, 2: 0xD1, 4: 0xD2, 8: 0xD3}[width]]) + (v & ((1 << 8 * width) - 1)).to_bytes(width, "big")
    if isinstance(v, float):
        return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, str):
        s = v.encode()
        return head(len(s), (0xA0, 32), {1: 0xD9, 2: 0xDA, 4: 0xDB}) + s
    if isinstance(v, (bytes, bytearray)):
        return head(len(v), None, {1: 0xC4, 2: 0xC5, 4: 0xC6}) + bytes(v)
    if isinstance(v, (list, tuple)):
        return head(len(v), (0x90, 16), {2: 0xDC, 4: 0xDD}) + b"".join(map(pack, v))
    return head(len(v), (0x80, 16), {2: 0xDE, 4: 0xDF}) + b"".join(pack(k) + pack(x) for k, x in v.items())


# ---- codecs -----------------------------------------------------------------------------------------------------------

def zstd_size(p):
    """The content size that a zstd frame's header states (RFC 8878, 3.1.1.1)."""
    need(p[:4] == b"\x28\xb5\x2f\xfd" and len(p) > 5, "no zstd frame")
    single, flag = p[4] >> 5 & 1, p[4] >> 6
    need(flag or single, "zstd frame without its content size")
    at = 5 + (not single) + (0, 1, 2, 4)[p[4] & 3]
    n = 1 << flag
    return le(p, at, n) + (256 if n == 2 else 0)


def unzstd(p):
    size = zstd_size(p)
    need(size <= 64 * MIB, "decodes to", size)
    try:
        import zstandard
        d = zstandard.ZstdDecompressor().decompress(p)
    except ImportError:
        d = subprocess.run(["zstd", "-dqc"], input=p, stdout=subprocess.PIPE, check=True).stdout
    need(len(d) == size, "zstd frame of", len(d), "bytes states", size)
    return d


def rezstd(d):
    """A zstd frame of raw blocks: no compressor is needed for a valid frame."""
    out = b"\x28\xb5\x2f\xfd\xa0" + len(d).to_bytes(4, "little")
    for at in range(0, len(d), 1 << 17):
        block = d[at:at + (1 << 17)]
        out += ((at + len(block) == len(d)) | len(block) << 3).to_bytes(3, "little") + block
    return out


def turn(d, width, n):
    """The bits of each element to the left by n places; what leaves at the high end comes in at the low."""
    bits = 8 * width
    return b"".join(((v << n | v >> bits - n) & (1 << bits) - 1).to_bytes(width, "little") for v in (le(d, i, width) for i in range(0, len(d), width)))


def decode(codec, p):
    if codec == 0:
        return p
    if codec == 1:
        return unzstd(p)
    need(codec in (2, 3, 4), "codec", codec)
    width = p[0]
    need(1 <= width <= 8, "width", width)
    if codec in (2, 4):
        d = unzstd(p[1 if codec == 2 else 2:])
        need(len(d) % width == 0, "decoded size", len(d))
        out = bytearray(len(d))
        for k in range(width):
            out[k::width] = d[len(d) // width * k:len(d) // width * (k + 1)]
        if codec == 4:
            need(width in (2, 4, 8) and p[1] < 8 * width, "width and turn", width, p[1])
            out = turn(bytes(out), width, 8 * width - p[1])
        return bytes(out)
    count = le(p, 1, 4)
    mask, at, out = p[5:5 + (count + 7) // 8], 5 + (count + 7) // 8, []
    for i in range(count):
        if mask[i // 8] >> (i % 8) & 1:
            out.append(p[at:at + width])
            need(any(out[-1]), "a zero is named by the mask")
            at += width
        else:
            out.append(bytes(width))
    need(at == len(p), "mask and values differ")
    return b"".join(out)


def encode(codec, width, d):
    if codec == 0:
        return d
    if codec == 1:
        return rezstd(d)
    if codec == 2:
        return bytes([width]) + rezstd(b"".join(d[k::width] for k in range(width)))
    if codec == 4: # a turn that C never chooses
        return bytes([width, 5]) + encode(2, width, turn(d, width, 5))[1:]
    items = [d[i:i + width] for i in range(0, len(d), width)]
    mask = bytearray((len(items) + 7) // 8)
    for i, item in enumerate(items):
        if any(item):
            mask[i // 8] |= 1 << i % 8
    return bytes([width]) + len(items).to_bytes(4, "little") + bytes(mask) + b"".join(i for i in items if any(i))


# ---- records ----------------------------------------------------------------------------------------------------------

BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
        "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8,
        "BOOL": 8, "C64": 64}


def product(dims):
    n = 1
    for d in dims:
        n *= d
    return n


def part_rows(part):
    """(rows, bytes of a row) as a part is cut in chunks."""
    bits, shape = BITS[part["dtype"]], part["shape"]
    need(len(shape) <= 8 and all(0 <= d <= 1 << 40 for d in shape), "shape", shape)
    if "same" in part or product(shape) == 0:
        return 0, 1
    if len(shape) == 1 and bits % 8 == 0:
        return shape[0], bits // 8
    rows = shape[0] if len(shape) > 1 else 1
    need(product(shape) // rows * bits % 8 == 0, part["part"], "has rows that do not fill whole bytes")
    return rows, product(shape) // rows * bits // 8


class Record:
    def __init__(self, kind, body):
        self.kind, self.raw, self.chunks = kind, body, []  # chunks: (part, row, codec, payload)
        self.sums = []
        self.body = unpack(body, 0)[0] if kind in ("head", "tensor", "blob", "text", "stat", "tail") else None

    def data(self):
        """The bytes of each part, whole and checked. [bytes] for kinds without parts."""
        parts = self.body["parts"] if self.kind == "tensor" else [None]
        sizes = [part_rows(p) if p else (None, 1) for p in parts]
        have = [bytearray() for _ in parts]
        first = [i for i, p in enumerate(parts) if p and "term" not in p] + \
                [i for i, p in enumerate(parts) if p and p.get("fixed")]
        for part, row, codec, payload in self.chunks:
            need(part < len(parts), "a chunk of part", part)
            for i in first:
                need(i == part or len(have[i]) == sizes[i][0] * sizes[i][1] or part in first[:first.index(i)], "part", part, "before", i)
            need(row * sizes[part][1] == len(have[part]), "row", row, "of part", part, "is out of order")
            d = decode(codec, payload)
            need(d and len(d) % sizes[part][1] == 0, "a chunk of", len(d), "bytes")
            have[part] += d
        for i, (rows, row_bytes) in enumerate(sizes):
            need(rows is None or len(have[i]) == rows * row_bytes, "part", i, "has", len(have[i]), "bytes")
        if self.kind == "blob":
            need(len(have[0]) == self.body["size"], "blob of", len(have[0]), "bytes")
        return [bytes(h) for h in have]


def read(b):
    """All records of a stream, checked, as a list; heads and tails too."""
    at, records, inside, shards = 0, [], False, []
    shared, layer = {}, None
    while at < len(b):
        if b[at] == 0x95:
            need(records, "begins with a chunk")
            (part, row, codec, total, payload), end = unpack(b, at)
            sum = xxh3_64(part.to_bytes(4, "little") + row.to_bytes(8, "little") + bytes([codec]) +
                          len(payload).to_bytes(4, "little") + payload)
            need(sum == total, "a chunk of", records[-1].kind, "is damaged")
            records[-1].chunks.append((part, row, codec, payload))
            sums.append(sum)
            chunks += 1
            at = end
            continue
        need(b[at:at + 11] == START, "no record at byte", at)
        (_, kind, body, total), end = unpack(b, at)
        need(total == xxh3_64(kind.encode() + b"\0" + body), "record", kind, "is damaged")
        r = Record(kind, body)
        if kind == "head":
            need(not inside and r.body["v"] == 1, "a head inside a segment, or version", r.body.get("v"))
            inside, begin, sums, chunks, count = True, at, [], 0, 0
            if "shard" in r.body:
                shards.append(tuple(r.body["shard"]))
            shared = {}
        else:
            need(inside, kind, "outside of a segment")
            count += 1
        if kind == "tail":
            digest = xxh3_64(b"".join(s.to_bytes(8, "little") for s in sums))
            said = [r.body[k] for k in ("records", "chunks", "bytes", "digest")]
            need(said == [count - 1, chunks, at - begin, digest], "the tail says", said)
            inside = False
        if kind == "tensor":
            if r.body.get("layer") is None or r.body.get("layer") != layer:
                shared = {k: v for k, v in shared.items() if k[-1]}
            layer = r.body.get("layer")
            for p in r.body["parts"]:
                need("term" not in p or p.get("fixed") or not ("same" in p or p.get("shared")), p["part"], "follows the rows and is shared")
                key = (p["part"], p["dtype"], tuple(p["shape"]), "term" in p)
                if "same" in p:
                    need((p["same"],) + key in shared, r.body["name"], "refers to what", p["same"], "has not shared")
                elif p.get("shared"):
                    shared[(r.body["name"],) + key] = True
        sums.append(total)
        records.append(r)
        at = end
    need(records and not inside, "ends without a tail")
    need(len({n for _, n in shards}) <= 1 and len(set(shards)) == len(shards), "shards", shards)
    for r in records:
        if r.kind in ("tensor", "blob", "text", "stat"):
            r.data()
    return records


class Writer:
    def __init__(self, out, odd=False):
        self.out, self.odd, self.bytes = out, odd, 0

    def put(self, b):
        self.out.write(b)
        self.bytes += len(b)

    def record(self, kind, body):
        b = body if isinstance(body, bytes) else pack(body)
        sum = xxh3_64(kind.encode() + b"\0" + b)
        if kind == "head":
            self.bytes, self.sums, self.records, self.chunks = 0, [], 0, 0
        if self.odd:
            self.put(START + pack(kind) + pack(b) + pack(sum))
        else:
            self.put(START + pack(kind) + b"\xc6" + len(b).to_bytes(4, "big") + b + b"\xcf" + sum.to_bytes(8, "big"))
        self.sums.append(sum)
        self.records += kind not in ("head", "tail")

    def chunk(self, part, row, codec, p):
        n = len(p).to_bytes(4, "little")
        sum = xxh3_64(part.to_bytes(4, "little") + row.to_bytes(8, "little") + bytes([codec]) + n + p)
        if self.odd:
            self.put(pack([part, row, codec, sum, p]))
        else:
            self.put(b"\x95\xce" + part.to_bytes(4, "big") + b"\xcf" + row.to_bytes(8, "big") + b"\xcc" + bytes([codec]) + b"\xcf" +
                     sum.to_bytes(8, "big") + b"\xc6" + len(p).to_bytes(4, "big") + p)
        self.sums.append(sum)
        self.chunks += 1

    def tail(self, more=None):
        digest = xxh3_64(b"".join(s.to_bytes(8, "little") for s in self.sums))
        self.record("tail", {"records": self.records, "chunks": self.chunks, "bytes": self.bytes, "digest": digest, **(more or {})})


def width_of(r, part):
    if r.kind != "tensor":
        return 1
    return max(1, BITS[r.body["parts"][part]["dtype"]] // 8)


def copy(records, out, codec, odd):
    w = Writer(out, odd)
    for r in records:
        if r.kind == "tail":
            w.tail({k: v for k, v in r.body.items() if k not in ("records", "chunks", "bytes", "digest")})
            continue
        w.record(r.kind, r.raw if r.body is None else r.body)
        for part, row, c, payload in r.chunks:
            if r.body is None:
                w.chunk(part, row, c, payload)
            else:
                width = width_of(r, part)
                to = 1 if codec == 4 and width not in (2, 4, 8) else codec
                w.chunk(part, row, to, encode(to, width, decode(c, payload)))


def odd(out):
    w = Writer(out, True)
    for shard in (2, 1):
        w.record("head", {"v": 1, "shard": [shard, 2], "model": {"blocks": 2, "rope": [1.5, None]}, "later": {"a": [Raw(b"\xca\x3f\x80\0\0")]}})
        w.record("a kind of its own, with a name that is long enough for str 8", b"\xc1 not even msgpack")
        w.chunk(7, 12345, 200, b"whatever")
        for name in "qk":
            gram = {"part": "gram", "dtype": "F32", "shape": [3, 3], "tokens": 99}
            gram.update({"shared": True} if name == "q" else {"same": "q%d" % shard})
            w.record("tensor", {"name": name + str(shard), "shape": [5, 6], "layer": shard, "note": "passes through", "terms": [{"form": "dense"}],
                                "parts": [gram, {"part": "dense", "term": 0, "dtype": "BF16", "shape": [5, 6]}]})
            if name == "q":
                for row in range(3):
                    w.chunk(0, row, 0, bytes(range(12 * row, 12 * row + 12)))
            for row in range(5):
                w.chunk(1, row, row, encode(row, 2, bytes([0, 0, 0, 128, row, 1, 2, 3, 4, 5, 6, 7])))
        w.record("tensor", {"name": "unknown form %d" % shard, "shape": [2, 2], "terms": [{"form": "of the future", "x": 1}],
                            "parts": [{"part": "p", "term": 0, "dtype": "F4", "shape": [2]}]})
        w.chunk(0, 0, 0, b"\x21")
        w.tail({"model": {"blocks": 1}})


def show(records):
    for r in records:
        if r.body is None:
            print(r.kind, len(r.raw), "bytes,", len(r.chunks), "chunks")
        elif r.kind == "tensor":
            print("tensor", r.body["name"], r.body["shape"], *["%s=%016x" % (p["part"], xxh3_64(d)) if "same" not in p else
                                                             p["part"] + "=" + p["same"] for p, d in zip(r.body["parts"], r.data())])
        elif r.kind in ("head", "tail"):
            print(r.kind, {k: v for k, v in r.body.items() if k in ("shard", "model", "meta") and v})
        else:
            print(r.kind, r.body.get("name", ""), "%016x" % xxh3_64(r.data()[0]))


def main(argv):
    try:
        if argv[:1] == ["show"]:
            show(read(open(argv[1], "rb").read()))
        elif argv[:1] == ["odd"]:
            odd(open(argv[1], "wb"))
        elif argv[:1] == ["copy"]:
            codec, rest = (int(argv[2]), argv[3:]) if argv[1] == "-c" else (0, argv[1:])
            wide = rest[0] == "-w"
            copy(read(open(rest[wide], "rb").read()), open(rest[wide + 1], "wb"), codec, wide)
        else:
            sys.exit(__doc__)
    except (Fault, KeyError, UnicodeDecodeError) as f:
        sys.exit("weir.py: %s: %s" % (argv[-1] if argv[0] == "show" else argv[-2], f))


if __name__ == "__main__":
    main(sys.argv[1:])

#!/usr/bin/env python3
"""formats.py FOLDER F32: what a quantized folder stands for, by plain Python from the formats' documents, is what F32 (safetensors) holds.

Every quantized linear of FOLDER is unpacked; a line for each that is not equal bit for bit. `formats.py some A B`: what folder B has, A has, too, bit for bit.
"""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
import safetensors  # noqa: E402

E2M1 = [0, .5, 1, 1.5, 2, 3, 4, 6]


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def short(code, man, bias):
    """A float of 8 bits with so many of fraction."""
    e, m = (code & 127) >> man, code & ((1 << man) - 1)
    v = m * 2.0 ** (1 - bias - man) if e == 0 else (1 + m / (1 << man)) * 2.0 ** (e - bias)
    return -v if code & 128 else v


def numbers(t):
    raw = bytes(t["data"])
    if t["dtype"] in ("U8", "F8_E4M3"):
        return list(raw) if t["dtype"] == "U8" else [short(c, 3, 7) for c in raw]
    if t["dtype"] == "BF16":
        return [struct.unpack("<f", b"\0\0" + raw[i:i + 2])[0] for i in range(0, len(raw), 2)]
    form, size = {"F32": ("f", 4), "F16": ("e", 2), "I32": ("I", 4), "I64": ("q", 8), "I8": ("b", 1)}[t["dtype"]]
    return list(struct.unpack("<%d%s" % (len(raw) // size, form), raw))


def stream(words, bits, n):
    """n codes of a run of words, from the least bit on."""
    whole = sum(w << (32 * i) for i, w in enumerate(words))
    return [(whole >> (bits * i)) & ((1 << bits) - 1) for i in range(n)]


def gptq(t, base, c):
    words, out = t[base + ".qweight"]["shape"]
    g = numbers(t[base + ".g_idx"])
    q, z, s = (numbers(t[base + e]) for e in (".qweight", ".qzeros", ".scales"))
    codes = [stream(q[o::out], c["bits"], len(g)) for o in range(out)]
    per = len(z) // (len(s) // out)
    zeros = [stream(z[i * per:(i + 1) * per], c["bits"], out) for i in range(len(s) // out)]
    less = c["checkpoint_format"] == "gptq"
    return [(codes[o][i] - zeros[k][o] - less) * s[k * out + o] for o in range(out) for i, k in enumerate(g)]


def awq(t, base, c):
    ins, per = t[base + ".qweight"]["shape"]
    q, z, s = (numbers(t[base + e]) for e in (".qweight", ".qzeros", ".scales"))
    out, group = per * 8, ins // (len(z) // per)

    def at(words, row, o):
        return words[row * per + o // 8] >> (4 * (0, 4, 1, 5, 2, 6, 3, 7)[o % 8]) & 15
    return [(at(q, i, o) - at(z, i // group, o)) * s[i // group * out + o] for o in range(out) for i in range(ins)]


def packed(t, base, c):
    """compressed-tensors' words, or its bytes of two floats."""
    scheme = [g for g in c["config_groups"].values() if g["targets"] == ["Linear"] or base in g["targets"]][0]
    bits, p, s = scheme["weights"]["num_bits"], t[base + ".weight_packed"], numbers(t[base + ".weight_scale"])
    rows, groups = t[base + ".weight_scale"]["shape"]
    if scheme["weights"]["type"] == "float":
        d = numbers(t[base + ".weight_global_scale"])[0] if base + ".weight_global_scale" in t else None
        scale = [f32(v / d) for v in s] if d else [2.0 ** (v - 127) for v in s]
        codes = [b >> h & 15 for b in bytes(p["data"]) for h in (0, 4)]
        per = len(codes) // len(scale)
        return [f32((-1 if k & 8 else 1) * E2M1[k & 7] * scale[i // per]) for i, k in enumerate(codes)]
    cols, each, words = numbers(t[base + ".weight_shape"])[1], p["shape"][1], numbers(p)
    zeros = [[1 << (bits - 1)] * groups] * rows
    assert (base + ".weight_zero_point" in t) != scheme["weights"]["symmetric"]
    if base + ".weight_zero_point" in t:
        z = numbers(t[base + ".weight_zero_point"])
        zeros = list(zip(*[stream(z[g::groups], bits, rows) for g in range(groups)]))
    per = -(-cols // groups)
    return [(k - zeros[r][i // per]) * s[r * groups + i // per] for r in range(rows)
            for i, k in enumerate(stream(words[r * each:(r + 1) * each], bits, cols))]


def plain(t, base, c):
    """A number a byte, with scales for rows or blocks."""
    w, inverse = t[base + ".weight"], base + ".weight_scale_inv" in t
    s = t[base + (".weight_scale_inv" if inverse else ".weight_scale")]
    (rows, cols), (down, across), v = w["shape"], s["shape"], numbers(s)
    high, wide = (128, 128) if inverse else (1, cols)
    assert (down, across) == (-(-rows // high), -(-cols // wide))
    return [f32(x * v[i // cols // high * across + i % cols // wide]) for i, x in enumerate(numbers(w))]


def blocks(t, base, c):
    codes = [b >> h & 15 for b in bytes(t[base + "_blocks"]["data"]) for h in (0, 4)]
    s = numbers(t[base + "_scales"])
    return [(-1 if k & 8 else 1) * E2M1[k & 7] * 2.0 ** (s[i // 32] - 127) for i, k in enumerate(codes)]


WAYS = {".qweight": None, ".weight_packed": packed, ".weight": plain, "_blocks": blocks}


def main(folder, path):
    c = json.load(open(folder + "/config.json"))["quantization_config"]
    t, want = safetensors.read(folder + "/model.safetensors")[1], safetensors.read(path)[1]
    count = bad = 0
    for name in t:
        end = next((e for e in WAYS if name.endswith(e)), None)
        base = name[:-len(end)] if end else name
        if not end or (end == ".weight" and not any(base + ".weight_scale" + e in t for e in ("", "_inv"))):
            continue
        way = WAYS[end] or {"gptq": gptq, "awq": awq}[c["quant_method"]]
        have = way(t, base, c)
        w = want[base + ".weight" if base + ".weight" in want else base]
        count += 1
        if have != numbers(w):
            print("%s: other values" % base)
            bad += 1
    if count == 0:
        print("no linear is quantized")
    return bad != 0 or count == 0


def some(a, b):
    a, b = (safetensors.read(f + "/model.safetensors")[1] for f in (a, b))
    bad = [k for k in b if k not in a or any(a[k][x] != b[k][x] for x in ("dtype", "shape", "data"))]
    print("\n".join(bad))
    return bool(bad) or len(b) < 3


if __name__ == "__main__":
    sys.exit(some(*sys.argv[2:]) if sys.argv[1] == "some" else main(*sys.argv[1:]))

#!/usr/bin/env python3
"""Make score_*.tsv, prune_score.tsv and prune_dsnot.tsv: scores and masks of small cases, computed here from the formulas alone (see
weir-methods(7)), in doubles and with plain sorts. Usage: gen_prune.py FOLDER. The numbers are committed; the test
vectors/prune reads them."""
import math
import os
import struct
import sys

M64 = (1 << 64) - 1


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


class Noise:
    """Knuth's MMIX congruential generator: any fixed source will do, as long as it is not weir's own."""

    def __init__(self, seed):
        self.s = seed

    def unit(self):
        self.s = (self.s * 6364136223846793005 + 1442695040888963407) & M64
        return (self.s >> 11) / 2.0**53

    def normal(self):
        return sum(self.unit() for _ in range(12)) - 6

    def weights(self, n):
        return [f32(self.normal() * 0.02) for _ in range(n)]


def mix(z):  # SplitMix64
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & M64
    return z ^ z >> 31


def rotl(x, n):
    return (x << n | x >> 64 - n) & M64


def xxh3_4to8(data, seed):
    """XXH3-64 of 4 to 8 bytes (xxHash specification, XXH3, small inputs)."""
    n = len(data)
    secret = bytes.fromhex("b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db")
    low = seed & 0xFFFFFFFF
    seed ^= int.from_bytes(low.to_bytes(4, "little"), "big") << 32
    first, last = int.from_bytes(data[:4], "little"), int.from_bytes(data[-4:], "little")
    flip = (int.from_bytes(secret[8:16], "little") ^ int.from_bytes(secret[16:24], "little")) - seed & M64
    h = (last + (first << 32)) ^ flip
    h ^= rotl(h, 49) ^ rotl(h, 24)
    h = h * 0x9FB21C651E98DF25 & M64
    h ^= (h >> 35) + n
    h = h * 0x9FB21C651E98DF25 & M64
    return h ^ h >> 28


def magnitude(w, rows, cols, norm2, name, seed):
    return [abs(x) for x in w]


def wanda(w, rows, cols, norm2, name, seed):
    return [abs(x) * math.sqrt(norm2[i % cols]) for i, x in enumerate(w)]


def lamp(w, rows, cols, norm2, name, seed):
    order = sorted(range(len(w)), key=lambda i: (abs(w[i]), i))
    out = [0.0] * len(w)
    for place, i in enumerate(order):
        rest = math.fsum(w[k] * w[k] for k in order[place:])
        out[i] = w[i] * w[i] / rest if rest else 0.0
    return out


def random(w, rows, cols, norm2, name, seed):
    key = xxh3_4to8(name.encode(), mix(seed + 0x9E3779B97F4A7C15 & M64))
    return [(mix(key ^ mix((i + 1) * 0x9E3779B97F4A7C15 & M64)) >> 40) / 2.0**24 for i in range(len(w))]


def score_file(folder, method):
    with open(os.path.join(folder, "score_%s.tsv" % method.__name__), "w") as f:
        for case, (rows, cols, name, seed) in enumerate([(4, 8, "mlp.up", 0), (3, 5, "attn.q", 7), (1, 1, "head", 1)]):
            noise = Noise(case + 1)
            w = noise.weights(rows * cols)
            if rows > 1:
                w[1], w[2], w[4] = 0.0, -w[3], -0.0
            norm2 = [f32(noise.unit() ** 4 * 10) for _ in range(cols)]
            f.write("case\t%s\t%d\t%d\t%d\n" % (name, rows, cols, seed))
            for tag, v in (("w", w), ("norm2", norm2), ("score", method(w, rows, cols, norm2, name, seed))):
                f.write("\t".join([tag] + ["%.9g" % x for x in v]) + "\n")


def least(units, k):
    """The k least of (score, place): the places."""
    return set(sorted(range(len(units)), key=lambda i: (units[i], i))[:k])


def mask_nm(s, rows, cols, keep, of):
    out = []
    for g in range(0, rows * cols, of):
        gone = least(s[g:g + of], of - keep)
        out += [int(i in gone) for i in range(of)]
    return out


def mask_free(s, rows, cols, sparsity, br, bc, scope):
    """sparsity is a pair (numerator, denominator), so that the count is whole-number arithmetic."""
    rr, cc = -(-rows // br), -(-cols // bc)
    units = []
    for R in range(rr):
        for C in range(cc):
            cell = [s[r * cols + c] for r in range(R * br, min(R * br + br, rows))
                    for c in range(C * bc, min(C * bc + bc, cols))]
            units.append(math.fsum(cell) / len(cell))
    width = cc if scope == "row" else len(units)
    gone = set()
    for g in range(0, len(units), width):
        gone |= {g + i for i in least(units[g:g + width], width * sparsity[0] // sparsity[1])}
    return [int(r // br * cc + c // bc in gone) for r in range(rows) for c in range(cols)]


def prune_file(folder):
    noise = Noise(99)
    with open(os.path.join(folder, "prune_score.tsv"), "w") as f:
        def case(sparsity, block, scope, rows, cols, s, mask):
            f.write("case\t%s\t%s\t%s\t%d\t%d\n" % (sparsity, block, scope, rows, cols))
            f.write("\t".join(["score"] + ["%.9g" % x for x in s]) + "\n")
            f.write("mask\t" + "".join(map(str, mask)) + "\n")

        for rows, cols in ((4, 16), (3, 8)):
            for levels in (0, 3):  # 3: few different values, so that ties decide
                s = [f32(abs(noise.normal())) if not levels else float(int(noise.unit() * levels))
                     for _ in range(rows * cols)]
                for keep, of in ((2, 4), (1, 4), (3, 4), (4, 8), (0, 2), (4, 4)):
                    case("%d:%d" % (keep, of), "-", "-", rows, cols, s, mask_nm(s, rows, cols, keep, of))
                for text, pair in (("0.5", (1, 2)), ("30%", (3, 10)), ("0.29", (29, 100)), ("0", (0, 1)), ("1", (1, 1))):
                    for scope in ("row", "tensor", "model"):
                        case(text, "-", scope, rows, cols, s, mask_free(s, rows, cols, pair, 1, 1, scope))
                        case(text, "2x3", scope, rows, cols, s, mask_free(s, rows, cols, pair, 2, 3, scope))


def dsnot(w, mask, norm2, mean, cycles, of):
    """One row's mask after the swaps, by the formulas of weir-methods(7)."""
    n, mask, moved = len(w), list(mask), set()
    pull = [a * m for a, m in zip(w, mean)]
    err = math.fsum(pull[c] for c in range(n) if mask[c])
    for _ in range(cycles):
        if abs(err) <= 0.1 / 2048:
            break
        sign = 1 if err > 0 else -1
        grow = [(-sign * pull[c] / (norm2[c] - mean[c] ** 2), c) for c in range(n)
                if mask[c] and c not in moved and norm2[c] > mean[c] ** 2 and sign * pull[c] > 0]
        if not grow:
            break
        back = min(grow)[1]
        first = back // of * of if of else 0
        there = [(abs(w[c]) * math.sqrt(norm2[c]), c) for c in range(first, first + of if of else n)
                 if not mask[c] and c not in moved and sign * pull[c] < 0]
        if not there:
            break
        go = min(there)[1]
        after = err + pull[go] - pull[back]
        if abs(after) >= abs(err) or of and after * err < 0:
            break
        err, mask[back], mask[go] = after, 0, 1
        moved |= {back, go}
    return mask


def dsnot_file(folder):
    noise, rows, cols = Noise(7), 6, 32
    with open(os.path.join(folder, "prune_dsnot.tsv"), "w") as f:
        for sparsity, of, cycles in (("0.5", 0, 50), ("0.5", 0, 2), ("2:4", 4, 50), ("4:8", 8, 50), ("0.7", 0, 50)):
            w = noise.weights(rows * cols)
            mean = [f32(noise.normal()) for _ in range(cols)]
            norm2 = [f32(m * m + noise.unit() * 2) for m in mean]
            score = [f32(abs(x) * math.sqrt(norm2[i % cols])) for i, x in enumerate(w)]
            if of:
                start = mask_nm(score, rows, cols, of // 2, of)
            else:
                start = mask_free(score, rows, cols, (int(sparsity[2:]), 10), 1, 1, "row")
            mask = [b for r in range(rows) for b in dsnot(w[r * cols:r * cols + cols], start[r * cols:r * cols + cols], norm2, mean, cycles, of)]
            f.write("case\t%s\t%d\t%d\t%d\n" % (sparsity, cycles, rows, cols))
            for tag, v in (("w", w), ("norm2", norm2), ("mean", mean)):
                f.write("\t".join([tag] + ["%.9g" % x for x in v]) + "\n")
            f.write("start\t" + "".join(map(str, start)) + "\nmask\t" + "".join(map(str, mask)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: gen_prune.py FOLDER")
    for m in (magnitude, wanda, lamp, random):
        score_file(sys.argv[1], m)
    prune_file(sys.argv[1])
    dsnot_file(sys.argv[1])

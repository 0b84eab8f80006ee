#!/usr/bin/env python3
"""grids.py: the grids of ggml's IQ types as lib/num/ggml_grids.c holds them, from the tables of gguf-py (python3 -m pip install gguf).

A grid is a set of points, a point a row of codes; its number is sum(code[i] * levels ** i), and all six grids are in that order. So the set
is enough: bit n of the bytes says whether point number n is in it.
"""
import gguf.quants as quants

for name in "IQ2_XXS IQ2_XS IQ2_S IQ1_S IQ3_XXS IQ3_S".split():
    kind = getattr(quants, name)
    kind.init_grid()
    levels, dim = len(kind.grid_map), kind.grid_shape[1]
    codes = [[kind.grid_map.index(v) for v in row] for row in kind.grid.reshape(kind.grid_shape)]
    numbers = [sum(c * levels ** i for i, c in enumerate(row)) for row in codes]
    assert numbers == sorted(set(numbers))
    bits = bytearray((levels ** dim + 7) // 8)
    for n in numbers:
        bits[n // 8] |= 1 << n % 8
    text = bits.hex()
    print("static const char %s[] = /* %d points */" % (name.lower(), len(numbers)))
    lines = ['    "%s"' % text[i:i + 112] for i in range(0, len(text), 112)]
    print("\n".join(lines) + ";\n")

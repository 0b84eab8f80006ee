/*
 * exact: sums of doubles, and of their squares, without rounding: fixed point wide enough for every finite double and
 * its square. So a sum depends on its terms only: adding is associative and commutative to the bit, over threads,
 * shards and files. Source: Kulisch and Miranker 1981, Computer Arithmetic in Theory and Practice (the long
 * accumulator).
 */
#ifndef WEIR_NUM_EXACT_H
#define WEIR_NUM_EXACT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* Least bit: 2^-2176, below the square of the least subnormal; above the square of the greatest double 64 bits are left
 * for carries. */
#define EXACT_LIMBS 137
#define EXACT_LOWEST (-2176)

/* Sum of limb[i] * 2^(32 i + EXACT_LOWEST); limbs run over until they are carried. {0} is 0. 1.1 KiB. */
struct exact {
    int64_t limb[EXACT_LIMBS];
    uint32_t adds; /* since the last carry */
};

/* x is finite. About ten instructions; at most 2^62 terms. */
void exact_add(struct exact *a, double x);
void exact_add_square(struct exact *a, double x);
void exact_merge(struct exact *a, const struct exact *from);

/* The nearest double (ties to even), an infinity beyond its range. */
double exact_value(const struct exact *a);

/* As text: a whole number in hexadecimal and its power of two, "-0x1f4p-32"; 0 is "0x0p0". One text for each value: the
 * power is 0, or below 0 a multiple of 32 with a part in its lowest 32 bits. Python: int(h, 16) * 2**p. */
void exact_put(struct buf *b, const struct exact *a);
/* 0, or -1: it is no such text. */
int exact_get(struct exact *a, const char *s, size_t n);

#endif

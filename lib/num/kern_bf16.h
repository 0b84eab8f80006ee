/* kern_bf16: products of pairs of bf16 by the processor's own instruction (AVX512_BF16), for la/fast_bf16. */
#ifndef WEIR_NUM_KERN_BF16_H
#define WEIR_NUM_KERN_BF16_H

#include <stddef.h>

#include "num/kern.h"

/*
 * A kern of which only name, mr, nr and gemm32 are there. A "float" of its panels is the bits of two bf16, elements 2p
 * (low half) and 2p + 1 of k; k counts pairs. Sums are f32, in the instruction's order: bits are this processor's, and
 * numbers below 2^-126 count as 0. NULL where the processor has no such instruction.
 */
const struct kern *kern_bf16(void);

/* Pairs of a row: to[p] = bf16(x[2p]), bf16(x[2p+1]), the last with 0 where k is odd. Rounded to the nearest, ties to
 * even. */
void kern_bf16_along(const float *x, size_t k, float *to);

/* Pairs of two rows: to[i] = bf16(x[i]), bf16(y[i]); y NULL: zeros. */
void kern_bf16_across(const float *x, const float *y, size_t n, float *to);

#endif

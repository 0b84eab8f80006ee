/*
 * lanes: LANES searches side by side. Lane l of every value belongs to block l, so each sum is made in one block's own
 * order, as scalar code makes it, and the bits do not depend on how many lanes the machine has. Included by isa_body.h
 * only.
 */
#ifndef WEIR_QUANT_LANES_H
#define WEIR_QUANT_LANES_H

#include <stdint.h>

typedef float lanes __attribute__((vector_size(LANES * 4)));
typedef int32_t lanes_int __attribute__((vector_size(LANES * 4)));
#define LANES_INLINE static inline __attribute__((always_inline))

/* yes where the mask is all ones, no where it is 0. Comparing two lanes gives such masks. */
LANES_INLINE lanes lanes_pick(lanes_int mask, lanes yes, lanes no)
{
    return (lanes)((mask & (lanes_int)yes) | (~mask & (lanes_int)no));
}

LANES_INLINE lanes lanes_all(float f)
{
    return (lanes){0} + f;
}

LANES_INLINE int lanes_any(lanes_int mask)
{
    int32_t any = 0;

    for (int l = 0; l < LANES; l++)
        any |= mask[l];
    return any != 0;
}

LANES_INLINE lanes lanes_min(lanes a, lanes b)
{
    lanes r;

    for (int l = 0; l < LANES; l++)
        r[l] = a[l] < b[l] ? a[l] : b[l];
    return r;
}

LANES_INLINE lanes lanes_max(lanes a, lanes b)
{
    lanes r;

    for (int l = 0; l < LANES; l++)
        r[l] = a[l] > b[l] ? a[l] : b[l];
    return r;
}

LANES_INLINE lanes lanes_abs(lanes a)
{
    return (lanes)((lanes_int)a & 0x7fffffff);
}

LANES_INLINE lanes lanes_sqrt(lanes a)
{
    lanes r;

    for (int l = 0; l < LANES; l++)
        r[l] = __builtin_sqrtf(a[l]);
    return r;
}

/*
 * The nearest integer to v, ties to even, limited to [lo, hi]. For |v| < 2^22 the sum with 1.5 * 2^23 holds it in its
 * low bits; beyond, the low bits are what they are in ggml too: the same code comes out for every input.
 */
LANES_INLINE lanes lanes_code(lanes v, int lo, int hi)
{
    lanes_int k = ((lanes_int)(v + 12582912.0f) & 0x7fffff) - 0x400000;

    for (int l = 0; l < LANES; l++) {
        int32_t c = k[l] < lo ? lo : k[l];

        k[l] = c > hi ? hi : c;
    }
    return __builtin_convertvector(k, lanes);
}

#endif

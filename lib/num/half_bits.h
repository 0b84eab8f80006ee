/*
 * half_bits: the conversions of half.h as straight-line code without branches, so that a loop over them is vectorized.
 * half.h is what others call; this file is for the loops of lib/num and lib/quant.
 */
#ifndef WEIR_NUM_HALF_BITS_H
#define WEIR_NUM_HALF_BITS_H

#include <stdint.h>
#include <string.h>

static inline float float_of(uint32_t u)
{
    float f;

    memcpy(&f, &u, 4);
    return f;
}

static inline uint32_t bits_of(float f)
{
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

/* A half that is 0 or subnormal is its fraction's bits set under the exponent of 2^-14, less 2^-14: exact, and no f32
 * subnormal on the way. */
static inline float half_up(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, low = (uint32_t)(h & 0x7fff) << 13;
    uint32_t small = bits_of(float_of(low + 0x38800000u) - 0x1p-14f), normal = low + 0x38000000u;
    uint32_t wide = low >= 0x0f800000u ? low | 0x7f800000u : normal; /* infinity and NaN keep their fraction */

    return float_of(sign | (low < 0x00800000u ? small : wide));
}

/* A little-endian half at any address. */
static inline float half_at(const uint8_t *p)
{
    return half_up((uint16_t)(p[0] | p[1] << 8));
}

/* Below 2^-14 the sum with 1/2 rounds to a multiple of 2^-24, the half's last place; above, integers round to even. */
static inline uint16_t half_down(float f)
{
    uint32_t sign = bits_of(f) >> 16 & 0x8000, x = bits_of(f) & 0x7fffffffu;
    uint32_t small = bits_of(float_of(x) + 0.5f) - 0x3f000000u;
    uint32_t normal = (x + 0xfff + (x >> 13 & 1) - 0x38000000u) >> 13;
    uint32_t finite = x < 0x38800000u ? small : x >= 0x47800000u ? 0x7c00 : normal;
    uint32_t nan = 0x7e00 | (x >> 13 & 0x3ff);

    return (uint16_t)(sign | (x > 0x7f800000u ? nan : finite));
}

static inline float brain_up(uint16_t h)
{
    return float_of((uint32_t)h << 16);
}

static inline uint16_t brain_down(float f)
{
    uint32_t x = bits_of(f), rounded = (x + 0x7fff + (x >> 16 & 1)) >> 16, nan = x >> 16 | 0x40;

    return (uint16_t)((x & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

#endif

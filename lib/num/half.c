#include "num/half.h"

#include "num/half_bits.h"

float f16_to_f32(uint16_t h)
{
    return half_up(h);
}

uint16_t f16_from_f32(float f)
{
    return half_down(f);
}

float bf16_to_f32(uint16_t h)
{
    return brain_up(h);
}

uint16_t bf16_from_f32(float f)
{
    return brain_down(f);
}

/* 2^n for the exponents of the short types. */
static float pow2(int n)
{
    return float_of((uint32_t)(n + 127) << 23);
}

/*
 * The value of sign, exponent, fraction bits without any special codes.
 * b     the code: 1 sign bit, ebits, mbits, in its low bits
 * bias  of the exponent; exponent field 0 holds subnormals
 */
static float short_up(unsigned b, int ebits, int mbits, int bias)
{
    int e = (int)(b >> mbits & ((1u << ebits) - 1));
    float m = (float)(b & ((1u << mbits) - 1)), one = (float)(1u << mbits);
    float v = e ? (one + m) * pow2(e - bias - mbits) : m * pow2(1 - bias - mbits);

    return b >> (ebits + mbits) & 1 ? -v : v;
}

float f8_e4m3_to_f32(uint8_t b)
{
    return (b & 0x7f) == 0x7f ? float_of(b & 0x80 ? 0xffc00000u : 0x7fc00000u) : short_up(b, 4, 3, 7);
}

float f8_e5m2_to_f32(uint8_t b)
{
    return brain_up(
        bf16_from_f32(f16_to_f32((uint16_t)(b << 8)))); /* it is the high byte of a half; the way is exact */
}

float f8_e4m3fnuz_to_f32(uint8_t b)
{
    return b == 0x80 ? float_of(0x7fc00000u) : short_up(b, 4, 3, 8);
}

float f8_e5m2fnuz_to_f32(uint8_t b)
{
    return b == 0x80 ? float_of(0x7fc00000u) : short_up(b, 5, 2, 16);
}

float f8_e8m0_to_f32(uint8_t b)
{
    if (b == 0xff)
        return float_of(0x7fc00000u);
    return b ? float_of((uint32_t)b << 23) : 0x1p-127f;
}

float f6_e2m3_to_f32(uint8_t b)
{
    return short_up(b, 2, 3, 1);
}

float f6_e3m2_to_f32(uint8_t b)
{
    return short_up(b, 3, 2, 3);
}

float f4_e2m1_to_f32(uint8_t b)
{
    return short_up(b, 2, 1, 1);
}

/*
 * Round |f| to a type with mbits of fraction, nearest even; the code may lie beyond the type's largest.
 * least  the type's smallest normal value; the sum with least * 2^(23 - mbits) rounds to its subnormal steps
 */
static uint32_t short_down(float f, int mbits, float least)
{
    uint32_t x = bits_of(f) & 0x7fffffffu, drop = (uint32_t)(23 - mbits);
    float step = least * pow2((int)drop);

    if (x < bits_of(least))
        return bits_of(float_of(x) + step) - bits_of(step);
    return (x + ((1u << (drop - 1)) - 1) + (x >> drop & 1) - bits_of(least) + (1u << 23)) >> drop;
}

uint8_t f8_e4m3_from_f32(float f)
{
    uint32_t sign = bits_of(f) >> 24 & 0x80, x = bits_of(f) & 0x7fffffffu;
    uint32_t code = short_down(f, 3, 0x1p-6f);

    if (x > 0x7f800000u)
        return (uint8_t)(sign | 0x7f);
    return (uint8_t)(sign | (code > 0x7e ? 0x7e : code));
}

uint8_t f8_e5m2_from_f32(float f)
{
    uint32_t sign = bits_of(f) >> 24 & 0x80, x = bits_of(f) & 0x7fffffffu;
    uint32_t code = short_down(f, 2, 0x1p-14f);

    if (x > 0x7f800000u)
        return (uint8_t)(sign | 0x7f);
    return (uint8_t)(sign | (code > 0x7c ? 0x7c : code));
}

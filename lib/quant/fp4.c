/* mxfp4, nvfp4: 4.25 and 4.5 bits. Floats of 4 bits with a short scale for 32 or 16 weights, which importance does not
 * change. */
#include <math.h>

#include "num/half_bits.h"
#include "base/wide.h"
#include "quant/quant.h"

static inline float most(const float *x, int n)
{
    int32_t top = 0;

    for (int j = 0; j < n; j++) {
        int32_t a = (int32_t)(bits_of(x[j]) & 0x7fffffff);

        top = a > top ? a : top;
    }
    return float_of((uint32_t)top);
}

/*
 * Codes of n weights, two in a byte, byte j having j and j + n / 2: 0 to 7 for 0 to 6 and then with a sign, the nearest
 * to x of their values times unit (half the scale: values are kept twice); of equals the lower, and 0 where unit is 0.
 * The middles are exact: values have two bits.
 */
static inline void codes(const float *x, int n, float unit, uint8_t *out)
{
    static const float middle[7] = {.5f, 1.5f, 2.5f, 3.5f, 5, 7, 10};
    float above[7];
    int32_t code[32];

    for (int i = 0; i < 7; i++)
        above[i] = unit > 0 ? middle[i] * unit : INFINITY;
    for (int j = 0; j < n; j++) {
        float a = float_of(bits_of(x[j]) & 0x7fffffff);
        int32_t c = (a > above[0]) + (a > above[1]) + (a > above[2]) + (a > above[3]) + (a > above[4]) +
                    (a > above[5]) + (a > above[6]);

        code[j] = c | ((c > 0) & (x[j] < 0)) << 3;
    }
    for (int j = 0; j < n / 2; j++)
        out[j] = (uint8_t)(code[j] | code[j + n / 2] << 4);
}

/* 2^e, from -149 on. */
static inline float power(int e)
{
    return float_of(e < -126 ? 1u << (e + 149) : (uint32_t)(e + 127) << 23);
}

/* The scale is the power of two below the largest magnitude, over 4; what it is too small for has the least. By log2f,
 * as ggml has it: just below a power of two it rounds up. */
WIDE static void encode_mxfp4(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 32; b++, x += 32, out += 17) {
        float top = most(x, 32);
        float e = top > 0 ? floorf(log2f(top)) - 2 + 127 : 0;

        out[0] = (uint8_t)(e < 0 ? 0 : (int)e);
        codes(x, 32, power((int)out[0] - 128), out + 1);
    }
}

/* v as 4 bits of exponent and 3 of fraction, without a sign, half rounded up; at most 448. */
static uint8_t short_float(float v)
{
    uint32_t u = bits_of(v);
    int exp = (int)(u >> 23) - 120;          /* with the bias of 7 */
    uint32_t rounded = ((u >> 19) + 1) >> 1; /* exponent and 3 bits, carried */

    if (v <= 0)
        return 0;
    if (exp <= 0) {
        int man = (int)(v * 512.0f + 0.5f);

        return (uint8_t)(man > 7 ? 7 : man);
    }
    return rounded >= 135u << 3 ? 0x7e : (uint8_t)(rounded - (120u << 3));
}

/* As num/ggml_fp4.c reads it: half of the scale. */
static float half_of_short(uint8_t s)
{
    return s >> 3 ? (float)(8 + (s & 7)) * power((s >> 3) - 11) : (float)s * 0x1p-10f;
}

WIDE static void encode_nvfp4(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 64; b++, x += 64, out += 36)
        for (int s = 0; s < 4; s++) {
            out[s] = short_float(most(x + 16 * s, 16) / 6.0f);
            codes(x + 16 * s, 16, half_of_short(out[s]), out + 4 + 8 * s);
        }
}

const struct quant_block quant_block_mxfp4 = {.type = "mxfp4", .fallback = "", .encode = encode_mxfp4};
const struct quant_block quant_block_nvfp4 = {.type = "nvfp4", .fallback = "", .encode = encode_nvfp4};

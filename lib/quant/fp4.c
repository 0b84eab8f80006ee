/* mxfp4, nvfp4: 4.25 and 4.5 bits. Floats of 4 bits with a short scale for 32 or 16 weights, which importance does not change. */
#include <math.h>

#include "num/half_bits.h"
#include "num/wide.h"
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
 * The code, in the order 0 to 6 and then -0 to -6, whose value times unit (half the scale: values are kept twice) is nearest to x; of equals the
 * first. Distances rise from the nearest on both sides, so x needs to be compared with its own sign only.
 */
static inline uint8_t nearest(float x, float unit)
{
    static const float twice[8] = {0, 1, 2, 3, 4, 6, 8, 12};
    float a = fabsf(x), best = fabsf(0 * unit - a);
    int code = 0;

    for (int i = 1; i < 8; i++) {
        float d = fabsf(twice[i] * unit - a);

        code = d < best ? i : code;
        best = d < best ? d : best;
    }
    return (uint8_t)(code && x < 0 ? code + 8 : code);
}

static inline void codes(const float *x, int half, float unit, uint8_t *out)
{
    for (int j = 0; j < half; j++)
        out[j] = (uint8_t)(nearest(x[j], unit) | nearest(x[j + half], unit) << 4);
}

/* The scale is the power of two below the largest magnitude, over 4; what it is too small for has the least. By log2f, as ggml has it: just below a
 * power of two it rounds up. */
WIDE static void encode_mxfp4(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 32; b++, x += 32, out += 17) {
        float top = most(x, 32);
        float e = top > 0 ? floorf(log2f(top)) - 2 + 127 : 0;

        out[0] = (uint8_t)(e < 0 ? 0 : (int)e);
        codes(x, 16, ldexpf(1, (int)out[0] - 128), out + 1);
    }
}

/* v as 4 bits of exponent and 3 of fraction, without a sign, half rounded up; at most 448. */
static uint8_t short_float(float v)
{
    uint32_t u = bits_of(v);
    int exp = (int)(u >> 23) - 120; /* with the bias of 7 */
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
    return s >> 3 ? ldexpf((float)(8 + (s & 7)), (s >> 3) - 11) : ldexpf((float)s, -10);
}

WIDE static void encode_nvfp4(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 64; b++, x += 64, out += 36)
        for (int s = 0; s < 4; s++) {
            out[s] = short_float(most(x + 16 * s, 16) / 6.0f);
            codes(x + 16 * s, 8, half_of_short(out[s]), out + 4 + 8 * s);
        }
}

const struct quant_block quant_block_mxfp4 = {.type = "mxfp4", .fallback = "", .encode = encode_mxfp4};
const struct quant_block quant_block_nvfp4 = {.type = "nvfp4", .fallback = "", .encode = encode_nvfp4};

/* Blocks of floats of 4 bits (1 sign, 2 exponent, 1 fraction; here twice their value, whole numbers), with short
 * scales. Layouts: ggml's. */
#include <math.h>

#include "num/ggml_blocks.h"

static const float twice[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/* 32 elements: the exponent of a power of two, less 127; then 16 bytes, the low half of byte j element j, the high one
 * element j + 16. */
void ggml_mxfp4_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 32, b += 17, dst += 32) {
        float d = ldexpf(1.0f, (int)b[0] - 128); /* half: the values are twice */

        for (int j = 0; j < 16; j++) {
            dst[j] = d * twice[b[1 + j] & 15];
            dst[j + 16] = d * twice[b[1 + j] >> 4];
        }
    }
}

/* Half of a scale of 7 bits, 4 of exponent with a bias of 7; the top bit says nothing, and what would be NaN is 0. */
static float half_scale(uint8_t x)
{
    int exp = x >> 3 & 15, man = x & 7;

    if (x == 0 || x == 0x7f)
        return 0;
    return exp ? ldexpf((float)(8 + man), exp - 11) : ldexpf((float)man, -10);
}

/* 64 elements: 4 scales, then for each 16 elements 8 bytes, the low half of byte j element j, the high one element j +
 * 8. */
void ggml_nvfp4_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 64, b += 36, dst += 64)
        for (int s = 0; s < 4; s++) {
            float d = half_scale(b[s]);
            const uint8_t *q = b + 4 + 8 * s;

            for (int j = 0; j < 8; j++) {
                dst[16 * s + j] = d * twice[q[j] & 15];
                dst[16 * s + j + 8] = d * twice[q[j] >> 4];
            }
        }
}

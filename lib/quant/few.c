/* tq1_0, tq2_0, q1_0, q2_0: 1.6875, 2.0625, 1.125 and 2.25 bits. One scale from the block itself and the nearest code:
 * for models trained to such values. Importance changes nothing. */
#include <math.h>
#include <string.h>

#include "num/half_bits.h"
#include "quant/quant.h"

static uint8_t *put_half(uint8_t *to, float d)
{
    uint16_t half = half_down(d);

    memcpy(to, &half, 2);
    return to + 2;
}

/* Codes -1, 0, 1, .. for x over its largest magnitude, which is the result; half goes away from zero. */
static float code(const float *x, int n, int8_t *q)
{
    float top = 0;

    for (int i = 0; i < n; i++)
        top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
    for (int i = 0; i < n; i++)
        q[i] = (int8_t)roundf(x[i] * (top > 0 ? 1.0f / top : 0.0f));
    return top;
}

/* `digits` digits of base 3 for each of n bytes, the first the highest, as a share of 256 rounded up: num/ggml_few.c.
 * */
static uint8_t *put_trits(uint8_t *to, const int8_t *q, int n, int digits)
{
    for (int j = 0; j < n; j++) {
        unsigned v = 0;

        for (int i = 0; i < 5; i++)
            v = 3 * v + (i < digits ? (unsigned)(q[i * n + j] + 1) : 0);
        *to++ = (uint8_t)((v * 256 + 242) / 243);
    }
    return to;
}

static void encode_tq1_0(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    int8_t q[256];

    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 256; b++, x += 256) {
        float d = code(x, 256, q);

        out = put_trits(out, q, 32, 5);
        out = put_trits(out, q + 160, 16, 5);
        out = put_trits(out, q + 240, 4, 4);
        out = put_half(out, d);
    }
}

static void encode_tq2_0(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    int8_t q[256];

    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 256; b++, x += 256) {
        float d = code(x, 256, q);

        memset(out, 0, 64);
        for (int i = 0; i < 256; i++)
            out[i / 128 * 32 + i % 32] = (uint8_t)(out[i / 128 * 32 + i % 32] | (q[i] + 1) << i % 128 / 32 * 2);
        out = put_half(out + 64, d);
    }
}

/* The scale is the mean magnitude; the sum runs in order. */
static void encode_q1_0(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 128; b++, x += 128, out += 16) {
        float sum = 0;

        for (int i = 0; i < 128; i++)
            sum += fabsf(x[i]);
        out = put_half(out, sum / 128);
        memset(out, 0, 16);
        for (int i = 0; i < 128; i++)
            out[i / 8] = (uint8_t)(out[i / 8] | (x[i] >= 0) << i % 8);
    }
}

static void encode_q2_0(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    int8_t q[64];

    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 64; b++, x += 64, out += 16) {
        out = put_half(out, code(x, 64, q));
        memset(out, 0, 16);
        for (int i = 0; i < 64; i++)
            out[i / 4] = (uint8_t)(out[i / 4] | (q[i] + 1) << i % 4 * 2);
    }
}

const struct quant_block quant_block_tq1_0 = {.type = "tq1_0", .fallback = "q4_0", .encode = encode_tq1_0};
const struct quant_block quant_block_tq2_0 = {.type = "tq2_0", .fallback = "q4_0", .encode = encode_tq2_0};
const struct quant_block quant_block_q1_0 = {.type = "q1_0", .fallback = "", .encode = encode_q1_0};
const struct quant_block quant_block_q2_0 = {.type = "q2_0", .fallback = "q4_0", .encode = encode_q2_0};

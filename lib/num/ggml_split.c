/* ggml_split: blocks as codes, scales and mins, for products that take the codes as integers. Layouts: ggml.c,
 * ggml_k.c, ggml_iq.c. */
#include <string.h>

#include "num/ggml_blocks.h"
#include "num/half_bits.h"

/* n bytes of nibbles: the low ones, then the high ones. */
static void nibbles(const uint8_t *q, int n, uint8_t *code)
{
    for (int j = 0; j < n; j++) {
        code[j] = q[j] & 15;
        code[j + n] = q[j] >> 4;
    }
}

/* A fifth bit for each of 32 codes. */
static void fifth(const uint8_t *bits, uint8_t *code)
{
    for (int j = 0; j < 32; j++)
        code[j] |= (uint8_t)((bits[j / 8] >> j % 8 & 1) << 4);
}

static void q4_0(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    (void)min;
    for (; n > 0; n -= 32, b += 18, code += 32) {
        *scale++ = half_at(b);
        nibbles(b + 2, 16, code);
    }
}

static void q4_1(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    for (; n > 0; n -= 32, b += 20, code += 32) {
        *scale++ = half_at(b);
        *min++ = -half_at(b + 2);
        nibbles(b + 4, 16, code);
    }
}

static void q5_0(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    (void)min;
    for (; n > 0; n -= 32, b += 22, code += 32) {
        *scale++ = half_at(b);
        nibbles(b + 6, 16, code);
        fifth(b + 2, code);
    }
}

static void q5_1(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    for (; n > 0; n -= 32, b += 24, code += 32) {
        *scale++ = half_at(b);
        *min++ = -half_at(b + 2);
        nibbles(b + 8, 16, code);
        fifth(b + 4, code);
    }
}

static void q8_0(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    (void)min;
    for (; n > 0; n -= 32, b += 34, code += 32) {
        *scale++ = half_at(b);
        for (int j = 0; j < 32; j++)
            code[j] = b[2 + j] ^ 0x80; /* plus 128 */
    }
}

static void iq4_nl(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    (void)min;
    for (; n > 0; n -= 32, b += 18, code += 32) {
        *scale++ = half_at(b);
        nibbles(b + 2, 16, code);
        for (int j = 0; j < 32; j++)
            code[j] = (uint8_t)(ggml_iq4_values[code[j]] + 128);
    }
}

static void q2_k(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    for (; n > 0; n -= 256, b += 84) {
        float d = half_at(b + 80), dmin = half_at(b + 82);

        for (int s = 0; s < 16; s++, code += 16) {
            const uint8_t *q = b + 16 + s / 8 * 32 + s % 2 * 16;

            *scale++ = d * (float)(b[s] & 15);
            *min++ = dmin * (float)(b[s] >> 4);
            for (int l = 0; l < 16; l++)
                code[l] = q[l] >> s % 8 / 2 * 2 & 3;
        }
    }
}

static void q3_k(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    (void)min;
    for (; n > 0; n -= 256, b += 110) {
        float d = half_at(b + 108);

        for (int s = 0; s < 16; s++, code += 16) {
            const uint8_t *q = b + 32 + s / 8 * 32 + s % 2 * 16, *h = b + s % 2 * 16;

            *scale++ = d * (float)ggml_q3_scale(b + 96, s);
            for (int l = 0; l < 16; l++)
                code[l] = (uint8_t)((q[l] >> s % 8 / 2 * 2 & 3) | (h[l] >> s / 2 & 1) << 2);
        }
    }
}

/* Scales and mins of q4_K and q5_K. */
static void scales_mins(const uint8_t *b, float *scale, float *min)
{
    float d = half_at(b), dmin = half_at(b + 2);

    for (int s = 0; s < 8; s++) {
        int sc, m;

        ggml_scale_min(b + 4, s, &sc, &m);
        scale[s] = d * (float)sc;
        min[s] = dmin * (float)m;
    }
}

static void q4_k(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    for (; n > 0; n -= 256, b += 144, code += 256, scale += 8, min += 8) {
        scales_mins(b, scale, min);
        for (int s = 0; s < 4; s++)
            nibbles(b + 16 + s * 32, 32, code + s * 64);
    }
}

static void q5_k(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    for (; n > 0; n -= 256, b += 176, code += 256, scale += 8, min += 8) {
        scales_mins(b, scale, min);
        for (int s = 0; s < 4; s++)
            nibbles(b + 48 + s * 32, 32, code + s * 64);
        for (int i = 0; i < 256; i++)
            code[i] |= (uint8_t)((b[16 + i % 32] >> i / 32 & 1) << 4);
    }
}

static void q6_k(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    (void)min;
    for (; n > 0; n -= 256, b += 210, code += 256) {
        for (int s = 0; s < 16; s++)
            *scale++ = half_at(b + 208) * (float)(int8_t)b[192 + s];
        for (int i = 0; i < 256; i++) {
            int quarter = i % 128 / 32, l = i % 32;

            code[i] = (uint8_t)((b[i / 128 * 64 + quarter % 2 * 32 + l] >> quarter / 2 * 4 & 15) |
                                (b[128 + i / 128 * 32 + l] >> quarter * 2 & 3) << 4);
        }
    }
}

static void iq4_xs(const uint8_t *b, size_t n, uint8_t *code, float *scale, float *min)
{
    (void)min;
    for (; n > 0; n -= 256, b += 136)
        for (int s = 0; s < 8; s++, code += 32) {
            *scale++ = half_at(b) * (float)ggml_iq4_xs_scale(b, s);
            nibbles(b + 8 + s * 16, 16, code);
            for (int j = 0; j < 32; j++)
                code[j] = (uint8_t)(ggml_iq4_values[code[j]] + 128);
        }
}

static const struct ggml_split splits[] = {
    {"q4_0", 32, 32, 8, 0, q4_0},  {"q4_1", 32, 32, 0, 1, q4_1},   {"q5_0", 32, 32, 16, 0, q5_0},
    {"q5_1", 32, 32, 0, 1, q5_1},  {"q8_0", 32, 32, 128, 0, q8_0}, {"iq4_nl", 32, 32, 128, 0, iq4_nl},
    {"q2_K", 16, 256, 0, 1, q2_k}, {"q3_K", 16, 256, 4, 0, q3_k},  {"q4_K", 32, 256, 0, 1, q4_k},
    {"q5_K", 32, 256, 0, 1, q5_k}, {"q6_K", 16, 256, 32, 0, q6_k}, {"iq4_xs", 32, 256, 128, 0, iq4_xs},
};

const struct ggml_split *ggml_split(const struct ggml_type *t)
{
    for (size_t i = 0; t && i < sizeof splits / sizeof *splits; i++)
        if (strcmp(splits[i].name, t->name) == 0)
            return &splits[i];
    return NULL;
}

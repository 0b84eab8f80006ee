#include "num/ggml.h"

#include <strings.h>
#include <string.h>

#include "num/dtype.h"
#include "num/ggml_blocks.h"
#include "num/half_bits.h"

const int8_t ggml_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/* Blocks of 32: d, then 16 bytes; the low nibble of byte j is element j, the high one element j + 16. */
static void q4_0_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 32, b += 18, dst += 32) {
        float d = half_at(b);

        for (int j = 0; j < 16; j++) {
            dst[j] = (float)((b[2 + j] & 15) - 8) * d;
            dst[j + 16] = (float)((b[2 + j] >> 4) - 8) * d;
        }
    }
}

static void q4_1_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 32, b += 20, dst += 32) {
        float d = half_at(b), m = half_at(b + 2);

        for (int j = 0; j < 16; j++) {
            dst[j] = (float)(b[4 + j] & 15) * d + m;
            dst[j + 16] = (float)(b[4 + j] >> 4) * d + m;
        }
    }
}

/* The fifth bits of the 32 elements are one little-endian word before the nibbles. */
static uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void q5_0_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 32, b += 22, dst += 32) {
        float d = half_at(b);
        uint32_t high = word_at(b + 2);

        for (int j = 0; j < 16; j++) {
            dst[j] = (float)((int)(b[6 + j] & 15) + (int)(high >> j & 1) * 16 - 16) * d;
            dst[j + 16] = (float)((int)(b[6 + j] >> 4) + (int)(high >> (j + 16) & 1) * 16 - 16) * d;
        }
    }
}

static void q5_1_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 32, b += 24, dst += 32) {
        float d = half_at(b), m = half_at(b + 2);
        uint32_t high = word_at(b + 4);

        for (int j = 0; j < 16; j++) {
            dst[j] = (float)((b[8 + j] & 15) + (high >> j & 1) * 16) * d + m;
            dst[j + 16] = (float)((b[8 + j] >> 4) + (high >> (j + 16) & 1) * 16) * d + m;
        }
    }
}

static void q8_0_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 32, b += 34, dst += 32) {
        float d = half_at(b);

        for (int j = 0; j < 32; j++)
            dst[j] = (float)(int8_t)b[2 + j] * d;
    }
}

static void iq4_nl_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 32, b += 18, dst += 32) {
        float d = half_at(b);

        for (int j = 0; j < 16; j++) {
            dst[j] = d * (float)ggml_iq4_values[b[2 + j] & 15];
            dst[j + 16] = d * (float)ggml_iq4_values[b[2 + j] >> 4];
        }
    }
}

#define PLAIN(name, type)                                                                                              \
    static void name(const uint8_t *b, float *dst, size_t n)                                                           \
    {                                                                                                                  \
        dtype_to_f32(type, b, dst, n);                                                                                 \
    }
PLAIN(f32_up, DT_F32)
PLAIN(f16_up, DT_F16)
PLAIN(bf16_up, DT_BF16)
PLAIN(f64_up, DT_F64)
PLAIN(i8_up, DT_I8)
PLAIN(i16_up, DT_I16)
PLAIN(i32_up, DT_I32)
PLAIN(i64_up, DT_I64)

const struct ggml_type ggml_types[] = {
    {"f32", 0, 1, 4, f32_up},
    {"f16", 1, 1, 2, f16_up},
    {"q4_0", 2, 32, 18, q4_0_up},
    {"q4_1", 3, 32, 20, q4_1_up},
    {"q5_0", 6, 32, 22, q5_0_up},
    {"q5_1", 7, 32, 24, q5_1_up},
    {"q8_0", 8, 32, 34, q8_0_up},
    {"q8_1", 9, 32, 36, NULL},
    {"q2_K", 10, 256, 84, ggml_q2_k_up},
    {"q3_K", 11, 256, 110, ggml_q3_k_up},
    {"q4_K", 12, 256, 144, ggml_q4_k_up},
    {"q5_K", 13, 256, 176, ggml_q5_k_up},
    {"q6_K", 14, 256, 210, ggml_q6_k_up},
    {"q8_K", 15, 256, 292, NULL},
    {"iq2_xxs", 16, 256, 66, ggml_iq2_xxs_up},
    {"iq2_xs", 17, 256, 74, ggml_iq2_xs_up},
    {"iq3_xxs", 18, 256, 98, ggml_iq3_xxs_up},
    {"iq1_s", 19, 256, 50, ggml_iq1_s_up},
    {"iq4_nl", 20, 32, 18, iq4_nl_up},
    {"iq3_s", 21, 256, 110, ggml_iq3_s_up},
    {"iq2_s", 22, 256, 82, ggml_iq2_s_up},
    {"iq4_xs", 23, 256, 136, ggml_iq4_xs_up},
    {"i8", 24, 1, 1, i8_up},
    {"i16", 25, 1, 2, i16_up},
    {"i32", 26, 1, 4, i32_up},
    {"i64", 27, 1, 8, i64_up},
    {"f64", 28, 1, 8, f64_up},
    {"iq1_m", 29, 256, 56, ggml_iq1_m_up},
    {"bf16", 30, 1, 2, bf16_up},
    {"tq1_0", 34, 256, 54, ggml_tq1_0_up},
    {"tq2_0", 35, 256, 66, ggml_tq2_0_up},
    {"mxfp4", 39, 32, 17, ggml_mxfp4_up},
    {"nvfp4", 40, 64, 36, ggml_nvfp4_up},
    {"q1_0", 41, 128, 18, ggml_q1_0_up},
    {"q2_0", 42, 64, 18, ggml_q2_0_up},
    {NULL, 0, 0, 0, NULL},
};

const struct ggml_type *ggml_find(const char *name)
{
    for (const struct ggml_type *t = ggml_types; t->name; t++)
        if (strcasecmp(t->name, name) == 0)
            return t;
    return NULL;
}

const struct ggml_type *ggml_by_number(uint32_t number)
{
    for (const struct ggml_type *t = ggml_types; t->name; t++)
        if (t->number == number)
            return t;
    return NULL;
}

uint64_t ggml_row_bytes(const struct ggml_type *t, uint64_t cols)
{
    uint64_t bytes;

    if (cols % t->block != 0 || __builtin_mul_overflow(cols / t->block, (uint64_t)t->bytes, &bytes))
        return 0;
    return bytes;
}

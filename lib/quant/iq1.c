/* iq1_s, iq1_m: 1.5625 and 1.75 bits. The search is in iq1_body.h, the layouts are in num/ggml_iq.c too. */
#include "quant/iq1.h"

#include <string.h>

#include "quant/isa.h"
#include "quant/quant.h"

void iq1_s_pack(const struct iq1_block *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    for (int k = 0; k < 32; k++)
        block[2 + k] = (uint8_t)s->point[k];
    for (int i = 0; i < 8; i++) {
        unsigned h = (unsigned)s->scale[i] << 12 | (unsigned)s->minus[i] << 15;

        for (int k = 0; k < 4; k++)
            h |= (unsigned)s->point[4 * i + k] >> 8 << 3 * k;
        block[34 + 2 * i] = (uint8_t)h;
        block[35 + 2 * i] = (uint8_t)(h >> 8);
    }
}

void iq1_m_pack(const struct iq1_block *s, uint8_t *block)
{
    for (int k = 0; k < 32; k++)
        block[k] = (uint8_t)s->point[k];
    for (int i = 0; i < 16; i++) {
        int first = s->point[2 * i] >> 8 | s->minus[i] >> 1 << 3, second = s->point[2 * i + 1] >> 8 | (s->minus[i] & 1)
                                                                                                          << 3;

        block[32 + i] = (uint8_t)(first | second << 4);
    }
    for (int i = 0; i < 4; i++) {
        unsigned h = (s->d >> 4 * i & 15u) << 12;

        for (int k = 0; k < 4; k++)
            h |= (unsigned)s->scale[4 * i + k] << 3 * k;
        block[48 + 2 * i] = (uint8_t)h;
        block[49 + 2 * i] = (uint8_t)(h >> 8);
    }
}

static void encode_s(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    quant_isa()->iq1(1, x, importance, rows, cols, out);
}

static void encode_m(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    quant_isa()->iq1(2, x, importance, rows, cols, out);
}

const struct quant_block quant_block_iq1_s = {
    .type = "iq1_s", .fallback = "iq4_nl", .without = "q2_K", .encode = encode_s};
const struct quant_block quant_block_iq1_m = {
    .type = "iq1_m", .fallback = "iq4_nl", .without = "q2_K", .encode = encode_m};

/* q5_K: 5.5 bits. d, dmin, scales[12], qh[32], qs[128]; bit j/32 of qh[j%32] is the fifth bit of element j. */
#include <string.h>

#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

static void pack(const struct superblock *s, uint8_t *block)
{
    uint8_t high[32] = {0};

    memcpy(block, &s->d, 2);
    memcpy(block + 2, &s->dmin, 2);
    superblock_pack_scales(s, block + 4);
    for (int i = 0; i < 256; i++)
        high[i % 32] = (uint8_t)(high[i % 32] | s->q[i] >> 4 << i / 32);
    memcpy(block + 16, high, 32);
    for (int g = 0; g < 4; g++)
        for (int l = 0; l < 32; l++)
            block[48 + g * 32 + l] = (uint8_t)((s->q[g * 64 + l] & 15) | (s->q[g * 64 + 32 + l] & 15) << 4);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct superblock_type type = {.sub = 32,
                                                .nmax = 31,
                                                .scale_max = 63,
                                                .plain = {31, -0.5f, 0.1f, 15, 0},
                                                .spread = 2,
                                                .mean_weight = 1,
                                                .bytes = 176,
                                                .pack = pack};

    superblock_encode(&type, x, importance, rows, cols, out);
}

static const struct levels_kind levels = {
    .top = 31, .middle = -1, .lows = 1, .scale_max = 63, .unit = 256, .sub = 32, .pack = pack};

const struct quant_block quant_block_q5_k = {.type = "q5_K", .fallback = "q5_1", .encode = encode, .levels = &levels};

/* q2_K: 2.625 bits. scales[16] (low nibble scale, high nibble low), qs[64], d, dmin. */
#include <string.h>

#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

static void pack(const struct superblock *s, uint8_t *block)
{
    for (int i = 0; i < 16; i++)
        block[i] = (uint8_t)(s->scale[i] | s->low[i] << 4);
    for (int h = 0; h < 2; h++)
        for (int l = 0; l < 32; l++) {
            const uint8_t *q = s->q + h * 128 + l;

            block[16 + h * 32 + l] = (uint8_t)(q[0] | q[32] << 2 | q[64] << 4 | q[96] << 6);
        }
    memcpy(block + 80, &s->d, 2);
    memcpy(block + 82, &s->dmin, 2);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct superblock_type type = {.sub = 16,
                                                .nmax = 3,
                                                .scale_max = 15,
                                                .plain = {3, -0.5f, 0.1f, 15, 1},
                                                .spread = 1,
                                                .bytes = 84,
                                                .pack = pack};

    superblock_encode(&type, x, importance, rows, cols, out);
}

static const struct levels_kind levels = {
    .top = 3, .middle = -1, .lows = 1, .scale_max = 15, .unit = 256, .sub = 16, .pack = pack};

const struct quant_block quant_block_q2_k = {.type = "q2_K", .fallback = "q4_0", .encode = encode, .levels = &levels};

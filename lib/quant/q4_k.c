/* q4_K: 4.5 bits. d, dmin, scales[12], qs[128]; 32 bytes for 64 elements, low nibbles first. */
#include <string.h>

#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

static void pack(const struct superblock *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    memcpy(block + 2, &s->dmin, 2);
    superblock_pack_scales(s, block + 4);
    for (int g = 0; g < 4; g++)
        for (int l = 0; l < 32; l++)
            block[16 + g * 32 + l] = (uint8_t)(s->q[g * 64 + l] | s->q[g * 64 + 32 + l] << 4);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct superblock_type type = {.sub = 32,
                                                .nmax = 15,
                                                .scale_max = 63,
                                                .plain = {15, -1.0f, 0.1f, 20, 0},
                                                .spread = 2,
                                                .mean_weight = 1,
                                                .bytes = 144,
                                                .pack = pack};

    superblock_encode(&type, x, importance, rows, cols, out);
}

static const struct levels_kind levels = {
    .top = 15, .middle = -1, .lows = 1, .scale_max = 63, .unit = 256, .sub = 32, .pack = pack};

const struct quant_block quant_block_q4_k = {.type = "q4_K", .fallback = "q5_0", .encode = encode, .levels = &levels};

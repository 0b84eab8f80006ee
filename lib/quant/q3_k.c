/* q3_K: 3.4375 bits. hmask[32], qs[64], scales[12], d. */
#include <string.h>

#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

/* Scale s: its low 4 bits in a nibble of bytes 0 to 7, its high 2 in bytes 8 to 11. */
static void pack_scales(const struct superblock *s, uint8_t *p)
{
    memset(p, 0, 12);
    for (int i = 0; i < 16; i++) {
        int code = s->scale[i] + 32;

        p[i % 8] = (uint8_t)(p[i % 8] | (code & 15) << i / 8 * 4);
        p[8 + i % 4] = (uint8_t)(p[8 + i % 4] | code >> 4 << i / 4 * 2);
    }
}

static void pack(const struct superblock *s, uint8_t *block)
{
    uint8_t high[32] = {0};

    for (int i = 0; i < 256; i++)
        high[i % 32] = (uint8_t)(high[i % 32] | s->q[i] >> 2 << i / 32);
    memcpy(block, high, 32);
    for (int h = 0; h < 2; h++)
        for (int l = 0; l < 32; l++) {
            const uint8_t *q = s->q + h * 128 + l;

            block[32 + h * 32 + l] = (uint8_t)((q[0] & 3) | (q[32] & 3) << 2 | (q[64] & 3) << 4 | (q[96] & 3) << 6);
        }
    pack_scales(s, block + 96);
    memcpy(block + 108, &s->d, 2);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct superblock_type type = {.symmetric = 1,
                                                .sub = 16,
                                                .nmax = 4,
                                                .scale_max = 32,
                                                .zero_scale = -32,
                                                .spread = 2,
                                                .bytes = 110,
                                                .pack = pack};

    superblock_encode(&type, x, importance, rows, cols, out);
}

static const struct levels_kind levels = {
    .top = 7, .middle = 4, .flips = 1, .scale_max = 32, .unit = 256, .sub = 16, .pack = pack};

const struct quant_block quant_block_q3_k = {.type = "q3_K", .fallback = "q4_0", .encode = encode, .levels = &levels};

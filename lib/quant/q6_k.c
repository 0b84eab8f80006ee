/* q6_K: 6.5625 bits. ql[128], qh[64], i8 scales[16], d. Per 128 elements the low nibbles of l and l+64, of l+32 and
 * l+96. */
#include <string.h>

#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

static void pack(const struct superblock *s, uint8_t *block)
{
    for (int h = 0; h < 2; h++)
        for (int l = 0; l < 32; l++) {
            const uint8_t *q = s->q + h * 128 + l;

            block[h * 64 + l] = (uint8_t)((q[0] & 15) | (q[64] & 15) << 4);
            block[h * 64 + 32 + l] = (uint8_t)((q[32] & 15) | (q[96] & 15) << 4);
            block[128 + h * 32 + l] = (uint8_t)(q[0] >> 4 | q[32] >> 4 << 2 | q[64] >> 4 << 4 | q[96] >> 4 << 6);
        }
    for (int i = 0; i < 16; i++)
        block[192 + i] = (uint8_t)s->scale[i];
    memcpy(block + 208, &s->d, 2);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct superblock_type type = {.symmetric = 1,
                                                .sub = 16,
                                                .nmax = 32,
                                                .scale_max = 128,
                                                .least = 1e-15f,
                                                .spread = 0,
                                                .bytes = 210,
                                                .pack = pack};

    superblock_encode(&type, x, importance, rows, cols, out);
}

static const struct levels_kind levels = {
    .top = 63, .middle = 32, .flips = 1, .scale_max = 128, .unit = 256, .sub = 16, .pack = pack};

const struct quant_block quant_block_q6_k = {.type = "q6_K", .fallback = "q8_0", .encode = encode, .levels = &levels};

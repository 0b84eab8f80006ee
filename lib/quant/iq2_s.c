/* iq2_s: 2.5625 bits. d; low bytes of places [32]; signs [32]; their high 2 bits [8]; scales[8]. */
#include <string.h>

#include "quant/lattice.h"
#include "quant/quant.h"

static void pack(const struct lattice_block *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    memcpy(block + 34, s->signs, 32);
    memset(block + 66, 0, 8);
    for (int k = 0; k < 32; k++) {
        block[2 + k] = (uint8_t)s->point[k];
        block[66 + k / 4] = (uint8_t)(block[66 + k / 4] | s->point[k] >> 8 << k % 4 * 2);
    }
    for (int i = 0; i < 8; i++)
        block[74 + i] = (uint8_t)(s->scale[2 * i] | s->scale[2 * i + 1] << 4);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct lattice_type type = {.grid = GRID_IQ2_S,
                                             .sub = 16,
                                             .spread = 2,
                                             .plain_mean = 0.5f,
                                             .steps = 9,
                                             .step = 0.1f,
                                             .least = 1e-8f,
                                             .again = AGAIN_OUTSIDE,
                                             .swell = 0.9875f,
                                             .bytes = 82,
                                             .pack = pack};

    lattice_encode(&type, x, importance, rows, cols, out);
}

const struct quant_block quant_block_iq2_s = {
    .type = "iq2_s", .fallback = "iq4_nl", .without = "q2_K", .encode = encode};

/* iq2_xs: 2.3125 bits. d; u16 qs[32], 9 bits of place and 7 signs; scales[8]. */
#include <string.h>

#include "quant/lattice.h"
#include "quant/quant.h"

static void pack(const struct lattice_block *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    for (int k = 0; k < 32; k++) {
        unsigned q = s->point[k] | (s->signs[k] & 127u) << 9;

        block[2 + 2 * k] = (uint8_t)q;
        block[3 + 2 * k] = (uint8_t)(q >> 8);
    }
    for (int i = 0; i < 8; i++)
        block[66 + i] = (uint8_t)(s->scale[2 * i] | s->scale[2 * i + 1] << 4);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct lattice_type type = {.grid = GRID_IQ2_XS,
                                             .sub = 16,
                                             .even_signs = 1,
                                             .spread = 1,
                                             .steps = 9,
                                             .step = 0.1f,
                                             .least = 1e-15f,
                                             .again = AGAIN_OUTSIDE,
                                             .swell = 1,
                                             .bytes = 74,
                                             .pack = pack};

    lattice_encode(&type, x, importance, rows, cols, out);
}

const struct quant_block quant_block_iq2_xs = {
    .type = "iq2_xs", .fallback = "iq4_nl", .without = "q2_K", .encode = encode};

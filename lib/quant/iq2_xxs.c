/* iq2_xxs: 2.0625 bits. d; for each 32 the places of 4 points, and a word of 4 times 7 signs and the scale. */
#include <string.h>

#include "quant/lattice.h"
#include "quant/quant.h"

static void pack(const struct lattice_block *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    for (int i = 0; i < 8; i++) {
        uint32_t word = (uint32_t)s->scale[i] << 28;

        for (int k = 0; k < 4; k++)
            word |= (uint32_t)(s->signs[4 * i + k] & 127) << 7 * k;
        for (int k = 0; k < 4; k++) {
            block[2 + 8 * i + k] = (uint8_t)s->point[4 * i + k];
            block[6 + 8 * i + k] = (uint8_t)(word >> 8 * k);
        }
    }
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct lattice_type type = {.grid = GRID_IQ2_XXS,
                                             .sub = 32,
                                             .even_signs = 1,
                                             .spread = 1,
                                             .steps = 6,
                                             .step = 0.1f,
                                             .fitted_top = 1,
                                             .least = 1e-15f,
                                             .again = AGAIN_ALWAYS,
                                             .swell = 1,
                                             .bytes = 66,
                                             .pack = pack};

    lattice_encode(&type, x, importance, rows, cols, out);
}

const struct quant_block quant_block_iq2_xxs = {
    .type = "iq2_xxs", .fallback = "iq4_nl", .without = "q2_K", .encode = encode};

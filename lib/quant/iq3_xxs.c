/* iq3_xxs: 3.0625 bits. d; places [64]; for each 32 a word of 4 times 7 signs and the scale. */
#include <string.h>

#include "quant/lattice.h"
#include "quant/quant.h"

static void pack(const struct lattice_block *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    for (int k = 0; k < 64; k++)
        block[2 + k] = (uint8_t)s->point[k];
    for (int i = 0; i < 8; i++) {
        uint32_t word = (uint32_t)s->scale[i] << 28;

        for (int k = 0; k < 4; k++)
            word |= (uint32_t)(s->signs[4 * i + k] & 127) << 7 * k;
        for (int k = 0; k < 4; k++)
            block[66 + 4 * i + k] = (uint8_t)(word >> 8 * k);
    }
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct lattice_type type = {.grid = GRID_IQ3_XXS,
                                             .sub = 32,
                                             .even_signs = 1,
                                             .spread = 2,
                                             .steps = 15,
                                             .step = 0.2f,
                                             .least = 1e-8f,
                                             .again = AGAIN_OUTSIDE,
                                             .swell = 1.0125f,
                                             .bytes = 98,
                                             .pack = pack};

    lattice_encode(&type, x, importance, rows, cols, out);
}

const struct quant_block quant_block_iq3_xxs = {
    .type = "iq3_xxs", .fallback = "iq4_nl", .without = "iq3_s", .encode = encode};

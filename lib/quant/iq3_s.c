/* iq3_s: 3.4375 bits. d; low bytes of places [64]; their ninth bits [8]; signs [32]; scales[4]. */
#include <string.h>

#include "quant/lattice.h"
#include "quant/quant.h"

static void pack(const struct lattice_block *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    memset(block + 66, 0, 8);
    for (int k = 0; k < 64; k++) {
        block[2 + k] = (uint8_t)s->point[k];
        block[66 + k / 8] = (uint8_t)(block[66 + k / 8] | s->point[k] >> 8 << k % 8);
    }
    memcpy(block + 74, s->signs, 32);
    for (int i = 0; i < 4; i++)
        block[106 + i] = (uint8_t)(s->scale[2 * i] | s->scale[2 * i + 1] << 4);
}

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    static const struct lattice_type type = {.grid = GRID_IQ3_S,
                                             .sub = 32,
                                             .spread = 2,
                                             .steps = 9,
                                             .step = 0.2f,
                                             .again = AGAIN_IF_ANY,
                                             .swell = 1.033f,
                                             .bytes = 110,
                                             .pack = pack};

    lattice_encode(&type, x, importance, rows, cols, out);
}

const struct quant_block quant_block_iq3_s = {.type = "iq3_s", .fallback = "iq4_nl", .encode = encode};

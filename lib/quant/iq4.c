/* iq4_nl, iq4_xs: 4.5 and 4.25 bits. Codes for 16 uneven values; a half for 32 weights, or one for 256 and 6 bits for
 * each 32. */
#include "quant/isa.h"
#include "quant/quant.h"

static void encode_nl(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    quant_isa()->iq4(1, x, importance, rows, cols, out);
}

static void encode_xs(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    quant_isa()->iq4(8, x, importance, rows, cols, out);
}

const struct quant_block quant_block_iq4_nl = {.type = "iq4_nl", .fallback = "", .encode = encode_nl};
const struct quant_block quant_block_iq4_xs = {.type = "iq4_xs", .fallback = "iq4_nl", .encode = encode_xs};

/* q4_1: 5 bits. Codes 0 to 15 above the block's least value. */
#include "quant/block32.h"
#include "quant/quant.h"

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    block32_asym(15, x, importance, rows, cols, out);
}

const struct quant_block quant_block_q4_1 = {.type = "q4_1", .fallback = "", .encode = encode};

/* q4_0: 4.5 bits. Codes 0 to 15 less 8; the value of largest magnitude is exactly -8 d. */
#include "quant/block32.h"
#include "quant/quant.h"

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    block32_sym(8, x, importance, rows, cols, out);
}

const struct quant_block quant_block_q4_0 = {.type = "q4_0", .fallback = "", .encode = encode};

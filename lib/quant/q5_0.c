/* q5_0: 5.5 bits. Codes 0 to 31 less 16; the value of largest magnitude is exactly -16 d. */
#include "quant/block32.h"
#include "quant/quant.h"

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    block32_sym(16, x, importance, rows, cols, out);
}

const struct quant_block quant_block_q5_0 = {.type = "q5_0", .fallback = "", .encode = encode};

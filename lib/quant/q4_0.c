/* q4_0: 4.5 bits. Codes 0 to 15 less 8; the value of largest magnitude is exactly -8 d. */
#include "quant/block32.h"
#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    block32_sym(8, x, importance, rows, cols, out);
}

static void pack(const struct superblock *s, uint8_t *block)
{
    block32_put(block, half_up(s->d), half_up(s->dmin), 0, 0, s->q);
}

static const struct levels_kind levels = {
    .top = 15, .middle = 8, .flips = 1, .scales = DT_F16, .unit = 32, .sub = 32, .pack = pack};

const struct quant_block quant_block_q4_0 = {.type = "q4_0", .fallback = "", .encode = encode, .levels = &levels};

/* q5_0: 5.5 bits. Codes 0 to 31 less 16; the value of largest magnitude is exactly -16 d. */
#include "quant/block32.h"
#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    block32_sym(16, x, importance, rows, cols, out);
}

static void pack(const struct superblock *s, uint8_t *block)
{
    block32_put(block, half_up(s->d), half_up(s->dmin), 0, 1, s->q);
}

static const struct levels_kind levels = {
    .top = 31, .middle = 16, .flips = 1, .scales = DT_F16, .unit = 32, .sub = 32, .pack = pack};

const struct quant_block quant_block_q5_0 = {.type = "q5_0", .fallback = "", .encode = encode, .levels = &levels};

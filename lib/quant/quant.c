#include "quant/quant.h"

#include <strings.h>

#include "base/par.h"

#define BLOCK(symbol) extern const struct quant_block quant_block_##symbol;
#include "quant/blocks.def"
#undef BLOCK

const struct quant_block *const quant_blocks[] = {
#define BLOCK(symbol) &quant_block_##symbol,
#include "quant/blocks.def"
#undef BLOCK
    NULL};

const struct quant_block *quant_block_find(const char *type)
{
    for (const struct quant_block *const *b = quant_blocks; *b; b++)
        if (strcasecmp((*b)->type, type) == 0)
            return *b;
    return NULL;
}

struct encoding {
    const struct quant_block *b;
    const float *x, *importance;
    uint64_t rows, cols, row_bytes, step;
    uint8_t *out;
};

static void encode_piece(void *ctx, size_t i)
{
    const struct encoding *c = ctx;
    uint64_t row = i * c->step, n = c->rows - row < c->step ? c->rows - row : c->step;

    c->b->encode(c->x + row * c->cols, c->importance, n, c->cols, c->out + row * c->row_bytes);
}

void quant_encode(const struct quant_block *b, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                  uint8_t *out)
{
    uint64_t step = cols < 65536 ? 65536 / cols : 1; /* about 64 Ki weights a piece, and sixteen superblocks or more */
    struct encoding c = {b, x, importance, rows, cols, ggml_row_bytes(ggml_find(b->type), cols), step, out};

    par_for((rows + step - 1) / step, encode_piece, &c);
}

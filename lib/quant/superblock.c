#include "quant/superblock.h"

#include "quant/isa.h"

void superblock_encode(const struct superblock_type *t, const float *x, const float *importance, uint64_t rows,
                       uint64_t cols, uint8_t *out)
{
    quant_isa()->superblock(t, x, importance, rows, cols, out);
}

void superblock_pack_scales(const struct superblock *s, uint8_t *p)
{
    for (int j = 0; j < 4; j++) {
        p[j] = (uint8_t)(s->scale[j] | s->scale[j + 4] >> 4 << 6);
        p[j + 4] = (uint8_t)(s->low[j] | s->low[j + 4] >> 4 << 6);
        p[j + 8] = (uint8_t)((s->scale[j + 4] & 15) | (s->low[j + 4] & 15) << 4);
    }
}

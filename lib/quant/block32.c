#include "quant/block32.h"

#include "quant/isa.h"

void block32_sym(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    quant_isa()->sym32(nmax, x, importance, rows, cols, out);
}

void block32_asym(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    quant_isa()->asym32(nmax, x, importance, rows, cols, out);
}

#include "quant/group.h"

#include "quant/isa.h"

void group_range(const float *w, uint64_t n, float *min, float *max)
{
    quant_isa()->range(w, n, min, max);
}

void group_code(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes)
{
    quant_isa()->code(w, n, scale, zero, top, codes);
}

void group_code_each(const float *w, const float *scale, const float *zero, int top, uint8_t *codes, float *values)
{
    quant_isa()->code_each(w, scale, zero, top, codes, values);
}

void group_code_shifted(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes)
{
    quant_isa()->code_shifted(w, n, scale, zero, top, codes);
}

float group_turn(const float *w, uint64_t n, float scale, float zero, float top, float beta, float *next)
{
    return quant_isa()->turn(w, n, scale, zero, top, beta, next);
}

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/table.h"
#include "num/half_bits.h"
#include "quant/quant.h"

#define METHOD(symbol) extern const struct quant_method quant_method_##symbol;
#include "quant/quant.def"
#undef METHOD

const struct quant_method *const quant_methods[] = {
#define METHOD(symbol) &quant_method_##symbol,
#include "quant/quant.def"
#undef METHOD
    NULL};

const struct quant_method *quant_method_find(const char *name)
{
    return table_find(quant_methods, name);
}

uint64_t quant_groups(const struct quant_affine *a, uint64_t cols)
{
    return a->group ? cols / a->group + (cols % a->group != 0) : cols != 0;
}

uint64_t quant_code_bytes(const struct quant_affine *a, uint64_t cols)
{
    uint64_t bits = (uint64_t)a->bits;

    return cols / 8 * bits + (cols % 8 * bits + 7) / 8;
}

enum dtype quant_zeros_type(const struct quant_method *m, const struct quant_affine *a)
{
    return m->whole_zeros ? DT_U8 : a->scales;
}

float quant_round_scale(enum dtype t, float v)
{
    return t == DT_F16 ? half_up(half_down(v)) : t == DT_BF16 ? brain_up(brain_down(v)) : v;
}

/* Codes of a row, low bits first, through a word that is flushed by bytes. */
static void pack(const uint8_t *codes, uint64_t cols, int bits, uint8_t *out)
{
    uint32_t word = 0;
    int held = 0;

    for (uint64_t c = 0; c < cols; c++) {
        word |= (uint32_t)codes[c] << held;
        for (held += bits; held >= 8; held -= 8) {
            *out++ = (uint8_t)word;
            word >>= 8;
        }
    }
    if (held)
        *out = (uint8_t)word;
}

/* Powers of two as their exponents. */
static void put_powers(const float *v, uint64_t n, uint8_t *out)
{
    for (uint64_t i = 0; i < n; i++)
        out[i] = (uint8_t)(bits_of(v[i]) >> 23);
}

void quant_store_row(const struct quant_method *m, const struct quant_affine *a, uint64_t at, uint64_t cols,
                     const uint8_t *code, const float *scale, const float *zero, uint8_t *codes, void *scales,
                     void *zeros)
{
    uint64_t groups = quant_groups(a, cols), width;

    pack(code, cols, a->bits, codes + at * quant_code_bytes(a, cols));
    dtype_bytes(a->scales, groups, &width);
    if (a->scales == DT_F8_E8M0)
        put_powers(scale, groups, (uint8_t *)scales + at * width);
    else
        dtype_from_f32(a->scales, scale, (uint8_t *)scales + at * width, groups);
    if (zeros && !m->whole_zeros)
        dtype_from_f32(a->scales, zero, (uint8_t *)zeros + at * width, groups);
    for (uint64_t g = 0; zeros && m->whole_zeros && g < groups; g++)
        ((uint8_t *)zeros)[at * groups + g] = (uint8_t)zero[g];
}

struct rows {
    const struct quant_method *m;
    const struct quant_affine *a;
    const float *w;
    uint64_t cols, groups;
    uint8_t *codes;
    void *scales, *zeros;
    uint8_t **code;  /* for each thread: a row of codes */
    float **numbers; /* for each thread: scales, then zeros of a row */
};

static void one_row(void *ctx, size_t i)
{
    struct rows *r = ctx;
    uint8_t *code = r->code[par_self()];
    float *scale = r->numbers[par_self()], *zero = scale + r->groups;

    r->m->row(r->a, r->w + i * r->cols, r->cols, code, scale, zero);
    quant_store_row(r->m, r->a, i, r->cols, code, scale, zero, r->codes, r->scales, r->zeros);
}

void quant_rows(const struct quant_method *m, const struct quant_affine *a, const float *w, uint64_t rows,
                uint64_t cols, uint8_t *codes, void *scales, void *zeros)
{
    struct rows r = {m, a, w, cols, quant_groups(a, cols), codes, scales, zeros, NULL, NULL};
    size_t jobs = (size_t)par_jobs();

    r.code = mem_new(jobs, sizeof *r.code);
    r.numbers = mem_new(jobs, sizeof *r.numbers);
    for (size_t j = 0; j < jobs; j++) {
        r.code[j] = mem_new(cols, 1);
        r.numbers[j] = mem_new(2 * r.groups, sizeof **r.numbers);
    }
    par_for(rows, one_row, &r);
    for (size_t j = 0; j < jobs; j++) {
        free(r.code[j]);
        free(r.numbers[j]);
    }
    free(r.code);
    free(r.numbers);
}

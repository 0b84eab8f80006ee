#include "run/weight.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/place.h"
#include "la/gemm.h"

static int all_numbers(const struct bundle *b, const float *w, struct err *e)
{
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        if (isnan(w[i]))
            return err_set(e, "%s: the value at row %llu, column %llu is not a number", b->name,
                           (unsigned long long)(i / b->cols), (unsigned long long)(i % b->cols));
    return 0;
}

static int add_one(const struct model *m, const struct bundle *b, float *w, struct err *e)
{
    struct arch_place p;

    if (!arch_place(m->arch, NULL, b->name, &p))
        return err_set(e, "%s: its name is of no known form, so it is not known whether 1 is to be added to it",
                       b->name);
    for (uint64_t i = 0; p.form == ARCH_HF && i < b->rows * b->cols; i++)
        w[i] += 1;
    return 0;
}

/* The value's blocks, where it is nothing but blocks of a type that has products; NULL: it is something else, counted
 * where it is quantized. */
static const struct part *blocks_of(const struct bundle *b, struct rounding *q8, const struct ggml_type **t)
{
    const struct term *first = b->terms ? &b->term[0] : NULL;
    int ggml = first && strcmp(first->form, "ggml") == 0;

    *t = ggml ? ggml_find(attrs_str(&first->attrs, "type", "")) : NULL;
    if (b->terms == 1 && ggml_split(*t)) {
        q8->done++;
        return bundle_part(b, 0, "blocks");
    }
    if (first && (ggml ? !*t || (*t)->block > 1 : strcmp(first->form, "dense") != 0)) {
        q8->left++;
        snprintf(q8->type, sizeof q8->type, "%s", ggml && b->terms == 1 ? (*t)->name : first->form);
    }
    return NULL;
}

static int as_codes(struct weight *to, const struct bundle *b, const struct part *p, const struct ggml_type *t,
                    uint64_t r0, uint64_t n, struct err *e)
{
    size_t row, col;

    gemm8_take(&to->q8, t, n, b->cols, p->data + r0 * p->row_bytes, p->row_bytes);
    if (gemm8_find_nan(&to->q8, &row, &col))
        return err_set(e, "%s: the scale of the values at row %llu from column %zu on is not a number", b->name,
                       (unsigned long long)(r0 + row), col);
    return 0;
}

int weight_rows(struct weight *to, const struct bundle *b, uint64_t r0, uint64_t n, struct rounding *q8, struct err *e)
{
    const struct ggml_type *t;
    const struct part *blocks = q8 ? blocks_of(b, q8, &t) : NULL;

    to->rows = (int64_t)n;
    to->cols = (int64_t)b->cols;
    if (blocks)
        return as_codes(to, b, blocks, t, r0, n, e);
    to->w = mem_new(n * b->cols, sizeof *to->w);
    return bundle_rows(b, r0, n, to->w, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

void weight_mul(const struct weight *w, int64_t m, const float *x, float *y)
{
    size_t rows = (size_t)w->rows, cols = (size_t)w->cols;

    if (w->q8.code)
        gemm8_nt((size_t)m, x, cols, &w->q8, y, rows);
    else
        gemm_nt((size_t)m, rows, cols, x, cols, w->w, cols, y, rows, KERN_SET);
}

static int take_bias(struct weight *to, const struct bundle *b, struct err *e)
{
    to->bias_n = (int64_t)(b->rows * b->cols);
    to->bias = mem_new(b->rows * b->cols, sizeof *to->bias);
    return bundle_rows(b, 0, b->rows, to->bias, e) < 0 ? err_in(e, "%s", b->name) : all_numbers(b, to->bias, e);
}

int weight_take(struct weight *to, const struct model *m, const struct arch_weight *of, const struct bundle *b,
                int is_bias, struct rounding *q8, struct err *e)
{
    int vector = of->axes == 1;

    if (is_bias ? to->bias != NULL : weight_is(to))
        return err_set(e, "%s: a second tensor of role %s", b->name, b->role);
    if (is_bias)
        return take_bias(to, b, e);
    if (weight_rows(to, b, 0, b->rows, vector || of->plus1 ? NULL : q8, e) < 0)
        return -1;
    if (to->w && (all_numbers(b, to->w, e) < 0 || (of->plus1 && add_one(m, b, to->w, e) < 0)))
        return -1;
    if (vector) {
        to->cols *= to->rows;
        to->rows = 1;
    }
    return 0;
}

int weight_needs_bias(const struct model *m, const struct arch_weight *of, int64_t layer)
{
    return (of->bias_if || of->axes == 1) && model_has(m, of, 1, layer);
}

void weight_free(struct weight *w)
{
    free(w->w);
    gemm8_free(&w->q8);
    free(w->bias);
    memset(w, 0, sizeof *w);
}

/* lowrank: value = scale * B A, with parts "a" [rank][cols] and "b" [rows][rank]. */
#include <stdlib.h>

#include "tensor/form.h"

static int check(const struct bundle *b, int term, struct err *e)
{
    const struct part *pa = form_part(b, term, "a", e), *pb = form_part(b, term, "b", e);
    uint64_t rank;

    if (!pa || !pb)
        return -1;
    rank = pa->rows;
    if (form_want(b, pa, rank, b->cols, e) < 0 || form_want(b, pb, b->rows, rank, e) < 0 || form_want_real(pa, e) < 0)
        return -1;
    return form_want_real(pb, e);
}

/* Sums run over the rank in ascending order, in double, for each element alone: no order of work changes them. */
static void add_row(const float *a, const float *factor, uint64_t rank, uint64_t cols, double scale, double *sum,
                    float *out)
{
    for (uint64_t c = 0; c < cols; c++)
        sum[c] = 0;
    for (uint64_t k = 0; k < rank; k++)
        for (uint64_t c = 0; c < cols; c++)
            sum[c] += (double)factor[k] * a[k * cols + c];
    for (uint64_t c = 0; c < cols; c++)
        out[c] += (float)(scale * sum[c]);
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct part *pa = form_part(b, term, "a", e), *pb = form_part(b, term, "b", e);
    double scale = attrs_f64(&b->term[term].attrs, "scale", 1), *sum;
    float *a, *factor;

    if (!pa || !pb)
        return -1;
    a = mem_resize(NULL, pa->rows * b->cols, sizeof *a);
    factor = mem_resize(NULL, pa->rows, sizeof *factor);
    sum = mem_resize(NULL, b->cols, sizeof *sum);
    dtype_to_f32(pa->dtype, pa->data, a, pa->rows * b->cols);
    for (uint64_t r = 0; r < n; r++) {
        dtype_to_f32(pb->dtype, pb->data + (r0 + r) * pb->row_bytes, factor, pa->rows);
        add_row(a, factor, pa->rows, b->cols, scale, sum, out + r * b->cols);
    }
    free(a);
    free(factor);
    free(sum);
    return 0;
}

const struct form form_lowrank = {"lowrank", "a product of two thin matrices", check, add_rows, "a", 0};

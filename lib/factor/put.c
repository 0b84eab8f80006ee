#include "factor/put.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tensor/form.h"

static uint64_t type_bytes(enum dtype type, uint64_t n)
{
    return n * (uint64_t)dtype_info(type)->bits / 8;
}

/* Of a sparse term: a bit for each element, or counts and columns. */
static uint64_t listed_bytes(uint64_t rows, uint64_t cols, uint64_t kept)
{
    return (rows + kept) * (cols > UINT16_MAX ? 4 : 2);
}

static uint64_t masked_bytes(uint64_t rows, uint64_t cols)
{
    return rows * ((cols + 7) / 8);
}

static uint64_t places_bytes(uint64_t rows, uint64_t cols, uint64_t kept)
{
    uint64_t mask = masked_bytes(rows, cols), list = listed_bytes(rows, cols, kept);

    return mask <= list ? mask : list;
}

uint64_t factor_put_bytes(enum factor_kind kind, enum dtype type, const struct factor_job *j)
{
    uint64_t product = type_bytes(type, j->rank * j->blocks * (j->rows + j->cols));
    uint64_t sparse = type_bytes(type, j->kept) + places_bytes(j->rows, j->cols, j->kept);

    switch (kind) {
    case FACTOR_SPARSE:
        return product + sparse;
    case FACTOR_OUTLIERS:
        return type_bytes(type, j->rows * j->cols) + sparse;
    default:
        return product;
    }
}

static void put_matrix(struct bundle *b, int term, const char *name, enum dtype type, uint64_t rows, uint64_t cols,
                       const double *v)
{
    struct shape s = {2, {rows, cols}};
    struct part *p = bundle_add_part(b, term, name, type, &s);
    float *f = mem_resize(NULL, rows * cols, sizeof *f);

    for (uint64_t i = 0; i < rows * cols; i++)
        f[i] = (float)v[i];
    dtype_from_f32(type, f, p->data, rows * cols);
    free(f);
}

static int put_product(struct bundle *b, enum dtype type, const struct factor_job *j)
{
    int t = bundle_add_term(b, "lowrank");

    put_matrix(b, t, "a", type, j->rank, j->cols, j->a);
    put_matrix(b, t, "b", type, j->rows, j->rank, j->b);
    return t;
}

static int put_monarch(struct bundle *b, enum dtype type, const struct factor_job *j)
{
    int t = bundle_add_term(b, "monarch");

    attrs_set_int(&b->term[t].attrs, "blocks", (int64_t)j->blocks);
    put_matrix(b, t, "r", type, j->blocks * j->blocks * j->rank, j->cols / j->blocks, j->a);
    put_matrix(b, t, "l", type, j->rows, j->blocks * j->rank, j->b);
    return t;
}

static void put_dense(struct bundle *b, int term, enum dtype type, const float *v)
{
    struct shape s = b->shape;

    dtype_from_f32(type, v, bundle_add_part(b, term, "dense", type, &s)->data, b->rows * b->cols);
}

static void put_mask(struct bundle *b, int term, const uint8_t *mask)
{
    struct shape s = {2, {b->rows, (b->cols + 7) / 8}};
    struct part *p = bundle_add_part(b, term, "mask", DT_U8, &s);

    for (uint64_t r = 0; r < b->rows; r++)
        for (uint64_t c = 0; c < b->cols; c++)
            p->data[r * p->row_bytes + c / 8] |= (uint8_t)(mask[r * b->cols + c] << c % 8);
}

static void put_index(uint8_t *to, enum dtype type, uint64_t i, uint64_t v)
{
    for (int k = 0; k < (type == DT_U16 ? 2 : 4); k++)
        to[i * (type == DT_U16 ? 2 : 4) + (uint64_t)k] = (uint8_t)(v >> 8 * k);
}

static void put_list(struct bundle *b, int term, const uint8_t *mask, uint64_t count)
{
    enum dtype type = b->cols > UINT16_MAX ? DT_U32 : DT_U16;
    struct shape rows = {2, {b->rows, 1}}, list = {1, {count}};
    uint8_t *counts, *columns;
    uint64_t k = 0;

    bundle_add_part(b, term, "columns", type, &list);
    bundle_add_part(b, term, "counts", type, &rows);
    columns = bundle_part(b, term, "columns")->data;
    counts = bundle_part(b, term, "counts")->data;
    for (uint64_t r = 0; r < b->rows; r++) {
        uint64_t before = k;

        for (uint64_t c = 0; c < b->cols; c++)
            if (mask[r * b->cols + c])
                put_index(columns, type, k++, c);
        put_index(counts, type, r, k - before);
    }
}

static void put_sparse(struct bundle *b, int term, enum dtype type, const uint8_t *mask, const float *v)
{
    uint64_t n = b->rows * b->cols, count = 0;
    struct shape list = {1, {0}};
    float *values = mem_new(n + 1, sizeof *values);

    for (uint64_t i = 0; i < n; i++)
        if (mask[i])
            values[count++] = v[i];
    list.dim[0] = count;
    dtype_from_f32(type, values, bundle_add_part(b, term, "values", type, &list)->data, count);
    if (masked_bytes(b->rows, b->cols) <= listed_bytes(b->rows, b->cols, count))
        put_mask(b, term, mask);
    else
        put_list(b, term, mask, count);
    free(values);
}

/* What the rounded product leaves of w, so that the sum is the value again, rounded once. */
static float *rest_of(const struct bundle *b, int product, const float *w)
{
    uint64_t n = b->rows * b->cols;
    float *left = mem_new(n, sizeof *left);

    form_find("lowrank")->add_rows(b, product, 0, b->rows, left, NULL);
    for (uint64_t i = 0; i < n; i++)
        left[i] = w[i] - left[i];
    return left;
}

static void put_beside(struct bundle *b, enum factor_kind kind, int term, enum dtype type, const struct factor_job *j,
                       const float *w)
{
    float *rest = rest_of(b, put_product(b, type, j), w);

    if (kind == FACTOR_SPLIT)
        put_dense(b, term, type, rest);
    else
        put_sparse(b, term, type, j->mask, rest);
    free(rest);
}

static void put_outliers(struct bundle *b, int term, enum dtype type, const struct factor_job *j, const float *w)
{
    uint64_t n = b->rows * b->cols;
    float *rest = mem_new(n, sizeof *rest);

    for (uint64_t i = 0; i < n; i++)
        rest[i] = j->mask[i] ? 0 : w[i];
    put_dense(b, term, type, rest);
    put_sparse(b, bundle_add_term(b, "sparse"), type, j->mask, w);
    free(rest);
}

int factor_put(struct bundle *b, enum factor_kind kind, int term, enum dtype type, const struct factor_job *j,
               const float *w)
{
    int first;

    if (term >= 0)
        bundle_drop_term(b, term);
    else if (kind != FACTOR_BESIDE)
        bundle_clear_value(b);
    first = b->terms;
    switch (kind) {
    case FACTOR_MONARCH:
        put_monarch(b, type, j);
        break;
    case FACTOR_SPLIT:
        put_beside(b, kind, bundle_add_term(b, "dense"), type, j, w);
        break;
    case FACTOR_SPARSE:
        put_beside(b, kind, bundle_add_term(b, "sparse"), type, j, w);
        break;
    case FACTOR_OUTLIERS:
        put_outliers(b, bundle_add_term(b, "dense"), type, j, w);
        break;
    default:
        put_product(b, type, j);
    }
    return first;
}

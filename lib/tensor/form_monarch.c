/*
 * monarch: value = P L P' R, both block-diagonal with attr `blocks` = B blocks, P the permutation that reads a B-column
 * table by columns. Column c is number i of block k, c = k (cols / B) + i; row r is number l of block j, r = l B + j.
 * Parts "r" [B B rank][cols / B], whose row (k B + j) rank + t serves block k for block j, and "l" [rows][B rank]:
 *     value[l B + j][k cols/B + i] = sum over t of l[l B + j][k rank + t] r[(k B + j) rank + t][i]
 * Source: Dao et al. (2022), Monarch, section 3.1, with rank t for each pair of blocks where the paper has 1.
 */
#include <stdlib.h>

#include "tensor/form.h"

struct monarch {
    const struct part *l, *r;
    uint64_t blocks, rank, width; /* width: columns of a block */
};

static int look(const struct bundle *b, int term, struct monarch *m, struct err *e)
{
    int64_t blocks = attrs_int(&b->term[term].attrs, "blocks", 0);

    m->l = form_part(b, term, "l", e);
    m->r = form_part(b, term, "r", e);
    if (!m->l || !m->r)
        return -1;
    if (blocks < 1 || (uint64_t)blocks > b->cols || b->cols % (uint64_t)blocks)
        return err_set(e, "form monarch has %lld blocks of %llu columns", (long long)blocks,
                       (unsigned long long)b->cols);
    m->blocks = (uint64_t)blocks;
    m->width = b->cols / m->blocks;
    m->rank = m->l->shape.rank ? m->l->shape.dim[m->l->shape.rank - 1] / m->blocks : 0;
    return 0;
}

static int check(const struct bundle *b, int term, struct err *e)
{
    struct monarch m;
    uint64_t pairs;

    if (look(b, term, &m, e) < 0)
        return -1;
    if (b->rows % m.blocks)
        return err_set(e, "form monarch has %llu blocks of %llu rows", (unsigned long long)m.blocks,
                       (unsigned long long)b->rows);
    if (mem_mul(m.blocks * m.rank, m.blocks, &pairs) < 0 || form_want(b, m.r, pairs, m.width, e) < 0 ||
        form_want(b, m.l, b->rows, m.blocks * m.rank, e) < 0 || form_want_real(m.l, e) < 0)
        return -1;
    return form_want_real(m.r, e);
}

/* One row: for each block of columns rank sums in ascending order, in double. j: the row's block. */
static void add_row(const struct monarch *m, const float *r, const float *l, uint64_t j, double *sum, float *out)
{
    for (uint64_t k = 0; k < m->blocks; k++) {
        const float *from = r + (k * m->blocks + j) * m->rank * m->width;

        for (uint64_t i = 0; i < m->width; i++)
            sum[i] = 0;
        for (uint64_t t = 0; t < m->rank; t++)
            for (uint64_t i = 0; i < m->width; i++)
                sum[i] += (double)l[k * m->rank + t] * from[t * m->width + i];
        for (uint64_t i = 0; i < m->width; i++)
            *out++ += (float)sum[i];
    }
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    struct monarch m;
    double *sum;
    float *r, *l;

    if (look(b, term, &m, e) < 0)
        return -1;
    sum = mem_resize(NULL, m.width, sizeof *sum);
    r = mem_resize(NULL, m.r->rows * m.width + 1, sizeof *r);
    l = mem_resize(NULL, m.blocks * m.rank + 1, sizeof *l);
    dtype_to_f32(m.r->dtype, m.r->data, r, m.r->rows * m.width);
    for (uint64_t k = 0; k < n; k++) {
        dtype_to_f32(m.l->dtype, m.l->data + (r0 + k) * m.l->row_bytes, l, m.blocks * m.rank);
        add_row(&m, r, l, (r0 + k) % m.blocks, sum, out + k * b->cols);
    }
    free(sum);
    free(r);
    free(l);
    return 0;
}

const struct form form_monarch = {"monarch", "block-diagonal, permutation, block-diagonal", check, add_rows, "r", 1};

/*
 * sparse: elements that are not zero, "values" [count] in row-major order, and where they stand, in one of two ways:
 *   "mask" U8 [rows][ceil(cols / 8)]: a bit for each element, LSB first
 *   "counts" U16 or U32 [rows][1], elements of each row, and "columns" U16 or U32 [count], ascending in each row: less
 *   where few are left
 */
#include <stdlib.h>

#include "tensor/form.h"

struct sparse {
    const struct part *values, *mask, *counts, *columns;
};

static int check_index(const struct part *p, struct err *e)
{
    if (p->dtype == DT_U16 || p->dtype == DT_U32)
        return 0;
    return err_set(e, "part %s is of type %s, U16 or U32 is wanted", p->name, dtype_info(p->dtype)->name);
}

static int look(const struct bundle *b, int term, struct sparse *s, struct err *e)
{
    s->values = form_part(b, term, "values", e);
    s->mask = bundle_part(b, term, "mask");
    s->counts = bundle_part(b, term, "counts");
    s->columns = bundle_part(b, term, "columns");
    if (!s->values)
        return -1;
    if (s->mask ? !s->counts && !s->columns : s->counts && s->columns)
        return 0;
    return err_set(e, "form sparse has either its part mask, or counts and columns");
}

static int check(const struct bundle *b, int term, struct err *e)
{
    struct sparse s;
    char text[200];

    if (look(b, term, &s, e) < 0)
        return -1;
    if (s.values->shape.rank != 1)
        return err_set(e, "part values is %s, a vector is wanted", shape_text(&s.values->shape, text));
    if (dtype_info(s.values->dtype)->bits % 8)
        return err_set(e, "part values is of type %s, elements of whole bytes are wanted",
                       dtype_info(s.values->dtype)->name);
    if (form_want_real(s.values, e) < 0)
        return -1;
    if (s.mask)
        return s.mask->dtype != DT_U8
                   ? err_set(e, "part mask is of type %s, U8 is wanted", dtype_info(s.mask->dtype)->name)
                   : form_want(b, s.mask, b->rows, b->cols / 8 + (b->cols % 8 != 0), e);
    if (check_index(s.counts, e) < 0 || check_index(s.columns, e) < 0 || form_want(b, s.counts, b->rows, 1, e) < 0)
        return -1;
    return shape_equal(&s.columns->shape, &s.values->shape)
               ? 0
               : err_set(e, "part columns is %s, values has %llu elements", shape_text(&s.columns->shape, text),
                         (unsigned long long)s.values->shape.dim[0]);
}

static uint64_t ones(const uint8_t *p, uint64_t n)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < n; i++)
        sum += (uint64_t)__builtin_popcount(p[i]);
    return sum;
}

static uint32_t index_at(const struct part *p, uint64_t i)
{
    const uint8_t *at = p->data + i * (p->dtype == DT_U16 ? 2 : 4);

    return p->dtype == DT_U16 ? (uint32_t)at[0] | (uint32_t)at[1] << 8
                              : (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t in_rows(const struct sparse *s, uint64_t r0, uint64_t n)
{
    uint64_t sum = 0;

    if (s->mask)
        return ones(s->mask->data + r0 * s->mask->row_bytes, n * s->mask->row_bytes);
    for (uint64_t r = r0; r < r0 + n; r++)
        sum += index_at(s->counts, r);
    return sum;
}

static void add_masked(const struct sparse *s, uint64_t r0, uint64_t n, uint64_t cols, const float *v, float *out)
{
    const uint8_t *row = s->mask->data + r0 * s->mask->row_bytes;

    for (uint64_t r = 0; r < n; r++, row += s->mask->row_bytes, out += cols)
        for (uint64_t c = 0; c < cols; c++)
            if (row[c / 8] >> (c % 8) & 1)
                out[c] += *v++;
}

/* from: which of all elements v begins with. */
static int add_listed(const struct sparse *s, uint64_t from, uint64_t r0, uint64_t n, uint64_t cols, const float *v,
                      float *out, struct err *e)
{
    for (uint64_t r = r0; r < r0 + n; r++, out += cols) {
        uint64_t least = 0;

        for (uint32_t k = index_at(s->counts, r); k > 0; k--, least++) {
            uint64_t c = index_at(s->columns, from++);

            if (c < least || c >= cols)
                return err_set(e, "columns of row %llu: %llu where %llu to %llu may be", (unsigned long long)r,
                               (unsigned long long)c, (unsigned long long)least, (unsigned long long)cols - 1);
            out[least = c] += *v++;
        }
    }
    return 0;
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    struct sparse s;
    uint64_t from, count;
    float *v;
    int rc = 0;

    if (look(b, term, &s, e) < 0)
        return -1;
    from = in_rows(&s, 0, r0);
    count = in_rows(&s, r0, n);
    if (from + count > s.values->shape.dim[0])
        return err_set(e, "%s names %llu elements up to row %llu, part values holds %llu", s.mask ? "mask" : "counts",
                       (unsigned long long)(from + count), (unsigned long long)(r0 + n),
                       (unsigned long long)s.values->shape.dim[0]);
    v = mem_resize(NULL, count + 1, sizeof *v);
    dtype_to_f32(s.values->dtype, s.values->data + from * (uint64_t)dtype_info(s.values->dtype)->bits / 8, v, count);
    if (s.mask)
        add_masked(&s, r0, n, b->cols, v, out);
    else
        rc = add_listed(&s, from, r0, n, b->cols, v, out, e);
    free(v);
    return rc;
}

const struct form form_sparse = {
    "sparse", "elements that are not zero, by bits or by columns", check, add_rows, "values,columns", 1};

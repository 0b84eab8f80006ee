/* sparse: part "mask" U8 [rows][ceil(cols / 8)], LSB first, and the elements it names, "values" [count], in row-major order. */
#include <stdlib.h>

#include "tensor/form.h"

static int check(const struct bundle *b, int term, struct err *e)
{
    const struct part *mask = form_part(b, term, "mask", e), *values = form_part(b, term, "values", e);
    char text[200];

    if (!mask || !values)
        return -1;
    if (mask->dtype != DT_U8)
        return err_set(e, "part mask is of type %s, U8 is wanted", dtype_info(mask->dtype)->name);
    if (values->shape.rank != 1)
        return err_set(e, "part values is %s, a vector is wanted", shape_text(&values->shape, text));
    if (dtype_info(values->dtype)->bits % 8)
        return err_set(e, "part values is of type %s, elements of whole bytes are wanted", dtype_info(values->dtype)->name);
    return form_want(b, mask, b->rows, b->cols / 8 + (b->cols % 8 != 0), e) < 0 ? -1 : form_want_real(values, e);
}

static uint64_t ones(const uint8_t *p, uint64_t n)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < n; i++)
        sum += (uint64_t)__builtin_popcount(p[i]);
    return sum;
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct part *mask = form_part(b, term, "mask", e), *values = form_part(b, term, "values", e);
    const uint8_t *row;
    uint64_t from, count, k = 0;
    float *v;

    if (!mask || !values)
        return -1;
    row = mask->data + r0 * mask->row_bytes;
    from = ones(mask->data, r0 * mask->row_bytes);
    count = ones(row, n * mask->row_bytes);
    if (from + count > values->shape.dim[0])
        return err_set(e, "mask names %llu elements up to row %llu, part values holds %llu", (unsigned long long)(from + count),
                       (unsigned long long)(r0 + n), (unsigned long long)values->shape.dim[0]);
    v = mem_resize(NULL, count, sizeof *v);
    dtype_to_f32(values->dtype, values->data + from * (uint64_t)dtype_info(values->dtype)->bits / 8, v, count);
    for (uint64_t r = 0; r < n; r++, row += mask->row_bytes, out += b->cols)
        for (uint64_t c = 0; c < b->cols; c++)
            if (row[c / 8] >> (c % 8) & 1)
                out[c] += v[k++];
    free(v);
    return 0;
}

const struct form form_sparse = {"sparse", "a bit for each element, and those that are not zero", check, add_rows, "values", 1};

/* dense: the elements themselves. Part "dense" of the weight's shape. */
#include <string.h>

#include "tensor/form.h"

#define SLAB 1024 /* elements converted at a time: stays in the first-level cache */

static int check(const struct bundle *b, int term, struct err *e)
{
    const struct part *p = form_part(b, term, "dense", e);
    char have[200], want[200];

    if (!p)
        return -1;
    if (!shape_equal(&p->shape, &b->shape))
        return err_set(e, "part dense is %s, the weight %s", shape_text(&p->shape, have), shape_text(&b->shape, want));
    return 0;
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct part *p = form_part(b, term, "dense", e);
    uint64_t bytes, count = n * b->cols;
    float slab[SLAB];

    if (!p || form_want_real(p, e) < 0)
        return -1;
    for (uint64_t i = 0; i < count; i += SLAB) {
        size_t m = count - i < SLAB ? (size_t)(count - i) : SLAB;

        if (dtype_bytes(p->dtype, i, &bytes) < 0)
            return err_set(e, "type %s: rows do not fill whole bytes", dtype_info(p->dtype)->name);
        dtype_to_f32(p->dtype, p->data + r0 * p->row_bytes + bytes, slab, m);
        for (size_t k = 0; k < m; k++)
            out[i + k] += slab[k];
    }
    return 0;
}

static int set_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct part *p = form_part(b, term, "dense", e);

    if (!p || form_want_real(p, e) < 0)
        return -1;
    dtype_to_f32(p->dtype, p->data + r0 * p->row_bytes, out, n * b->cols);
    return 0;
}

const struct form form_dense = {
    .name = "dense", .brief = "the elements themselves", .check = check, .add_rows = add_rows, .set_rows = set_rows};

#include "tensor/dense.h"

#include <stdlib.h>
#include <string.h>

static enum dtype own_type(const struct bundle *b)
{
    int t = dtype_find(attrs_str(&b->more, "dtype", ""));

    return t >= 0 && dtype_info((enum dtype)t)->writes_f32 ? (enum dtype)t : bundle_dense_type(b);
}

int bundle_make_dense(struct bundle *b, int type, struct err *e)
{
    const struct part *p = bundle_part(b, 0, "dense");
    float *w;
    int rc;

    if (b->terms == 1 && strcmp(b->term[0].form, "dense") == 0 && p && (type < 0 || p->dtype == (enum dtype)type))
        return 0;
    w = mem_new(shape_count(&b->shape), sizeof *w);
    rc = bundle_rows(b, 0, b->rows, w, e);
    if (rc == 0)
        bundle_set_dense(b, type < 0 ? own_type(b) : (enum dtype)type, w);
    free(w);
    return rc;
}

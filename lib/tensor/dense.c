#include "tensor/dense.h"

#include <stdlib.h>
#include <string.h>

static enum dtype own_type(const struct bundle *b)
{
    int t = dtype_find(attrs_str(&b->more, "dtype", ""));

    return t >= 0 && dtype_info((enum dtype)t)->writes_f32 ? (enum dtype)t : bundle_dense_type(b);
}

static int put_rows_dense(struct writer *out, struct reader *in, struct bundle *o, struct bundle *b, struct err *e)
{
    int at = o->parts - 1, got;
    struct part *p = &o->part[at];
    uint8_t *bytes = NULL;
    uint64_t row0, n, room = 0;
    float *w;

    while ((got = bundle_next_rows(in, b, &row0, &n, &w, e)) > 0) {
        if (n > room)
            bytes = mem_resize(bytes, (room = n), p->row_bytes);
        dtype_from_f32(p->dtype, w, bytes, n * b->cols);
        if (bundle_put(out, o, at, row0, n, bytes, e) < 0) {
            got = -1;
            break;
        }
    }
    free(bytes);
    return got;
}

int bundle_pass_dense(struct writer *out, struct reader *in, struct bundle *b, int type, struct err *e)
{
    const struct part *p = bundle_part(b, 0, "dense");
    enum dtype t = type < 0 ? own_type(b) : (enum dtype)type;
    struct bundle o = {0};
    int rc;

    if (b->terms == 1 && strcmp(b->term[0].form, "dense") == 0 && p && (type < 0 || p->dtype == t))
        return bundle_write(out, in, b, e);
    if (bundle_load_companions(in, b, e) < 0)
        return -1;
    bundle_take_header(&o, b);
    bundle_add_term(&o, "dense");
    bundle_declare_part(&o, 0, "dense", t, &o.shape);
    rc = bundle_begin(out, &o, e) < 0 || put_rows_dense(out, in, &o, b, e) < 0 || bundle_end(out, &o, e) < 0 ? -1 : 0;
    bundle_free(&o);
    return rc;
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

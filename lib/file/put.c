#include "file/put.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Begin the tensor in the pile, or find it there, begun by another of its parts. */
static int begin(struct put_to *to, struct pile *p, const struct bundle *b, const struct put_how *how, enum dtype dtype,
                 const struct ggml_type *blocks, struct err *e)
{
    const char *name = how->name ? how->name : b->name;
    const struct shape *s = how->view ? how->stored : &b->shape;
    int64_t found = how->view ? pile_find(p, name) : -1;
    uint64_t bytes;

    *to = (struct put_to){.pile = p, .how = how, .cols = b->cols, .vector = b->shape.rank < 2};
    if (found >= 0) {
        const struct pile_item *t = &p->item[found];

        if (t->dtype != dtype || t->blocks != blocks)
            return err_set(e, "it is %s, and lies in %s, which is %s: what lies in one tensor is of one type",
                           blocks ? blocks->name : dtype_info(dtype)->name, name,
                           t->blocks ? t->blocks->name : dtype_info(t->dtype)->name);
    } else if (pile_add(p, name, s, dtype, blocks, e) < 0) {
        return -1;
    }
    to->item = found >= 0 ? (size_t)found : p->n - 1;
    if (blocks)
        to->row_bytes = ggml_row_bytes(blocks, b->cols);
    else if (dtype_bytes(dtype, b->cols, &bytes) == 0)
        to->row_bytes = bytes;
    return 0;
}

/* The one part of a dense or ggml value, as it is. */
static int put_part(struct pile *p, struct reader *in, struct bundle *b, const struct put_how *how, const char *name,
                    const struct ggml_type *blocks, struct err *e)
{
    const struct part *v = bundle_part(b, 0, name);
    const uint8_t *data;
    uint64_t at, n, row;
    struct put_to to;
    int part, got;

    if (!v)
        return err_set(e, "its value lacks the part '%s'", name);
    if (begin(&to, p, b, how, v->dtype, blocks, e) < 0)
        return -1;
    row = to.row_bytes ? to.row_bytes : 1;
    if (v->rows * v->row_bytes != b->rows * to.row_bytes)
        return err_set(e, "part '%s' has %llu bytes, the type wants %llu", name,
                       (unsigned long long)(v->rows * v->row_bytes), (unsigned long long)(b->rows * to.row_bytes));
    if (b->loaded)
        return put_placed(&to, 0, v->rows * v->row_bytes / row, v->data, e);
    while ((got = bundle_next_bytes(in, b, &part, &at, &n, &data, e)) > 0)
        if (&b->part[part] == v && put_placed(&to, at / row, n / row, data, e) < 0)
            return -1;
    return got;
}

static int put_as(struct pile *p, struct reader *in, struct bundle *b, const struct put_how *how, enum dtype t,
                  struct err *e)
{
    uint64_t row0, n;
    struct put_to to;
    float *w;
    uint8_t *out = NULL;
    int got = -1;

    if (begin(&to, p, b, how, t, NULL, e) < 0 || bundle_load_companions(in, b, e) < 0)
        return -1;
    while ((got = bundle_next_rows(in, b, &row0, &n, &w, e)) > 0) {
        out = mem_resize(out, (size_t)(n * to.row_bytes) + 1, 1);
        for (uint64_t i = 0; how->add != 0 && i < n * b->cols; i++)
            w[i] += how->add;
        dtype_from_f32(t, w, out, (size_t)(n * b->cols));
        if ((got = put_placed(&to, row0, n, out, e)) < 0)
            break;
    }
    free(out);
    return got;
}

/* The type that --dense asks for, for this bundle: where the format lacks it, F32. */
static enum dtype dense_type(const struct bundle *b, const struct put_how *how)
{
    const char *source = attrs_str(&b->more, "dtype", "BF16");
    int t = how->dense == PUT_SOURCE ? dtype_find(source) : how->dense;

    if (t < 0 || !dtype_info((enum dtype)t)->writes_f32)
        t = DT_BF16;
    return how->holds && !how->holds((enum dtype)t) ? DT_F32 : (enum dtype)t;
}

/* A dense value of a type that the format has. */
static int goes_as_is(const struct bundle *b, const struct put_how *how)
{
    const struct part *v = bundle_part(b, 0, "dense");

    return !how->holds || !v || how->holds(v->dtype);
}

/* "ggml q4_K", "affine + lowrank" */
static const char *form_text(const struct bundle *b, char text[200])
{
    struct buf s = {0};

    for (int i = 0; i < b->terms; i++) {
        const struct part *v = bundle_part(b, i, "dense");
        const char *type = v ? dtype_info(v->dtype)->name : attrs_str(&b->term[i].attrs, "type", "");

        buf_printf(&s, "%s%s%s%s", i ? " + " : "", b->term[i].form, *type ? " " : "", type);
    }
    memccpy(text, buf_str(&s), '\0', 199);
    text[199] = '\0';
    buf_free(&s);
    return text;
}

static int put_value(struct pile *p, struct reader *in, struct bundle *b, const struct put_how *how, struct err *e)
{
    const char *form = b->terms == 1 ? b->term[0].form : "";
    const struct ggml_type *blocks = NULL;
    char text[200];

    if (how->to_f32)
        return put_as(p, in, b, how, DT_F32, e);
    if (how->add != 0)
        return put_as(p, in, b, how, bundle_dense_type(b), e);
    if (strcmp(form, "dense") == 0 && goes_as_is(b, how))
        return put_part(p, in, b, how, "dense", NULL, e);
    if (strcmp(form, "ggml") == 0)
        blocks = ggml_find(attrs_str(&b->term[0].attrs, "type", ""));
    if (blocks && how->blocks)
        return put_part(p, in, b, how, "blocks", blocks, e);
    if (how->dense == PUT_REFUSE)
        return err_set(e, "its value is %s, %s", form_text(b, text), how->refusal);
    return put_as(p, in, b, how, dense_type(b, how), e);
}

int put_bundle(struct pile *p, struct reader *in, struct bundle *b, const struct put_how *how, struct err *e)
{
    return put_value(p, in, b, how, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

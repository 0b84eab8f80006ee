#include "file/put.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Whole rows of a matrix [outputs][inputs] into its transpose, which the pile holds: a strip of each of its rows. */
static int put_turned(struct pile *p, uint64_t at, const uint8_t *data, uint64_t n, struct err *e)
{
    const struct pile_item *t = &p->item[p->n - 1];
    uint64_t inputs = t->shape.dim[0], outputs = t->shape.dim[1], size = t->row_bytes / outputs;
    uint64_t row0 = at / (inputs * size), rows = n / (inputs * size);
    uint8_t *strip = mem_new((size_t)(rows * size) + 1, 1);
    int rc = 0;

    for (uint64_t i = 0; i < inputs && rc == 0; i++) {
        for (uint64_t r = 0; r < rows; r++)
            memcpy(strip + r * size, data + (r * inputs + i) * size, (size_t)size);
        rc = pile_put(p, (i * outputs + row0) * size, strip, rows * size, e);
    }
    free(strip);
    return rc;
}

/* n bytes from byte `at` on. Where rows move, they are written one by one: of a vector the elements. */
static int put_moved(struct pile *p, const struct put_how *how, uint64_t at, const uint8_t *data, uint64_t n, struct err *e)
{
    const struct pile_item *t = &p->item[p->n - 1];
    uint64_t unit = t->shape.rank < 2 ? t->row_bytes / (shape_count(&t->shape) ? shape_count(&t->shape) : 1) : t->row_bytes;

    if (how->turned && t->shape.rank == 2 && n)
        return put_turned(p, at, data, n, e);
    if (!how->row || !unit)
        return pile_put(p, at, data, n, e);
    for (uint64_t i = 0; i < n; i += unit)
        if (pile_put(p, how->row((at + i) / unit, how->row_arg) * unit, data + i, unit, e) < 0)
            return -1;
    return 0;
}

/* Begin the tensor in the pile, its dims in the order of the file. */
static int begin(struct pile *p, const struct bundle *b, const struct put_how *how, enum dtype dtype, const struct ggml_type *blocks,
                 struct err *e)
{
    struct shape s = b->shape;

    if (how->turned && s.rank == 2) {
        if (dtype_info(dtype)->bits % 8 != 0)
            return err_set(e, "elements of %s are no whole bytes, and the matrix is to be turned", dtype_info(dtype)->name);
        s.dim[0] = b->shape.dim[1];
        s.dim[1] = b->shape.dim[0];
    }
    return pile_add(p, how->name ? how->name : b->name, &s, dtype, blocks, e);
}

/* The one part of a dense or ggml value, as it is. */
static int put_part(struct pile *p, struct reader *in, struct bundle *b, const struct put_how *how, const char *name,
                    const struct ggml_type *blocks, struct err *e)
{
    const struct part *v = bundle_part(b, 0, name);
    const uint8_t *data;
    uint64_t at, n;
    int part, got;

    if (!v)
        return err_set(e, "its value lacks the part '%s'", name);
    if (begin(p, b, how, v->dtype, blocks, e) < 0)
        return -1;
    if (v->rows * v->row_bytes != p->item[p->n - 1].bytes)
        return err_set(e, "part '%s' has %llu bytes, the type wants %llu", name, (unsigned long long)(v->rows * v->row_bytes),
                       (unsigned long long)p->item[p->n - 1].bytes);
    if (b->loaded)
        return put_moved(p, how, 0, v->data, v->rows * v->row_bytes, e);
    while ((got = bundle_next_bytes(in, b, &part, &at, &n, &data, e)) > 0)
        if (&b->part[part] == v && put_moved(p, how, at, data, n, e) < 0)
            return -1;
    return got;
}

static int put_as(struct pile *p, struct reader *in, struct bundle *b, const struct put_how *how, enum dtype t, struct err *e)
{
    uint64_t row0, n, bytes;
    float *w;
    uint8_t *out = NULL;
    int got = -1;

    if (begin(p, b, how, t, NULL, e) < 0 || bundle_load_companions(in, b, e) < 0)
        return -1;
    while ((got = bundle_next_rows(in, b, &row0, &n, &w, e)) > 0) {
        if (dtype_bytes(t, n * b->cols, &bytes) < 0) {
            got = err_set(e, "%llu rows of %llu elements overflow", (unsigned long long)n, (unsigned long long)b->cols);
            break;
        }
        out = mem_resize(out, (size_t)bytes + 1, 1);
        dtype_from_f32(t, w, out, (size_t)(n * b->cols));
        if ((got = put_moved(p, how, row0 * (bytes / n), out, bytes, e)) < 0)
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

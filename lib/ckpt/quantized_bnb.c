/*
 * quantized_bnb: bitsandbytes' nf4 and fp4 (blocks of a run of elements, whatever the rows; their scales may be codes
 * themselves, with an offset) and int8 (a row's largest magnitude in SCB). Source: bitsandbytes, functional.QuantState,
 * backends.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/quantized_int.h"

#define STATE_MAX ((uint64_t)64 << 10)

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t r = a % b;

        a = b;
        b = r;
    }
    return a;
}

struct state { /* what quant_state says */
    struct shape shape;
    uint64_t block, nested;
    float offset;
    enum dtype dtype;
};

static int read_shape(const struct json *j, struct shape *s, struct err *e)
{
    if (!j || j->kind != JSON_ARRAY || j->len != 2)
        return err_set(e, "quant_state: the shape is no matrix's");
    for (const struct json *d = j->first; d; d = d->next) {
        if (d->kind != JSON_INT || d->i <= 0 || d->i >= INT64_C(1) << 40)
            return err_set(e, "quant_state: dimension %d of the shape is none", s->rank);
        s->dim[s->rank++] = (uint64_t)d->i;
    }
    return 0;
}

static int parse_state(const struct json *j, struct state *st, struct err *e)
{
    const char *type = json_str(j, "dtype", "");
    int64_t block = json_int(j, "blocksize", 64), nested = json_int(j, "nested_blocksize", 256);

    st->dtype = strcmp(type, "float16") == 0 ? DT_F16 : strcmp(type, "bfloat16") == 0 ? DT_BF16 : DT_F32;
    if (st->dtype == DT_F32 && strcmp(type, "float32") != 0)
        return err_set(e, "quant_state: dtype '%.40s' is not known", type);
    if (block < 1 || nested < 1)
        return err_set(e, "quant_state: blocks of %lld and %lld", (long long)block, (long long)nested);
    st->block = (uint64_t)block;
    st->nested = (uint64_t)nested;
    st->offset = (float)json_num(j, "nested_offset", 0);
    return read_shape(json_get(j, "shape"), &st->shape, e);
}

static int read_state(struct quantized *q, const struct file_tensor *t, struct state *st, struct err *e)
{
    struct buf text = {0};
    struct json *j;
    int rc = t->dtype != DT_U8 || t->bytes > STATE_MAX
                 ? err_set(e, "%s is no text of at most 64 KiB", t->name)
                 : source_read(q->s, t, 0, buf_space(&text, (size_t)t->bytes + 1), (size_t)t->bytes, e);

    if (rc == 0) {
        j = json_parse(text.data, (size_t)t->bytes, 8, e);
        rc = j ? parse_state(j, st, e) : -1;
        json_free(j);
    }
    buf_free(&text);
    return rc != 0 ? err_in(e, "%s", t->name) : 0;
}

/* n F32 of a tensor that has as many, appended. */
static int read_table(struct quantized *q, const struct file_tensor *t, uint64_t n, struct buf *out, const char *what,
                      struct err *e)
{
    if (!t || t->dtype != DT_F32 || quantized_count(t) != n)
        return err_set(e, "its %s is missing, or not %llu of F32", what, (unsigned long long)n);
    if (source_read(q->s, t, 0, buf_space(out, (size_t)n * 4), (size_t)n * 4, e) < 0)
        return -1;
    out->len += (size_t)n * 4;
    return 0;
}

/* Scales: one for each block, or codes of one, with a table and scales of their own. */
static int add_scales(struct quantized *q, struct file_value *v, const struct file_tensor *t, const struct state *st,
                      struct err *e)
{
    size_t n = strlen(t->name);
    uint64_t rows = st->shape.dim[0], cols = st->shape.dim[1], group = gcd(cols, st->block), all, blocks;
    const struct file_tensor *max = quantized_beside(q, t->name, n, ".absmax"),
                             *map = quantized_beside(q, t->name, n, ".nested_quant_map"),
                             *outer = quantized_beside(q, t->name, n, ".nested_absmax");
    struct value_part *p;

    if (mem_mul(rows, cols, &all) < 0)
        return err_set(e, "quant_state: the shape overflows");
    blocks = all / st->block + (all % st->block != 0);
    if (!max || quantized_count(max) != blocks || (max->dtype != DT_F32 && max->dtype != DT_U8))
        return err_set(e, "its absmax is missing, or not %llu of F32 or U8", (unsigned long long)blocks);
    p = value_add(v, "scales", DT_F32, rows, cols / group);
    p->from = *max;
    p->group = group;
    p->every = st->block;
    p->nested = st->nested;
    p->offset = st->offset;
    p->read = read_absmax;
    attrs_set_int(&v->attrs, "group", (int64_t)group);
    if (max->dtype == DT_F32)
        return 0;
    if (!outer || outer->dtype != DT_F32 || quantized_count(outer) != blocks / st->nested + (blocks % st->nested != 0))
        return err_set(e, "its nested_absmax is missing, or of another size");
    p->with = *outer;
    return read_table(q, map, 256, &p->data, "nested_quant_map", e);
}

static int take_4bit(struct quantized *q, struct file_tensor *t, const struct file_tensor *state, struct err *e)
{
    struct state st = {0};
    struct file_value *v = value_new("table");
    struct value_part *p;
    uint64_t rows, cols;
    int rc = read_state(q, state, &st, e);

    rows = st.shape.dim[0];
    cols = st.shape.dim[1];
    if (rc == 0 && (cols % 2 || rows > t->bytes * 2 || rows * (cols / 2) != t->bytes))
        rc = err_set(e,
                     "%llu bytes for a matrix of [%llu, %llu], of which rows do not fill whole bytes, or that is of "
                     "another size",
                     (unsigned long long)t->bytes, (unsigned long long)rows, (unsigned long long)cols);
    if (rc == 0 && (rc = add_scales(q, v, t, &st, e)) == 0) {
        p = value_add(v, "codes", DT_U8, rows, cols / 2);
        p->from = *t;
        p->stride = p->row_bytes;
        p->read = read_swapped;
        attrs_set_int(&v->attrs, "bits", 4);
        quantized_round(v, st.dtype);
        p = value_add(v, "table", DT_F32, 1, 16);
        p->vector = 1;
        p->read = read_data;
        rc = read_table(q, quantized_beside(q, t->name, strlen(t->name), ".quant_map"), 16, &p->data, "quant_map", e);
    }
    if (rc < 0) {
        value_free(v);
        return -1;
    }
    quantized_give(t, NULL, &st.shape, st.dtype, v);
    return 1;
}

/* code * SCB, then by 127 as a float's reciprocal: the order of bitsandbytes. */
static int take_int8(struct quantized *q, struct file_tensor *t, const struct file_tensor *scb, struct err *e)
{
    struct file_value *v;
    struct value_part *p;
    struct shape shape = t->shape;

    if (t->dtype != DT_I8 || shape.rank != 2 || quantized_count(t) == 0 || scb->dtype != DT_F32 ||
        quantized_count(scb) != shape.dim[0])
        return err_set(e, "SCB of type %s for a weight of type %s and rank %d, or of another number of rows",
                       dtype_info(scb->dtype)->name, dtype_info(t->dtype)->name, shape.rank);
    v = value_new("affine");
    p = value_add(v, "codes", DT_U8, shape.dim[0], shape.dim[1]);
    p->from = *t;
    p->stride = p->row_bytes;
    p->read = read_added;
    p->add = 128;
    p = value_add(v, "scales", DT_F32, shape.dim[0], 1);
    p->from = *scb;
    p->stride = 4;
    p->read = read_rows;
    attrs_set_int(&v->attrs, "bits", 8);
    attrs_set_int(&v->attrs, "group", 0);
    attrs_set_f64(&v->attrs, "factor", (double)7.874015718698502e-3f);
    quantized_give(t, NULL, &shape, q->dense, v);
    return 1;
}

int quantized_bnb(struct quantized *q, struct file_tensor *t, struct err *e)
{
    size_t n = strlen(t->name), base = quantized_base(t->name, ".weight");
    struct file_tensor *nf4, *fp4, *scb;

    if (!base)
        return 0;
    nf4 = quantized_beside(q, t->name, n, ".quant_state.bitsandbytes__nf4");
    fp4 = quantized_beside(q, t->name, n, ".quant_state.bitsandbytes__fp4");
    if (nf4 || fp4)
        return take_4bit(q, t, nf4 ? nf4 : fp4, e);
    scb = quantized_beside(q, t->name, base, ".SCB");
    return scb ? take_int8(q, t, scb, e) : 0;
}

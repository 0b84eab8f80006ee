/*
 * quantized_packed: compressed-tensors' pack-quantized (codes of 1 to 8 bits in words of 32 along the inputs), and its
 * and modelopt's floats of 4 bits, two in a byte: nvfp4 with a scale for all beside that of each group, mxfp4. Source:
 * compressed-tensors, compressors; modelopt, NVFP4QTensor.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/quantized_int.h"

static uint64_t words(uint64_t codes, uint64_t bits)
{
    return codes * bits / 32 + (codes * bits % 32 != 0);
}

/* The weight's own shape: weight_shape, two whole numbers. */
static int read_shape(struct quantized *q, const struct file_tensor *t, struct shape *shape, struct err *e)
{
    int64_t d[2] = {0};
    int32_t half[2];
    int wide = t && t->dtype == DT_I64;

    if (!t || (!wide && t->dtype != DT_I32) || quantized_count(t) != 2)
        return err_set(e, "weight_shape is missing, or no two whole numbers");
    if (source_read(q->s, t, 0, wide ? (void *)d : half, wide ? sizeof d : sizeof half, e) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        if (!wide)
            d[i] = half[i];
        if (d[i] <= 0 || d[i] >= INT64_C(1) << 40)
            return err_set(e, "weight_shape has %lld", (long long)d[i]);
        shape->dim[i] = (uint64_t)d[i];
    }
    shape->rank = 2;
    return 0;
}

/* Bits of a code such that cols of them are n words: of the configuration's groups, else the only one. 0: none. */
static int bits_of(const struct quantized *q, uint64_t cols, uint64_t n)
{
    const struct json *g = json_get(q->config, "config_groups");
    int hits = 0, bits = 0;

    for (g = g && g->kind == JSON_OBJECT ? g->first : NULL; g; g = g->next) {
        int64_t b = json_int(json_get(g, "weights"), "num_bits", 0);

        if (b >= 1 && b <= 8 && words(cols, (uint64_t)b) == n)
            return (int)b;
    }
    for (int b = 1; b <= 8; b++)
        if (words(cols, (uint64_t)b) == n) {
            hits++;
            bits = b;
        }
    return hits == 1 ? bits : 0;
}

static int add_zeros(const struct quantized *q, struct file_value *v, const struct file_tensor *t,
                     const struct quantized_size *w, const struct quantized_sides *g, int bits, struct err *e)
{
    struct quantized_sides z;
    struct value_part *p;

    if (t->dtype == DT_I32 && t->shape.rank == 2 && t->shape.dim[0] == words(w->rows, (uint64_t)bits) &&
        t->shape.dim[1] == g->cols && g->rows == w->rows) {
        p = value_add(v, "zeros", DT_U8, w->rows, g->cols);
        p->from = *t;
        p->bits = bits;
        p->read = read_zero_words;
        return 0;
    }
    if (t->dtype != DT_I8 || quantized_grid_of(q, t, w, &z, e) < 0 || z.cols != g->cols || z.every != g->every)
        return err_set(e, "%s is of a type or shape that does not go with the scales", t->name);
    p = quantized_per_group(v, "zeros", DT_U8, t, w, g);
    p->read = read_added;
    p->add = 1u << (bits - 1);
    return 0;
}

struct packed { /* a weight's tensors */
    struct file_tensor *scale, *zero, *order;
};

static struct file_value *packed_value(struct quantized *q, const struct file_tensor *t, const struct packed *f,
                                       const struct quantized_size *w, int bits, struct err *e)
{
    struct file_value *v = value_new("affine");
    struct quantized_sides g;
    struct value_part *p =
        value_add(v, "codes", DT_U8, w->rows, w->cols / 8 * (uint64_t)bits + (w->cols % 8 * (uint64_t)bits + 7) / 8);

    p->from = *t;
    p->stride = t->shape.dim[1] * 4;
    p->read = read_rows;
    attrs_set_int(&v->attrs, "bits", bits);
    if (quantized_grid_of(q, f->scale, w, &g, e) == 0 && dtype_info(f->scale->dtype)->is_float &&
        dtype_info(f->scale->dtype)->bits >= 16) {
        attrs_set_int(&v->attrs, "group", (int64_t)g.group);
        quantized_per_group(v, "scales", f->scale->dtype, f->scale, w, &g);
        quantized_round(v, f->scale->dtype);
        if ((!f->zero || add_zeros(q, v, f->zero, w, &g, bits, e) == 0) &&
            quantized_order(q, v, f->order, w->cols, g.group, g.cols, e) == 0)
            return v;
    } else {
        err_set(e, "%s does not lie over the weight, or is of type %s", f->scale->name,
                dtype_info(f->scale->dtype)->name);
    }
    value_free(v);
    return NULL;
}

int quantized_packed(struct quantized *q, struct file_tensor *t, struct err *e)
{
    size_t n = quantized_base(t->name, "_packed");
    struct packed f = {0};
    struct shape shape = {0};
    struct quantized_size w = {1, 0, 0};
    struct file_value *v;
    int bits;

    if (!n || t->dtype != DT_I32)
        return 0;
    if (t->shape.rank != 2)
        return err_set(e, "packed words of rank %d", t->shape.rank);
    if (read_shape(q, quantized_beside(q, t->name, n, "_shape"), &shape, e) < 0)
        return -1;
    f.scale = quantized_beside(q, t->name, n, "_scale");
    f.zero = quantized_beside(q, t->name, n, "_zero_point");
    f.order = quantized_beside(q, t->name, n, "_g_idx");
    if (!f.scale)
        return err_set(e, "its scales (%.*s_scale) are missing", (int)n, t->name);
    w.rows = shape.dim[0];
    w.cols = shape.dim[1];
    bits = bits_of(q, w.cols, t->shape.dim[1]);
    if (w.rows != t->shape.dim[0] || !bits)
        return err_set(e, "[%llu, %llu] words cannot hold a weight of [%llu, %llu]",
                       (unsigned long long)t->shape.dim[0], (unsigned long long)t->shape.dim[1],
                       (unsigned long long)w.rows, (unsigned long long)w.cols);
    v = packed_value(q, t, &f, &w, bits, e);
    if (!v)
        return -1;
    quantized_give(t, mem_strndup(t->name, n), &shape, f.scale->dtype, v);
    return 1;
}

/* modelopt multiplies the scales by weight_scale_2, compressed-tensors divides them by weight_global_scale. */
static int overall(struct quantized *q, struct file_value *v, const struct file_tensor *times,
                   const struct file_tensor *by, struct err *e)
{
    float f;

    if ((times || by) && quantized_number(q, times ? times : by, &f, e) < 0)
        return -1;
    if (times || by)
        attrs_set_f64(&v->attrs, times ? "multiplier" : "divisor", (double)f);
    return 0;
}

/* modelopt's table has no -0. */
static void unsigned_zero(struct file_value *v)
{
    static const uint16_t bf16[16] = {0, 0x3f00, 0x3f80, 0x3fc0, 0x4000, 0x4040, 0x4080, 0x40c0,
                                      0, 0xbf00, 0xbf80, 0xbfc0, 0xc000, 0xc040, 0xc080, 0xc0c0};
    struct value_part *p = value_add(v, "table", DT_BF16, 1, 16);

    p->vector = 1;
    p->read = read_data;
    buf_add(&p->data, bf16, sizeof bf16);
}

int quantized_fp4(struct quantized *q, struct file_tensor *t, struct err *e)
{
    size_t n = quantized_base(t->name, "_packed");
    struct file_tensor *scale, *times = n ? NULL : quantized_beside(q, t->name, n = strlen(t->name), "_scale_2");
    struct quantized_size w = {1, 0, 0};
    struct quantized_sides g;
    struct file_value *v;
    struct value_part *p;
    enum dtype type;

    if (t->dtype != DT_U8 || t->shape.rank != 2 || (!times && n == strlen(t->name)))
        return 0;
    scale = quantized_beside(q, t->name, n, "_scale");
    w.rows = t->shape.dim[0];
    w.cols = t->shape.dim[1] * 2;
    type = scale && scale->dtype == DT_U8 ? DT_F8_E8M0 : DT_F8_E4M3;
    if (!scale || (scale->dtype != DT_U8 && scale->dtype != DT_F8_E4M3))
        return err_set(e, "its scales (%.*s_scale) are missing, or of a type that is none of E4M3 and E8M0", (int)n,
                       t->name);
    if (quantized_grid_of(q, scale, &w, &g, e) < 0)
        return -1;
    v = value_new("table");
    p = value_add(v, "codes", DT_U8, w.rows, w.cols / 2);
    p->from = *t;
    p->stride = p->row_bytes;
    p->read = read_rows;
    attrs_set_int(&v->attrs, "bits", 4);
    attrs_set_int(&v->attrs, "group", (int64_t)g.group);
    quantized_per_group(v, "scales", type, scale, &w, &g);
    if (times)
        unsigned_zero(v);
    else
        quantized_table(v, DT_F4);
    if (overall(q, v, times, times ? NULL : quantized_beside(q, t->name, n, "_global_scale"), e) < 0) {
        value_free(v);
        return -1;
    }
    if (!times)
        quantized_round(v, DT_BF16); /* compressed-tensors makes bfloat16 of them, whatever the model's type */
    quantized_give(t, mem_strndup(t->name, n), &(struct shape){2, {w.rows, w.cols}}, times ? q->dense : DT_BF16, v);
    return 1;
}

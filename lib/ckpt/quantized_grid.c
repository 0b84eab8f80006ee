/*
 * quantized_grid: numbers of 8 bits (or 4, two a byte) with a scale for the tensor, each row, each group of a row or
 * each block of rows and columns. fp8 (DeepSeek's blocks, weight_scale_inv), fbgemm_fp8, modelopt's FP8,
 * compressed-tensors' float-quantized, naive-quantized, int-quantized and mxfp8. Sources: transformers,
 * integrations/finegrained_fp8; compressed-tensors, quantization/lifecycle.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/quantized_int.h"

static int is_ct(const struct quantized *q)
{
    return strcmp(q->method, "compressed-tensors") == 0;
}

static int is_fp8(const struct quantized *q)
{
    return strcmp(q->method, "fp8") == 0;
}

/* Rows and columns of a block as the configuration has them, or 0. */
static uint64_t block_side(const struct quantized *q, int side)
{
    const struct json *b = json_get(q->config, "weight_block_size"), *g = json_get(q->config, "config_groups");

    for (g = g && g->kind == JSON_OBJECT ? g->first : NULL; g && !b; g = g->next)
        b = json_get(json_get(g, "weights"), "block_structure");
    b = b && b->kind == JSON_ARRAY && b->len == 2 ? b->first : NULL;
    b = b && side ? b->next : b;
    return b && b->kind == JSON_INT && b->i > 0 ? (uint64_t)b->i : 0;
}

/* Of `all` rows or columns in `parts`: how many share a number. 0: they cannot be so many. */
static uint64_t side_of(uint64_t all, uint64_t parts, uint64_t block)
{
    if (parts == 0 || all == 0)
        return 0;
    if (parts == 1 || parts == all)
        return parts == 1 ? all : 1;
    if (block && all / block + (all % block != 0) == parts)
        return block;
    return all % parts ? 0 : all / parts;
}

int quantized_grid_of(const struct quantized *q, const struct file_tensor *t, const struct quantized_size *w,
                      struct quantized_sides *g, struct err *e)
{
    const uint64_t *d = t->shape.dim;
    int rank = t->shape.rank;
    char text[200];

    g->rows = g->cols = 1;
    if (rank == 3 && d[0] == w->stack) { /* each its own */
        g->rows = d[1];
        g->cols = d[2];
    } else if (w->stack > 1 && quantized_count(t) == w->stack) {
        ;
    } else if (w->stack > 1) {
        rank = -1;
    } else if (rank == 1) {
        g->rows = d[0];
    } else if (rank == 2) {
        g->rows = d[0];
        g->cols = d[1];
    } else if (quantized_count(t) != 1) {
        rank = -1;
    }
    g->every = side_of(w->rows, g->rows, block_side(q, 0));
    g->group = side_of(w->cols, g->cols, block_side(q, 1));
    if (rank < 0 || !g->every || !g->group || (w->stack > 1 && g->cols == w->cols && w->cols > 1))
        return err_set(e, "scales %s do not divide a weight of %llu rows and %llu columns", shape_text(&t->shape, text),
                       (unsigned long long)w->rows, (unsigned long long)w->cols);
    return 0;
}

struct value_part *quantized_per_group(struct file_value *v, const char *name, enum dtype dtype,
                                       const struct file_tensor *t, const struct quantized_size *w,
                                       const struct quantized_sides *g)
{
    struct value_part *p = value_add(v, name, dtype, w->stack * w->rows, g->cols);

    p->from = *t;
    p->every = g->every;
    p->matrix = w->stack > 1 ? w->rows : 0;
    p->stride = p->row_bytes;
    p->read = read_rows;
    return p;
}

/* Zeros of a kind of codes that has none are there all the same, and are 0. */
static int all_zero(const struct quantized *q, const struct file_tensor *t, struct err *e)
{
    uint8_t *data;
    int rc = 0;

    if (t->bytes > BLOB_MAX_BYTES)
        return err_set(e, "%s is of %llu bytes", t->name, (unsigned long long)t->bytes);
    data = mem_new((size_t)t->bytes + 1, 1);
    rc = source_read(q->s, t, 0, data, (size_t)t->bytes, e);
    for (uint64_t i = 0; i < t->bytes && rc == 0; i++)
        if (data[i] & 0x7f) /* -0 is 0 */
            rc = err_set(e, "%s: zeros that are not 0 beside floats", t->name);
    free(data);
    return rc;
}

static int add_zeros(struct quantized *q, struct file_value *v, const struct file_tensor *zero,
                     const struct quantized_size *w, const struct quantized_sides *g, struct err *e)
{
    struct quantized_sides z;
    struct value_part *p;

    if (zero->dtype != DT_I8)
        return err_set(e, "%s is of type %s, I8 is wanted", zero->name, dtype_info(zero->dtype)->name);
    if (quantized_grid_of(q, zero, w, &z, e) < 0)
        return err_in(e, "%s", zero->name);
    if (z.cols != g->cols || z.every != g->every)
        return err_set(e, "%s is of another grid than the scales", zero->name);
    p = quantized_per_group(v, "zeros", DT_U8, zero, w, g);
    p->read = read_added;
    p->add = 128;
    return 0;
}

static void add_codes(struct file_value *v, const struct file_tensor *t, const struct quantized_size *w, int bits)
{
    struct value_part *p = value_add(v, "codes", DT_U8, w->stack * w->rows, w->cols * (uint64_t)bits / 8);

    p->from = *t;
    p->stride = p->row_bytes;
    p->read = t->dtype == DT_I8 && bits == 8 ? read_added : read_rows;
    p->add = 128;
    attrs_set_int(&v->attrs, "bits", bits);
}

/* Rows, columns and stack of a weight of rank 2 or 3. */
static int size_of(const struct file_tensor *t, int bits, struct quantized_size *w, struct err *e)
{
    char text[200];
    int r = t->shape.rank;

    if (r < 2 || r > 3 || quantized_count(t) == 0)
        return err_set(e, "a quantized weight of shape %s", shape_text(&t->shape, text));
    *w = (struct quantized_size){r == 3 ? t->shape.dim[0] : 1, t->shape.dim[r - 2],
                                 t->shape.dim[r - 1] * (uint64_t)(8 / bits)};
    return 0;
}

static int make(struct quantized *q, struct file_tensor *t, const struct file_tensor *scale,
                const struct file_tensor *zero, struct err *e)
{
    int whole = t->dtype == DT_I8 && is_ct(q), halves = !whole && (t->dtype == DT_I8 || t->dtype == DT_U8);
    enum dtype type = scale->dtype == DT_U8 ? DT_F8_E8M0 : scale->dtype;
    struct quantized_size w;
    struct quantized_sides g;
    struct file_value *v;
    struct shape shape = t->shape;

    if (size_of(t, halves ? 4 : 8, &w, e) < 0 || quantized_grid_of(q, scale, &w, &g, e) < 0)
        return -1;
    if (!dtype_info(type)->is_float || dtype_info(type)->bits % 8)
        return err_set(e, "%s is of type %s, no float's", scale->name, dtype_info(type)->name);
    if (zero && !whole && all_zero(q, zero, e) < 0)
        return -1;
    v = value_new(whole ? "affine" : "table");
    add_codes(v, t, &w, halves ? 4 : 8);
    attrs_set_int(&v->attrs, "group", (int64_t)g.group);
    quantized_per_group(v, "scales", type, scale, &w, &g);
    if (!whole)
        quantized_table(v, halves ? DT_F4 : t->dtype);
    if (is_ct(q))
        quantized_round(v, type == DT_F8_E8M0 ? DT_BF16 : type);
    if (zero && whole && add_zeros(q, v, zero, &w, &g, e) < 0) {
        value_free(v);
        return -1;
    }
    shape.dim[shape.rank - 1] = w.cols;
    quantized_give(t, NULL, &shape, q->dense, v);
    return 1;
}

int quantized_grid(struct quantized *q, struct file_tensor *t, struct err *e)
{
    size_t n = strlen(t->name);
    const struct file_tensor *scale, *zero;

    if (t->dtype != DT_F8_E4M3 && t->dtype != DT_F8_E5M2 && !(t->dtype == DT_I8 && (is_ct(q) || is_fp8(q))) &&
        !(t->dtype == DT_U8 && is_fp8(q)))
        return 0;
    if (quantized_base(t->name, "_zero_point") || quantized_base(t->name, "_scale") ||
        quantized_base(t->name, "_scale_inv"))
        return 0;
    scale = quantized_beside(q, t->name, n, "_scale_inv");
    if (!scale)
        scale = quantized_beside(q, t->name, n, "_scale");
    zero = quantized_beside(q, t->name, n, "_zero_point");
    return scale ? make(q, t, scale, zero, e) : 0;
}

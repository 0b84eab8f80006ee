/* to_quantized_coded: a bundle's codes, scales and zeros, and the rows of the files where they go. */
#include <stdlib.h>
#include <string.h>

#include "ckpt/to_quantized_int.h"

int coded_is(const struct bundle *b)
{
    const char *form = b->terms == 1 ? b->term[0].form : "";

    return strcmp(form, "affine") == 0 || strcmp(form, "table") == 0;
}

/* Which short float a table holds, by its values; a table without -0 is the same numbers. */
static int element_of(const struct part *table, int bits, enum dtype *t)
{
    static const enum dtype known[] = {DT_F4, DT_F8_E4M3, DT_F8_E5M2};
    size_t n = (size_t)1 << bits;
    float have[256], want[256];
    uint8_t code[256];

    dtype_to_f32(table->dtype, table->data, have, n);
    for (int k = 0; k < 3; k++) {
        int same = dtype_info(known[k])->bits == bits;

        for (size_t i = 0; i < n; i++)
            code[i] = (uint8_t)(bits == 4 ? (2 * i) | (2 * i + 1) << 4 : i);
        if (same)
            dtype_to_f32(known[k], code, want, n);
        for (size_t i = 0; i < n && same; i++)
            same = have[i] == want[i] || (have[i] != have[i] && want[i] != want[i]);
        *t = known[k];
        if (same)
            return 0;
    }
    return -1;
}

static int look_floats(struct coded *c, const struct bundle *b, struct err *e)
{
    const struct attrs *t = &b->term[0].attrs;
    const struct part *table = bundle_part(b, 0, "table");
    double by = attrs_f64(t, "multiplier", 1);

    c->divisor = (float)attrs_f64(t, "divisor", 1);
    if (!table || element_of(table, c->bits, &c->element) < 0)
        return err_set(e, "its table is none of E2M1, E4M3 and E5M2");
    if (by == 1)
        return 0;
    c->divisor = (float)(1 / by);
    return (double)c->divisor * by == 1 ? 0
                                        : err_set(e, "its scales are multiplied by %g, which no number divides by", by);
}

static int look_whole(struct coded *c, const struct bundle *b, struct err *e)
{
    const struct part *zeros = bundle_part(b, 0, "zeros");

    c->whole = 1;
    c->divisor = 1;
    if (zeros && zeros->dtype != DT_U8)
        return err_set(e, "zeros that are not whole numbers");
    c->zeros = zeros ? zeros->data : NULL;
    for (uint64_t i = 0; zeros && i < c->rows * c->groups; i++)
        if (c->zeros[i] >> c->bits)
            return err_set(e, "a zero of %u, which is beyond %d bits", c->zeros[i], c->bits);
    return attrs_f64(&b->term[0].attrs, "factor", 1) == 1 ? 0 : err_set(e, "a factor beside its scales");
}

static void look_order(struct coded *c, const struct part *index)
{
    uint16_t half;

    c->own_order = mem_new(c->cols + 1, sizeof *c->own_order);
    for (uint64_t i = 0; i < c->cols; i++)
        if (index->dtype == DT_U32) {
            memcpy(&c->own_order[i], index->data + 4 * i, 4);
        } else {
            memcpy(&half, index->data + 2 * i, 2);
            c->own_order[i] = half;
        }
    c->order = c->own_order;
}

static int look(struct coded *c, const struct bundle *b, struct err *e)
{
    const struct part *codes = bundle_part(b, 0, "codes"), *scales = bundle_part(b, 0, "scales"),
                      *index = bundle_part(b, 0, "index");
    uint64_t each = c->rows / (b->rows ? b->rows : 1); /* rows of a matrix of a stack, which is a row of the bundle */

    c->bits = (int)attrs_int(&b->term[0].attrs, "bits", 0);
    c->codes = codes->data;
    c->scales = scales->data;
    c->scale_type = scales->dtype;
    if (each == 0 || (each > 1 && (index || codes->row_bytes % each || scales->row_bytes % each)))
        return err_set(e, "a stack whose rows do not fill whole bytes");
    c->code_bytes = codes->row_bytes / each;
    c->scale_bytes = scales->row_bytes / each;
    c->groups = c->scale_bytes * 8 / (uint64_t)dtype_info(c->scale_type)->bits;
    c->group = (uint64_t)attrs_int(&b->term[0].attrs, "group", 0);
    if (index)
        look_order(c, index);
    else if (c->groups == 1)
        c->group = 0;
    return strcmp(b->term[0].form, "affine") == 0 ? look_whole(c, b, e) : look_floats(c, b, e);
}

/* Where a row goes: of a weight in a tensor that has the inputs first, the row that is a column there. */
static int row_of(const struct coded *c, const struct hf_place *place, uint64_t r, uint64_t *to)
{
    uint64_t at;

    *to = r = place->head_dim ? to_hf_row(r, place->head_dim) : r;
    if (!place->part)
        return 0;
    at = view_row(&place->view, r);
    if (view_whole_rows(&place->view)) {
        *to = at / c->cols;
        return at % c->cols ? -1 : 0;
    }
    if (place->stored.rank != 3)
        return -1;
    *to = at / (c->cols * c->stored.dim[1]) * c->stored.dim[1] + at % (c->cols * c->stored.dim[1]);
    return at % (c->cols * c->stored.dim[1]) < c->stored.dim[1] ? 0 : -1;
}

static int look_place(struct coded *c, const struct bundle *b, const struct hf_place *place, struct err *e)
{
    uint64_t last = 0;

    c->stored = place->part ? place->stored : b->shape;
    if (place->part && !view_whole_rows(&place->view) && c->stored.rank == 3) {
        c->stored.dim[1] = place->stored.dim[2];
        c->stored.dim[2] = place->stored.dim[1];
    }
    c->row = mem_new(c->rows + 1, sizeof *c->row);
    c->first = UINT64_MAX;
    for (uint64_t r = 0; r < c->rows; r++) {
        if (row_of(c, place, r, &c->row[r]) < 0)
            return err_set(e, "%s holds it with the inputs first", c->name);
        c->first = c->row[r] < c->first ? c->row[r] : c->first;
        last = c->row[r] > last ? c->row[r] : last;
    }
    c->together = last - c->first + 1 == c->rows;
    return 0;
}

int coded_make(struct coded *c, const struct bundle *b, const struct hf_place *place, struct err *e)
{
    int r = b->shape.rank;

    memset(c, 0, sizeof *c);
    if (!coded_is(b) || r < 2 || r > 3 || b->rows * b->cols == 0)
        return 0;
    c->name = place->name ? place->name : b->name;
    c->cols = b->shape.dim[r - 1];
    c->rows = b->rows * b->cols / c->cols;
    return look(c, b, e) < 0 || look_place(c, b, place, e) < 0 ? -1 : 1;
}

void coded_free(struct coded *c)
{
    free(c->row);
    free(c->own_order);
    for (int i = 0; i < 3; i++)
        free(c->own[i]);
    memset(c, 0, sizeof *c);
}

/* Without the ending that a module's weight has. */
static char *tensor_name(const struct coded *c, const char *end)
{
    size_t n = strlen(c->name);

    return mem_printf("%.*s%s", (int)(n > 7 && strcmp(c->name + n - 7, ".weight") == 0 ? n - 7 : n), c->name, end);
}

int64_t coded_tensor(struct to_quantized *q, const struct coded *c, const char *end, enum dtype t,
                     const struct shape *s, struct err *e)
{
    char *name = tensor_name(c, end);
    int64_t at = shape_count(&c->stored) == c->rows * c->cols ? -1 : pile_find(q->pile, name);
    int rc = 0;

    if (at < 0) {
        rc = pile_add(q->pile, name, s, t, NULL, e);
        at = (int64_t)q->pile->n - 1;
    } else if (q->pile->item[at].dtype != t || !shape_equal(&q->pile->item[at].shape, s)) {
        rc = err_set(e, "%s holds another of its weights in groups of another size or type", name);
    }
    if (rc == 0)
        q->pile->item[at].aside = 1;
    free(name);
    return rc == 0 ? at : -1;
}

int coded_put_rows(struct to_quantized *q, const struct coded *c, int64_t item, const uint8_t *data, uint64_t n,
                   struct err *e)
{
    for (uint64_t r = 0, run; r < c->rows; r += run) {
        for (run = 1; r + run < c->rows && c->row[r + run] == c->row[r] + run; run++)
            ;
        if (pile_put(q->pile, (size_t)item, c->row[r] * n, data + r * n, run * n, e) < 0)
            return -1;
    }
    return 0;
}

int coded_put_lines(struct to_quantized *q, const struct coded *c, int64_t item, const void *data, uint64_t lines,
                    uint64_t bits, struct err *e)
{
    uint64_t all = c->stored.dim[0] * bits / 8, at = c->first * bits / 8, have = c->rows * bits / 8;

    if (all == have)
        return pile_put(q->pile, (size_t)item, 0, data, lines * all, e);
    for (uint64_t i = 0; i < lines; i++)
        if (pile_put(q->pile, (size_t)item, i * all + at, (const uint8_t *)data + i * have, have, e) < 0)
            return -1;
    return 0;
}

unsigned coded_zero(const struct coded *c, uint64_t row, uint64_t group)
{
    return c->zeros ? c->zeros[row * c->groups + group] : 1u << (c->bits - 1);
}

void coded_place(uint32_t *words, uint64_t at, int bits, unsigned v)
{
    uint64_t bit = at * (uint64_t)bits;

    words[bit / 32] |= v << bit % 32;
    if (bit % 32 + (uint64_t)bits > 32)
        words[bit / 32 + 1] |= v >> (32 - bit % 32);
}

#include "tensor/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "tensor/form.h"
#include "tensor/lent.h"

/* Products of the first dim and of the others; -1 when the product of all does not fit 63 bits. */
static int rows_and_cols(const struct shape *s, uint64_t *rows, uint64_t *cols)
{
    uint64_t all;

    *rows = s->rank > 1 ? s->dim[0] : 1;
    *cols = 1;
    for (int i = s->rank > 1; i < s->rank; i++)
        if (mem_mul(*cols, s->dim[i], cols) < 0)
            return -1;
    return mem_mul(*rows, *cols, &all) < 0 || all > INT64_MAX ? -1 : 0;
}

int bundle_set_shape(struct bundle *b, const struct shape *s, struct err *e)
{
    char text[200];

    b->shape = *s;
    if (rows_and_cols(s, &b->rows, &b->cols) < 0)
        return err_set(e, "shape %s has more elements than 2^63 - 1", shape_text(s, text));
    return 0;
}

int part_set_size(struct part *p, struct err *e)
{
    uint64_t cols, all;
    char text[200];

    if (rows_and_cols(&p->shape, &p->rows, &cols) < 0 || dtype_bytes(p->dtype, cols, &p->row_bytes) < 0 ||
        mem_mul(p->rows, p->row_bytes, &all) < 0 || all > INT64_MAX)
        return err_set(e, "part %s of %s %s: rows that do not fill whole bytes, or too many bytes", p->name,
                       dtype_info(p->dtype)->name, shape_text(&p->shape, text));
    return 0;
}

void part_wire_size(const struct part *p, uint64_t *rows, uint64_t *row_bytes)
{
    int bits = dtype_info(p->dtype)->bits;

    *rows = p->rows;
    *row_bytes = p->row_bytes;
    if (p->shape.rank == 1 && bits % 8 == 0) {
        *rows = p->shape.dim[0];
        *row_bytes = (uint64_t)bits / 8;
    }
    if (*row_bytes == 0)
        *rows = 0;
}

void part_drop_data(struct part *p)
{
    if (p->lent)
        lent_drop(p->lent);
    else
        free(p->data);
    p->lent = NULL;
    p->data = NULL;
}

void part_lend(struct part *p, struct lent *l)
{
    lent_hold(l);
    part_drop_data(p);
    p->lent = l;
    p->data = l->data;
}

static void part_free(struct part *p)
{
    part_drop_data(p);
    free(p->name);
    free(p->same);
    attrs_free(&p->more);
}

/* Full at powers of two. */
void bundle_room_part(struct bundle *b)
{
    if ((b->parts & (b->parts - 1)) == 0)
        b->part = mem_resize(b->part, b->parts ? 2 * (size_t)b->parts : 1, sizeof *b->part);
}

void bundle_room_term(struct bundle *b)
{
    if ((b->terms & (b->terms - 1)) == 0)
        b->term = mem_resize(b->term, b->terms ? 2 * (size_t)b->terms : 1, sizeof *b->term);
}

static void drop_part_at(struct bundle *b, int i)
{
    part_free(&b->part[i]);
    b->parts--;
    memmove(&b->part[i], &b->part[i + 1], (size_t)(b->parts - i) * sizeof b->part[0]);
    b->touched = 1;
}

void bundle_free(struct bundle *b)
{
    for (int i = 0; i < b->parts; i++)
        part_free(&b->part[i]);
    for (int i = 0; i < b->terms; i++) {
        free(b->term[i].form);
        attrs_free(&b->term[i].attrs);
    }
    free(b->part);
    free(b->term);
    free(b->name);
    free(b->role);
    attrs_free(&b->more);
    buf_free(&b->raw);
    memset(b, 0, sizeof *b);
}

void bundle_init_dense(struct bundle *b, const char *name, const struct shape *s, enum dtype t, const void *data)
{
    struct part *p;
    struct err e;

    memset(b, 0, sizeof *b);
    b->name = mem_strdup(name);
    b->layer = b->expert = -1;
    if (bundle_set_shape(b, s, &e) < 0)
        die("%s: %s", name, e.msg);
    bundle_add_term(b, "dense");
    p = bundle_add_part(b, 0, "dense", t, s);
    if (data)
        memcpy(p->data, data, p->rows * p->row_bytes);
    b->loaded = 1;
}

void bundle_copy_header(struct bundle *to, const struct bundle *from)
{
    *to = (struct bundle){.name = mem_strdup(from->name),
                          .shape = from->shape,
                          .rows = from->rows,
                          .cols = from->cols,
                          .role = from->role ? mem_strdup(from->role) : NULL,
                          .layer = from->layer,
                          .expert = from->expert,
                          .segment = from->segment,
                          .touched = 1};
    attrs_copy(&to->more, &from->more);
}

void bundle_take_header(struct bundle *to, struct bundle *from)
{
    int left = 0;

    bundle_copy_header(to, from);
    for (int i = 0; i < from->parts; i++)
        if (from->part[i].term < 0) {
            bundle_room_part(to);
            to->part[to->parts] = from->part[i];
            to->part[to->parts++].wire = -1;
        } else {
            from->part[left++] = from->part[i];
        }
    from->parts = left;
    from->touched = 1;
}

struct part *bundle_part(const struct bundle *b, int term, const char *name)
{
    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term == term && strcmp(b->part[i].name, name) == 0)
            return (struct part *)&b->part[i];
    return NULL;
}

/* 0 companion, then for each term its fixed parts and those that follow the rows. */
static int place_of(int term, int fixed)
{
    return term < 0 ? 0 : 1 + 2 * term + !fixed;
}

struct part *bundle_declare_part(struct bundle *b, int term, const char *name, enum dtype t, const struct shape *s)
{
    int fixed = term >= 0 && form_is_fixed(b->term[term].form, name);
    int i = b->parts;
    struct part *p;
    struct err e;

    if (b->parts == PARTS_MAX)
        die("%s: a bundle has at most %d parts; %s would be one more", b->name, PARTS_MAX, name);
    while (i > 0 && place_of(b->part[i - 1].term, b->part[i - 1].fixed) > place_of(term, fixed))
        i--;
    bundle_room_part(b);
    memmove(&b->part[i + 1], &b->part[i], (size_t)(b->parts - i) * sizeof b->part[0]);
    b->parts++;
    b->touched = 1;
    p = &b->part[i];
    *p = (struct part){.name = mem_strdup(name), .term = term, .dtype = t, .shape = *s, .fixed = fixed, .wire = -1};
    if (part_set_size(p, &e) < 0)
        die("%s: %s", b->name, e.msg);
    return p;
}

struct part *bundle_add_part(struct bundle *b, int term, const char *name, enum dtype t, const struct shape *s)
{
    struct part *p = bundle_declare_part(b, term, name, t, s);

    p->data = mem_new(p->rows, p->row_bytes);
    return p;
}

void bundle_drop_part(struct bundle *b, int term, const char *name)
{
    struct part *p = bundle_part(b, term, name);

    if (p)
        drop_part_at(b, (int)(p - b->part));
}

void bundle_clear_value(struct bundle *b)
{
    for (int i = b->parts; i-- > 0;)
        if (b->part[i].term >= 0)
            drop_part_at(b, i);
    for (int i = 0; i < b->terms; i++) {
        free(b->term[i].form);
        attrs_free(&b->term[i].attrs);
        b->term[i] = (struct term){0};
    }
    b->terms = 0;
    b->touched = 1;
}

int bundle_add_term(struct bundle *b, const char *form)
{
    if (b->terms == TERMS_MAX)
        die("%s: a value has at most %d terms; %s would be one more", b->name, TERMS_MAX, form);
    bundle_room_term(b);
    b->term[b->terms] = (struct term){.form = mem_strdup(form)};
    b->touched = 1;
    return b->terms++;
}

void bundle_drop_term(struct bundle *b, int term)
{
    for (int i = b->parts; i-- > 0;)
        if (b->part[i].term == term)
            drop_part_at(b, i);
        else if (b->part[i].term > term)
            b->part[i].term--;
    free(b->term[term].form);
    attrs_free(&b->term[term].attrs);
    b->terms--;
    memmove(&b->term[term], &b->term[term + 1], (size_t)(b->terms - term) * sizeof b->term[0]);
    b->touched = 1;
}

int bundle_rows(const struct bundle *b, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct form *only = b->terms == 1 ? form_find(b->term[0].form) : NULL;

    if (only && only->set_rows)
        return only->set_rows(b, 0, r0, n, out, e);
    for (uint64_t i = 0; i < n * b->cols; i++)
        out[i] = -0.0f; /* what added to leaves every value as it is, -0 too */
    for (int t = 0; t < b->terms; t++) {
        const struct form *f = form_find(b->term[t].form);

        if (!f)
            return err_set(e, "form %s of its value is unknown to this program", b->term[t].form);
        if (f->add_rows(b, t, r0, n, out, e) < 0)
            return -1;
    }
    return 0;
}

void bundle_set_dense(struct bundle *b, enum dtype t, const float *w)
{
    struct part *p;

    bundle_clear_value(b);
    bundle_add_term(b, "dense");
    p = bundle_add_part(b, 0, "dense", t, &b->shape);
    dtype_from_f32(t, w, p->data, shape_count(&b->shape));
}

enum dtype bundle_dense_type(const struct bundle *b)
{
    const struct part *p;

    for (int t = 0; t < b->terms; t++)
        if (strcmp(b->term[t].form, "dense") == 0 && (p = bundle_part(b, t, "dense")) &&
            dtype_info(p->dtype)->writes_f32)
            return p->dtype;
    return DT_F32;
}

#include "file/value.h"

#include <stdlib.h>
#include <string.h>

struct file_value *value_new(const char *form)
{
    struct file_value *v = mem_new(1, sizeof *v);

    v->form = form;
    return v;
}

struct value_part *value_add(struct file_value *v, const char *name, enum dtype t, uint64_t rows, uint64_t cols)
{
    struct value_part *p = &v->part[v->parts++];

    *p = (struct value_part){.name = name, .dtype = t, .rows = rows, .cols = cols, .every = 1};
    if (dtype_bytes(t, cols, &p->row_bytes) < 0)
        p->row_bytes = 0; /* the caller has checked */
    return p;
}

void value_free(struct file_value *v)
{
    if (!v)
        return;
    for (int i = 0; i < v->parts; i++)
        buf_free(&v->part[i].data);
    attrs_free(&v->attrs);
    free(v);
}

uint64_t value_bytes(const struct file_value *v)
{
    uint64_t n = 0;

    for (int i = 0; i < v->parts; i++)
        n += v->part[i].rows * v->part[i].row_bytes;
    return n;
}

void value_give(struct file_tensor *t, struct file_value *v)
{
    t->value = v;
    t->bytes = value_bytes(v);
}

struct shape value_stored(const struct file_tensor *t)
{
    struct shape s = t->shape;

    if (t->value->turned && s.rank > 1) {
        s.dim[s.rank - 1] = t->shape.dim[s.rank - 2];
        s.dim[s.rank - 2] = t->shape.dim[s.rank - 1];
    }
    return s;
}

/* The row of codes that begins where element `at` of the stored shape is; 0 when none does. */
static int row_at(const struct file_tensor *t, uint64_t at, uint64_t *row)
{
    int r = t->shape.rank;
    uint64_t rows = t->shape.dim[r - 2], cols = t->shape.dim[r - 1];

    if (!t->value->turned) {
        *row = at / cols;
        return at % cols == 0;
    }
    *row = at / (rows * cols) * rows + at % (rows * cols);
    return at % (rows * cols) < rows;
}

int value_view_fits(const struct file_tensor *t, const struct view *v)
{
    int r = t->shape.rank;
    uint64_t row, rows, cols, all;

    if (r < 2)
        return 0;
    rows = t->shape.dim[r - 2];
    cols = t->shape.dim[r - 1];
    if (view_cols(v) != cols || (cols > 1 && (v->cols != 1 || v->col[0].stride != (t->value->turned ? rows : 1))))
        return 0;
    all = view_rows(v);
    for (uint64_t i = 0; i < all; i++)
        if (!row_at(t, view_row(v, i), &row))
            return 0;
    return 1;
}

/* Rows of codes in all matrices of the tensor. */
static uint64_t code_rows(const struct file_tensor *t)
{
    uint64_t n = 1;

    for (int i = 0; i + 1 < t->shape.rank; i++)
        n *= t->shape.dim[i];
    return n;
}

int value_header(struct bundle *b, const struct file_tensor *t, struct err *e)
{
    const struct file_value *v = t->value;
    int term = bundle_add_term(b, v->form);
    uint64_t each = b->rows && b->cols / t->shape.dim[t->shape.rank - 1] ? b->cols / t->shape.dim[t->shape.rank - 1]
                                                                         : 1; /* a row of a stack is a matrix */

    attrs_copy(&b->term[term].attrs, &v->attrs);
    for (int i = 0; i < v->parts; i++) {
        const struct value_part *p = &v->part[i];
        struct shape s = {2, {b->rows, each * p->cols}};

        if (p->vector)
            s = (struct shape){1, {p->cols}};
        else if (each > 1 && p->cols * (uint64_t)dtype_info(p->dtype)->bits % 8)
            return err_set(e, "rows of part %s do not fill whole bytes", p->name);
        bundle_declare_part(b, term, p->name, p->dtype, &s);
    }
    return 0;
}

/* Rows that a view picks, those behind one another at once. */
static int read_view(const struct source *s, const struct file_tensor *t, const struct value_part *p,
                     const struct view *v, uint64_t row, uint64_t n, uint8_t *out, struct err *e)
{
    uint64_t at = 0, next;

    for (uint64_t r = 0, m; r < n; r += m) {
        if (!row_at(t, view_row(v, row + r), &at))
            return err_set(e, "row %llu begins within a row of codes", (unsigned long long)(row + r));
        for (m = 1; r + m < n && row_at(t, view_row(v, row + r + m), &next) && next == at + m; m++)
            ;
        if (p->read(s, p, at, m, out + r * p->row_bytes, e) < 0)
            return -1;
    }
    return 0;
}

int value_read(const struct source *s, const struct file_tensor *t, const struct view *v, const struct part *p,
               uint64_t row, uint64_t n, void *out, struct err *e)
{
    for (int i = 0; i < t->value->parts; i++) {
        const struct value_part *from = &t->value->part[i];
        uint64_t each = from->vector || v || p->rows == 0 ? 1 : code_rows(t) / p->rows;

        if (strcmp(from->name, p->name) != 0)
            continue;
        return v && !from->vector ? read_view(s, t, from, v, row, n, out, e)
                                  : from->read(s, from, row * each, n * each, out, e);
    }
    return err_set(e, "its value has no part %s", p->name);
}

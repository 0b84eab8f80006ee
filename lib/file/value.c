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

void value_matrix(const struct file_tensor *t, uint64_t i, struct file_tensor *to)
{
    struct file_value *v = value_new(t->value->form);
    uint64_t n = t->shape.dim[0];

    *to = *t;
    to->name = NULL;
    to->shape = (struct shape){2, {t->shape.dim[1], t->shape.dim[2]}};
    attrs_copy(&v->attrs, &t->value->attrs);
    for (int k = 0; k < t->value->parts; k++) {
        struct value_part *p = &v->part[v->parts++];

        *p = t->value->part[k];
        p->data = (struct buf){0};
        buf_add(&p->data, t->value->part[k].data.data, t->value->part[k].data.len);
        if (!p->vector) {
            p->rows /= n;
            p->first += i * p->rows;
        }
    }
    value_give(to, v);
}

int value_header(struct bundle *b, const struct file_tensor *t, struct err *e)
{
    const struct file_value *v = t->value;
    int term = bundle_add_term(b, v->form);

    attrs_copy(&b->term[term].attrs, &v->attrs);
    for (int i = 0; i < v->parts; i++) {
        const struct value_part *p = &v->part[i];
        struct shape s = {2, {b->rows, 0}};
        uint64_t bits = (uint64_t)dtype_info(p->dtype)->bits;

        if (p->vector)
            s = (struct shape){1, {p->cols}};
        else if (b->rows == 0 || p->rows % b->rows)
            return err_set(e, "part %s has %llu rows, the weight %llu", p->name, (unsigned long long)p->rows, (unsigned long long)b->rows);
        else
            s.dim[1] = p->rows / b->rows * p->cols;
        if (!p->vector && p->rows != b->rows && p->cols * bits % 8)
            return err_set(e, "rows of part %s do not fill whole bytes", p->name);
        bundle_declare_part(b, term, p->name, p->dtype, strcmp(v->form, "dense") == 0 ? &b->shape : &s);
    }
    return 0;
}

int value_read(const struct source *s, const struct file_tensor *t, const struct part *p, uint64_t row, uint64_t n, void *out, struct err *e)
{
    for (int i = 0; i < t->value->parts; i++) {
        const struct value_part *v = &t->value->part[i];
        uint64_t each = v->vector || p->rows == 0 ? 1 : v->rows / p->rows; /* a row of a stack is a matrix */

        if (strcmp(v->name, p->name) == 0)
            return v->read(s, v, row * each, n * each, out, e);
    }
    return err_set(e, "its value has no part %s", p->name);
}

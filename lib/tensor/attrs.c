#include <stdlib.h>
#include <string.h>

#include "tensor/bundle.h"

static struct attr *find(const struct attrs *a, const char *key)
{
    for (int i = 0; i < a->n; i++)
        if (strcmp(a->item[i].key, key) == 0)
            return &a->item[i];
    return NULL;
}

const struct attr *attrs_find(const struct attrs *a, const char *key)
{
    return find(a, key);
}

int64_t attrs_int(const struct attrs *a, const char *key, int64_t otherwise)
{
    const struct attr *t = find(a, key);

    if (t && (t->kind == ATTR_INT || t->kind == ATTR_BOOL))
        return t->i;
    if (t && t->kind == ATTR_F64 && t->f >= -0x1p63 && t->f < 0x1p63 && t->f == (double)(int64_t)t->f)
        return (int64_t)t->f;
    return otherwise;
}

double attrs_f64(const struct attrs *a, const char *key, double otherwise)
{
    const struct attr *t = find(a, key);

    if (t && t->kind == ATTR_F64)
        return t->f;
    return t && t->kind == ATTR_INT ? (double)t->i : otherwise;
}

const char *attrs_str(const struct attrs *a, const char *key, const char *otherwise)
{
    struct attr *t = find(a, key);

    return t && t->kind == ATTR_STR ? buf_str(&t->raw) : otherwise;
}

/* The value of that key, emptied; a new one at the end when there is none. */
static struct attr *place(struct attrs *a, const char *key, enum attr_kind kind)
{
    struct attr *t = find(a, key);

    if (!t) {
        if ((a->n & (a->n - 1)) == 0) /* room doubles at powers of two */
            a->item = mem_resize(a->item, a->n ? 2 * (size_t)a->n : 1, sizeof *a->item);
        t = &a->item[a->n++];
        *t = (struct attr){.key = mem_strdup(key)};
    }
    buf_free(&t->raw);
    t->kind = kind;
    return t;
}

void attrs_set_int(struct attrs *a, const char *key, int64_t v)
{
    place(a, key, ATTR_INT)->i = v;
}

void attrs_set_bool(struct attrs *a, const char *key, int v)
{
    place(a, key, ATTR_BOOL)->i = v != 0;
}

void attrs_set_f64(struct attrs *a, const char *key, double v)
{
    place(a, key, ATTR_F64)->f = v;
}

void attrs_set_str(struct attrs *a, const char *key, const char *v)
{
    char *copy = mem_strdup(v); /* v may be the old value itself */
    struct attr *t = place(a, key, ATTR_STR);

    buf_puts(&t->raw, copy);
    buf_str(&t->raw);
    free(copy);
}

void attrs_set_raw(struct attrs *a, const char *key, const void *msgpack, size_t n)
{
    buf_add(&place(a, key, ATTR_RAW)->raw, msgpack, n);
}

void attrs_drop(struct attrs *a, const char *key)
{
    struct attr *t = find(a, key);

    if (!t)
        return;
    free(t->key);
    buf_free(&t->raw);
    a->n--;
    memmove(t, t + 1, (size_t)(a->item + a->n - t) * sizeof *t);
}

void attrs_copy(struct attrs *to, const struct attrs *from)
{
    struct attrs copy = {mem_resize(NULL, 2 * (size_t)from->n + 1, sizeof *copy.item), from->n};

    for (int i = 0; i < from->n; i++) {
        copy.item[i] = from->item[i];
        copy.item[i].key = mem_strdup(from->item[i].key);
        copy.item[i].raw = (struct buf){0};
        buf_add(&copy.item[i].raw, from->item[i].raw.data, from->item[i].raw.len);
    }
    attrs_free(to);
    *to = copy;
}

void attrs_free(struct attrs *a)
{
    for (int i = 0; i < a->n; i++) {
        free(a->item[i].key);
        buf_free(&a->item[i].raw);
    }
    free(a->item);
    *a = (struct attrs){0};
}

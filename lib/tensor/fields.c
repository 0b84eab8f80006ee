#include "tensor/fields.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    const struct field *x = *(const struct field *const *)a, *y = *(const struct field *const *)b;
    size_t n = x->key_n < y->key_n ? x->key_n : y->key_n;
    int c = memcmp(x->key, y->key, n);

    return c ? c : (x->key_n > y->key_n) - (x->key_n < y->key_n);
}

static int check_once(const struct fields *f, struct err *e)
{
    const struct field **order = mem_resize(NULL, f->n, sizeof *order);
    int rc = 0;

    for (uint32_t i = 0; i < f->n; i++)
        order[i] = &f->item[i];
    qsort(order, f->n, sizeof *order, by_key);
    for (uint32_t i = 1; i < f->n && rc == 0; i++)
        if (by_key(&order[i - 1], &order[i]) == 0)
            rc = err_set(e, "%s: key \"%.*s\" is there twice", f->what,
                         order[i]->key_n < 200 ? (int)order[i]->key_n : 200, (const char *)order[i]->key);
    free(order);
    return rc;
}

int fields_read(struct fields *f, struct mp_in *m, const char *what, struct err *e)
{
    struct mp_value v;

    *f = (struct fields){.what = what};
    if (mp_next(m, &v) < 0 || v.kind != MP_MAP)
        return err_set(e, "%s should be a map, is %s", what, mp_kind_name(v.kind));
    if (v.n > FIELDS_MAX)
        return err_set(e, "%s is a map of %u pairs, the limit is %d", what, v.n, FIELDS_MAX);
    f->n = v.n;
    f->item = mem_new(f->n, sizeof *f->item);
    for (uint32_t i = 0; i < f->n; i++) {
        if (mp_next(m, &v) < 0 || v.kind != MP_STR || !mp_is_text(v.p, v.n))
            return err_set(e, "%s: the key of pair %u should be a UTF-8 string, is %s", what, i + 1,
                           v.kind == MP_STR ? "other bytes" : mp_kind_name(v.kind));
        f->item[i] = (struct field){.key = v.p, .key_n = v.n};
        if (mp_skip(m, &f->item[i].value) < 0)
            return err_set(e, "%s: the value of pair %u is cut", what, i + 1);
    }
    return check_once(f, e);
}

void fields_free(struct fields *f)
{
    free(f->item);
    *f = (struct fields){0};
}

struct field *fields_find(struct fields *f, const char *key)
{
    size_t n = strlen(key);

    for (uint32_t i = 0; i < f->n; i++)
        if (f->item[i].key_n == n && memcmp(f->item[i].key, key, n) == 0) {
            f->item[i].used = 1;
            return &f->item[i];
        }
    return NULL;
}

int fields_get(struct fields *f, const char *key, enum mp_kind kind, struct mp_value *v, struct err *e)
{
    struct field *t = fields_find(f, key);
    struct mp_in m;

    if (!t)
        return 0;
    m = t->value;
    mp_next(&m, v);
    if (v->kind == kind)
        return 1;
    return err_set(e, "%s: %s should be %s, is %s", f->what, key, mp_kind_name(kind), mp_kind_name(v->kind));
}

int fields_text(struct fields *f, const char *key, int need, uint32_t limit, char **s, struct err *e)
{
    struct mp_value v;
    int got = fields_get(f, key, MP_STR, &v, e);

    *s = NULL;
    if (got < 0)
        return -1;
    if (!got)
        return need ? err_set(e, "%s lacks its %s", f->what, key) : 0;
    if (v.n == 0 || v.n > limit)
        return err_set(e, "%s: %s has %u bytes, 1 to %u are allowed", f->what, key, v.n, limit);
    if (!mp_is_text(v.p, v.n))
        return err_set(e, "%s: %s is not UTF-8 or holds a NUL", f->what, key);
    *s = mem_strndup((const char *)v.p, v.n);
    return 0;
}

int fields_int(struct fields *f, const char *key, int64_t lo, int64_t hi, int64_t *out, struct err *e)
{
    struct mp_value v;
    int got = fields_get(f, key, MP_INT, &v, e);

    if (got <= 0)
        return got;
    if ((!v.negative && v.u > INT64_MAX) || (int64_t)v.u < lo || (int64_t)v.u > hi)
        return err_set(
            e, v.negative ? "%s: %s is %lld, allowed are %lld to %lld" : "%s: %s is %llu, allowed are %lld to %lld",
            f->what, key, (long long)v.u, (long long)lo, (long long)hi);
    *out = (int64_t)v.u;
    return 0;
}

static void attr_read(struct attr *a, const struct field *f)
{
    struct mp_in m = f->value;
    struct mp_value v;

    mp_next(&m, &v);
    *a = (struct attr){.key = mem_strndup((const char *)f->key, f->key_n), .kind = ATTR_RAW};
    if (v.kind == MP_BOOL || (v.kind == MP_INT && (v.negative || v.u <= INT64_MAX))) {
        a->kind = v.kind == MP_BOOL ? ATTR_BOOL : ATTR_INT;
        a->i = (int64_t)v.u;
    } else if (v.kind == MP_FLOAT && f->value.end - f->value.p == 9) { /* of 8 bytes; of 4 stays as it came */
        a->kind = ATTR_F64;
        a->f = v.f;
    } else if (v.kind == MP_STR && mp_is_text(v.p, v.n)) {
        a->kind = ATTR_STR;
        buf_add(&a->raw, v.p, v.n);
        buf_str(&a->raw);
    } else {
        buf_add(&a->raw, f->value.p, (size_t)(f->value.end - f->value.p));
    }
}

static void to_attrs(const struct fields *f, int all, struct attrs *a)
{
    a->item = mem_resize(NULL, 2 * (size_t)f->n + 1, sizeof *a->item);
    a->n = 0;
    for (uint32_t i = 0; i < f->n; i++)
        if (all || !f->item[i].used)
            attr_read(&a->item[a->n++], &f->item[i]);
}

void fields_unused(const struct fields *f, struct attrs *a)
{
    to_attrs(f, 0, a);
}

void fields_all(const struct fields *f, struct attrs *a)
{
    to_attrs(f, 1, a);
}

int shape_read(struct mp_in *m, const char *what, struct shape *s, struct err *e)
{
    struct mp_value v;

    *s = (struct shape){0};
    if (mp_next(m, &v) < 0 || v.kind != MP_ARRAY)
        return err_set(e, "%s: shape should be an array, is %s", what, mp_kind_name(v.kind));
    if (v.n > RANK_MAX)
        return err_set(e, "%s: shape has %u dims, the limit is %d", what, v.n, RANK_MAX);
    s->rank = (int)v.n;
    for (int i = 0; i < s->rank; i++) {
        if (mp_next(m, &v) < 0 || v.kind != MP_INT)
            return err_set(e, "%s: dim %d of its shape should be an integer, is %s", what, i, mp_kind_name(v.kind));
        if (v.negative || v.u > (uint64_t)1 << 40)
            return err_set(e,
                           v.negative ? "%s: dim %d is %lld, allowed are 0 to 2^40"
                                      : "%s: dim %d is %llu, allowed are 0 to 2^40",
                           what, i, (unsigned long long)v.u);
        s->dim[i] = v.u;
    }
    return 0;
}

int fields_shape(struct fields *f, const char *key, struct shape *s, struct err *e)
{
    struct field *t = fields_find(f, key);
    struct mp_in m;

    if (!t)
        return err_set(e, "%s lacks its %s", f->what, key);
    m = t->value;
    return shape_read(&m, f->what, s, e);
}

void shape_put(struct buf *b, const struct shape *s)
{
    mp_put_array(b, (uint32_t)s->rank);
    for (int i = 0; i < s->rank; i++)
        mp_put_uint(b, s->dim[i]);
}

void attr_put(struct buf *b, const struct attr *a)
{
    switch (a->kind) {
    case ATTR_INT:
        mp_put_int(b, a->i);
        break;
    case ATTR_BOOL:
        mp_put_bool(b, a->i != 0);
        break;
    case ATTR_F64:
        mp_put_f64(b, a->f);
        break;
    case ATTR_STR:
        mp_put_strn(b, a->raw.data, a->raw.len);
        break;
    case ATTR_RAW:
        buf_add(b, a->raw.data, a->raw.len);
        break;
    }
}

void attrs_put_pairs(struct buf *b, const struct attrs *a)
{
    for (int i = 0; i < a->n; i++) {
        mp_put_str(b, a->item[i].key);
        attr_put(b, &a->item[i]);
    }
}

void attrs_put_map(struct buf *b, const struct attrs *a)
{
    mp_put_map(b, (uint32_t)a->n);
    attrs_put_pairs(b, a);
}

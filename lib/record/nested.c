#include "record/nested.h"

#include <inttypes.h>
#include <string.h>

#include "wire/mp.h"

/* One pair of a map's body: the key, both as bytes, and the value. */
struct pair {
    struct mp_value key;
    struct mp_in all, value;
};

static int next_pair(struct mp_in *m, struct pair *p)
{
    struct mp_in k = *m, span;

    p->all.p = m->p;
    if (mp_next(&k, &p->key) < 0 || mp_skip(m, &span) < 0 || mp_skip(m, &p->value) < 0)
        return -1;
    p->all.end = m->p;
    return 0;
}

static int is(const struct mp_value *k, const char *name, size_t n)
{
    return k->kind == MP_STR && k->n == n && memcmp(k->p, name, n) == 0;
}

/* Is the value a map? Then *body are its pairs, *n. */
static int is_map(struct mp_in value, struct mp_in *body, uint32_t *n)
{
    struct mp_value v;

    if (mp_next(&value, &v) < 0 || v.kind != MP_MAP)
        return 0;
    *body = value;
    *n = v.n;
    return 1;
}

/* n pairs to `to` without the one at path, whose value is *leaf. How many are put; leaf->p stays NULL when it is not
 * there. */
static uint32_t cut(struct mp_in m, uint32_t n, const char *path, struct buf *to, struct mp_in *leaf)
{
    size_t first = strcspn(path, ".");
    uint32_t kept = 0, members;
    struct pair p;
    struct mp_in body;

    for (uint32_t i = 0; i < n && next_pair(&m, &p) == 0; i++) {
        if (!leaf->p && is(&p.key, path, strlen(path))) {
            *leaf = p.value;
            continue;
        }
        kept++;
        if (!leaf->p && path[first] && is(&p.key, path, first) && is_map(p.value, &body, &members)) {
            struct buf inner = {0};

            members = cut(body, members, path + first + 1, &inner, leaf);
            mp_put_strn(to, p.key.p, p.key.n);
            mp_put_map(to, members);
            buf_add(to, inner.data, inner.len);
            buf_free(&inner);
            continue;
        }
        buf_add(to, p.all.p, (size_t)(p.all.end - p.all.p));
    }
    return kept;
}

int nested_take(struct record *r, const char *path, int integers, struct buf *keep)
{
    struct buf rest = {0};
    struct mp_in leaf = {0};
    struct mp_value v;
    uint32_t kept;
    int got;

    if (r->metas == 0) /* there may be no buffer either */
        return 0;
    kept = cut((struct mp_in){r->own[0].data, r->own[0].data + r->own[0].len}, r->metas, path, &rest, &leaf);
    got = leaf.p && mp_next(&leaf, &v) == 0 && v.kind != MP_NIL;
    if (got && v.kind == MP_STR)
        buf_add(keep, v.p, v.n);
    else if (got && v.kind == MP_INT && integers)
        buf_printf(keep, v.negative ? "%" PRId64 : "%" PRIu64, v.u);
    else if (got)
        got = -1;
    if (got == 1) {
        buf_free(&r->own[0]);
        r->own[0] = rest;
        r->metas = kept;
        return 1;
    }
    buf_free(&rest);
    return got;
}

/* "a.b" and a string as the pair a: {b: string}. */
static void put_chain(struct buf *to, const char *path, const char *s, size_t bytes)
{
    size_t n = strcspn(path, ".");

    mp_put_strn(to, path, n);
    if (path[n]) {
        mp_put_map(to, 1);
        put_chain(to, path + n + 1, s, bytes);
    } else {
        mp_put_strn(to, s, bytes);
    }
}

static int is_nil(struct mp_in value)
{
    struct mp_value v;

    return mp_next(&value, &v) == 0 && v.kind == MP_NIL;
}

/* The map of a pair again, with the string in it. */
static int put_within(const struct pair *p, const char *path, const char *s, size_t bytes, struct buf *to)
{
    struct buf inner = {0};
    struct mp_in body;
    uint32_t n;
    int rc =
        is_map(p->value, &body, &n) ? nested_put(body.p, (size_t)(body.end - body.p), &n, path, s, bytes, &inner) : -1;

    if (rc == 0) {
        mp_put_strn(to, p->key.p, p->key.n);
        mp_put_map(to, n);
        buf_add(to, inner.data, inner.len);
    }
    buf_free(&inner);
    return rc;
}

int nested_put(const uint8_t *pairs, size_t len, uint32_t *n, const char *path, const char *s, size_t bytes,
               struct buf *to)
{
    struct mp_in m = {pairs, pairs + len};
    size_t first = strcspn(path, ".");
    uint32_t kept = 0;
    struct pair p;
    int done = 0;

    for (uint32_t i = 0; i < *n && next_pair(&m, &p) == 0; i++) {
        if (done || !is(&p.key, path, first)) {
            buf_add(to, p.all.p, (size_t)(p.all.end - p.all.p));
        } else if (is_nil(p.value)) {
            continue;
        } else {
            if (!path[first] || put_within(&p, path + first + 1, s, bytes, to) < 0)
                return -1;
            done = 1;
        }
        kept++;
    }
    if (!done)
        put_chain(to, path, s, bytes);
    *n = kept + !done;
    return 0;
}

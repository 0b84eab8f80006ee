/* json: any bytes are a tree or a clause with a place; a tree's strings written out are read again as they were. */
#include "record/json.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

static void again(const char *s, size_t n)
{
    struct buf b = {0};
    struct json *j;

    json_put_string(&b, s, n);
    j = json_parse(b.data, b.len, 1, NULL);
    if (!j || j->kind != JSON_STRING || j->len != n || memcmp(j->s, s, n))
        abort();
    json_free(j);
    buf_free(&b);
}

static void walk(const struct json *j)
{
    if (j->kind == JSON_STRING)
        again(j->s, j->len);
    if (j->key)
        again(j->key, j->key_len);
    for (const struct json *c = j->first; c; c = c->next)
        walk(c);
}

/* The members of an object, one at a time, are those of its tree; what is no tree is refused in either way. */
static int same(void *ctx, const struct json *m, struct err *e)
{
    const struct json **at = ctx, *a = *at;

    (void)e;
    if (!a || a->kind != m->kind || a->len != m->len || a->key_len != m->key_len ||
        memcmp(a->key, m->key, m->key_len) != 0)
        abort();
    *at = a->next;
    return 0;
}

static int any(void *ctx, const struct json *m, struct err *e)
{
    (void)ctx, (void)m, (void)e;
    return 0;
}

static void members(const uint8_t *p, size_t n, const struct json *j)
{
    const struct json *at = j ? j->first : NULL;
    int object = j && j->kind == JSON_OBJECT;

    if ((json_members(p, n, 64, object ? same : any, &at, NULL) == 0) != object || (object && at))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct err e = {""};
    struct json *j = json_parse(p, n, 64, &e);

    if (!j != (strncmp(e.msg, "line ", 5) == 0))
        abort();
    members(p, n, j);
    if (j)
        walk(j);
    json_free(j);
    return 0;
}

#include "record/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "record/jsonl.h"
#include "wire/mp.h"

static struct text_score *find_score(const struct record *r, const char *name)
{
    size_t n = strlen(name);

    for (int i = 0; i < r->scores; i++)
        if (r->score[i].len == n && memcmp(r->score[i].name, name, n) == 0)
            return &r->score[i];
    return NULL;
}

/* A new score at the end, whatever is there. */
static void add_score(struct record *r, const char *name, size_t n, double value)
{
    if (r->scores == r->score_cap) {
        r->score_cap = r->score_cap ? 2 * r->score_cap : 4;
        r->score = mem_resize(r->score, (size_t)r->score_cap, sizeof *r->score);
    }
    r->score[r->scores++] = (struct text_score){name, (uint32_t)n, value};
}

void record_set_score(struct record *r, const char *name, double value)
{
    struct text_score *s = find_score(r, name);

    if (s)
        s->value = value;
    else
        add_score(r, name, strlen(name), value);
}

void record_add_score(struct record *r, const char *name, double value)
{
    add_score(r, name, strlen(name), value);
}

const double *record_score(const struct record *r, const char *name)
{
    const struct text_score *s = find_score(r, name);

    return s ? &s->value : NULL;
}

void record_drop_score(struct record *r, const char *name)
{
    struct text_score *s = find_score(r, name);

    if (s)
        memmove(s, s + 1, (size_t)(r->score + --r->scores - s) * sizeof *s);
}

/* The pair of that key: *pair spans both objects, *value the second. */
static int find_meta(const struct record *r, const char *key, struct mp_in *pair, struct mp_in *value)
{
    struct mp_in m = {r->meta, r->meta + r->meta_len};
    size_t n = strlen(key);

    for (uint32_t i = 0; i < r->metas; i++) {
        struct mp_in k = m;
        struct mp_value v;

        pair->p = m.p;
        if (mp_next(&k, &v) < 0 || mp_skip(&m, pair) < 0)
            return 0;
        k.p = pair->p;
        if (mp_skip(&m, value) < 0)
            return 0;
        *pair = (struct mp_in){k.p, m.p};
        if (v.kind == MP_STR && v.n == n && memcmp(v.p, key, n) == 0)
            return 1;
    }
    return 0;
}

int record_meta(const struct record *r, const char *key, struct mp_in *v)
{
    struct mp_in pair;

    return find_meta(r, key, &pair, v);
}

const char *record_meta_text(const struct record *r, const char *key, size_t *len, struct buf *scratch)
{
    struct mp_in value, m;
    struct mp_value v;

    if (!record_meta(r, key, &value))
        return NULL;
    m = value;
    if (mp_next(&m, &v) < 0 || v.kind == MP_ARRAY || v.kind == MP_MAP || v.kind == MP_NIL)
        return NULL;
    if (v.kind == MP_STR)
        return *len = v.n, (const char *)v.p;
    scratch->len = 0;
    if (jsonl_put_value(scratch, &value, NULL) < 0)
        return NULL;
    *len = scratch->len;
    return buf_str(scratch);
}

void record_set_meta_raw(struct record *r, const char *key, const void *object, size_t n)
{
    struct mp_in pair, value;
    struct buf *to = r->meta == r->own[0].data ? &r->own[1] : &r->own[0];
    int there = find_meta(r, key, &pair, &value);
    const uint8_t *cut = there ? pair.p : r->meta + r->meta_len, *rest = there ? pair.end : cut;

    to->len = 0;
    if (cut != r->meta)
        buf_add(to, r->meta, (size_t)(cut - r->meta));
    mp_put_str(to, key);
    buf_add(to, object, n);
    if (there)
        buf_add(to, rest, (size_t)(r->meta + r->meta_len - rest));
    r->meta = to->data;
    r->meta_len = to->len;
    r->metas += !there;
}

void record_set_meta(struct record *r, const char *key, const void *s, size_t n)
{
    struct buf b = {0};

    mp_put_strn(&b, s, n);
    record_set_meta_raw(r, key, b.data, b.len);
    buf_free(&b);
}

static int listed(const char *keys, const uint8_t *key, size_t n)
{
    for (const char *at = keys; *at;) {
        size_t len = strcspn(at, ",");

        if (len == n && memcmp(at, key, n) == 0)
            return 1;
        at += len + (at[len] == ',');
    }
    return 0;
}

void record_keep_meta(struct record *r, const char *keys)
{
    struct buf *to = r->meta == r->own[0].data ? &r->own[1] : &r->own[0];
    struct mp_in m = {r->meta, r->meta + r->meta_len}, span;
    uint32_t kept = 0;

    to->len = 0;
    for (uint32_t i = 0; i < r->metas; i++) {
        const uint8_t *pair = m.p;
        struct mp_value k;

        if (mp_next(&m, &k) < 0 || k.kind > MP_EXT || mp_skip(&m, &span) < 0)
            break;
        if (k.kind != MP_STR || !listed(keys, k.p, k.n))
            continue;
        buf_add(to, pair, (size_t)(m.p - pair));
        kept++;
    }
    r->meta = to->data;
    r->meta_len = to->len;
    r->metas = kept;
}

void record_hash_id(const void *text, size_t n, char out[33])
{
    static const char hex[] = "0123456789abcdef";
    struct hash128 h = hash128(text, n);

    for (int i = 0; i < 16; i++) {
        out[i] = hex[h.hi >> (60 - 4 * i) & 15];
        out[16 + i] = hex[h.lo >> (60 - 4 * i) & 15];
    }
    out[32] = '\0';
}

void record_pack(struct buf *b, const struct record *r)
{
    mp_put_map(b, 2 + !!r->metas + !!r->tokens + !!r->scores + r->mores);
    mp_put_str(b, "id");
    mp_put_strn(b, r->id, r->id_len);
    mp_put_str(b, "text");
    mp_put_strn(b, r->text, r->text_len);
    if (r->metas) {
        mp_put_str(b, "meta");
        mp_put_map(b, r->metas);
        buf_add(b, r->meta, r->meta_len);
    }
    if (r->tokens) {
        mp_put_str(b, "tokens");
        buf_add(b, r->tokens, r->tokens_len);
    }
    if (r->scores) {
        mp_put_str(b, "scores");
        mp_put_map(b, (uint32_t)r->scores);
    }
    for (int i = 0; i < r->scores; i++) {
        mp_put_strn(b, r->score[i].name, r->score[i].len);
        mp_put_f64(b, r->score[i].value);
    }
    if (r->mores)
        buf_add(b, r->more, r->more_len);
}

/* The pairs of a map, and how many. */
static int take_pairs(struct mp_in *m, const uint8_t **p, size_t *len, uint32_t *pairs)
{
    struct mp_value v;
    struct mp_in span;

    if (mp_next(m, &v) < 0 || v.kind != MP_MAP)
        return -1;
    *p = m->p;
    *pairs = v.n;
    for (uint64_t i = 0; i < 2 * (uint64_t)v.n; i++)
        if (mp_skip(m, &span) < 0)
            return -1;
    *len = (size_t)(m->p - *p);
    return 0;
}

static int take_scores(struct record *r, struct mp_in *m, struct err *e)
{
    struct mp_value map, name, v;

    if (mp_next(m, &map) < 0 || map.kind != MP_MAP)
        return err_set(e, "scores are no map");
    for (uint32_t i = 0; i < map.n; i++) {
        if (mp_next(m, &name) < 0 || mp_next(m, &v) < 0 || name.kind != MP_STR ||
            (v.kind != MP_FLOAT && v.kind != MP_INT))
            return err_set(e, "scores are not all numbers under names");
        add_score(r, (const char *)name.p, name.n,
                  v.kind == MP_FLOAT ? v.f
                  : v.negative       ? (double)(int64_t)v.u
                                     : (double)v.u);
    }
    return 0;
}

static int take_string(struct mp_in *m, const char **s, size_t *n)
{
    struct mp_value v;

    if (mp_next(m, &v) < 0 || v.kind != MP_STR)
        return -1;
    *s = (const char *)v.p;
    *n = v.n;
    return 0;
}

static int key_is(const struct mp_value *k, const char *name)
{
    return k->n == strlen(name) && memcmp(k->p, name, k->n) == 0;
}

/* The value of one key. Unknown pairs are relayed as one span, so they must stand together, as weir(5) asks. */
static int take_field(struct record *r, struct mp_in *m, const struct mp_value *k, const uint8_t *pair, struct err *e)
{
    struct mp_in span;

    if (key_is(k, "id"))
        return take_string(m, &r->id, &r->id_len) < 0 ? err_set(e, "id is no string") : 0;
    if (key_is(k, "text"))
        return take_string(m, &r->text, &r->text_len) < 0 ? err_set(e, "text is no string") : 0;
    if (key_is(k, "meta"))
        return take_pairs(m, &r->meta, &r->meta_len, &r->metas) < 0 ? err_set(e, "meta is no map") : 0;
    if (key_is(k, "scores"))
        return take_scores(r, m, e);
    if (mp_skip(m, &span) < 0)
        return err_set(e, "it ends inside the value of %.*s", k->n > 64 ? 64 : (int)k->n, (const char *)k->p);
    if (key_is(k, "tokens")) {
        r->tokens = span.p;
        r->tokens_len = (size_t)(span.end - span.p);
        return 0;
    }
    if (r->mores && r->more + r->more_len != pair)
        return err_set(e, "keys that weir does not know stand among those it knows; they belong at the end");
    r->more = r->mores ? r->more : pair;
    r->more_len = (size_t)(span.end - r->more);
    r->mores++;
    return 0;
}

void record_clear(struct record *r)
{
    static const uint8_t none[1];
    struct record room = {.score = r->score, .score_cap = r->score_cap, .meta = none, .more = none};

    for (int i = 0; i < 5; i++) {
        room.own[i] = r->own[i];
        room.own[i].len = 0;
    }
    *r = room;
}

int record_unpack(struct record *r, struct mp_in *m, struct err *e)
{
    struct mp_value map, key;

    record_clear(r);
    if (mp_next(m, &map) < 0 || map.kind != MP_MAP)
        return err_set(e, "it is no map");
    for (uint32_t i = 0; i < map.n; i++) {
        const uint8_t *pair = m->p;

        if (mp_next(m, &key) < 0 || key.kind != MP_STR)
            return err_set(e, "key %u is no string", i + 1);
        if (take_field(r, m, &key, pair, e) < 0)
            return -1;
    }
    if (!r->text || !r->id)
        return err_set(e, "it has no %s", r->text ? "id" : "text");
    return 0;
}

void record_copy(struct record *to, const struct record *from, struct buf *keep)
{
    struct mp_in m;

    keep->len = 0;
    record_pack(keep, from);
    m = (struct mp_in){keep->data, keep->data + keep->len};
    record_unpack(to, &m, NULL); /* what record_pack wrote is whole */
}

void record_free(struct record *r)
{
    free(r->score);
    for (int i = 0; i < 5; i++)
        buf_free(&r->own[i]);
    *r = (struct record){0};
}

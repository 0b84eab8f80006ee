#include "record/jsonl.h"

#include <string.h>

#include "record/jsonl_scan.h"
#include "record/nested.h"
#include "wire/mp.h"

/* Are all values of this msgpack object ("scores") numbers, of this array ("tokens") integers? */
static int all_numbers(const struct buf *b, size_t at, enum mp_kind container, uint32_t *count)
{
    struct mp_in m = {b->data + at, b->data + b->len};
    struct mp_value v;

    if (mp_next(&m, &v) < 0 || v.kind != container)
        return 0;
    *count = v.n;
    for (uint32_t i = 0, n = v.n; i < n; i++) {
        if (container == MP_MAP && mp_next(&m, &v) < 0)
            return 0;
        if (mp_next(&m, &v) < 0 || (v.kind != MP_INT && (container == MP_ARRAY || v.kind != MP_FLOAT)))
            return 0;
    }
    return 1;
}

/* What a member of the line is for. */
struct fields {
    const char *text, *id;
    size_t text_len, id_len;
    int scores; /* they have come, and wait in own[1] */
};

static int same(const char *key, size_t n, const char *name, size_t len)
{
    return n == len && memcmp(key, name, n) == 0;
}

static int take_id(struct scan *s, struct record *r)
{
    size_t n;
    int whole;

    if (r->id)
        return scan_fault(s, "the id is there twice");
    if (s->p < s->end && *s->p == '"')
        return scan_string(s, &r->id, &r->id_len);
    if (scan_literal(s, "null"))
        return 0;
    if (scan_number(s, &r->id, &n, &whole) < 0 || !whole)
        return scan_fault(s, "the id is neither a string nor an integer");
    r->id_len = n;
    return 0;
}

/* Any other member: scores, tokens, or a meta value. */
static int take_other(struct scan *s, struct record *r, struct fields *f, const char *key, size_t n)
{
    struct buf *meta = &r->own[0];
    size_t at = meta->len;
    uint32_t count;

    mp_put_strn(meta, key, n);
    size_t value = meta->len;

    if (scan_value(s, meta, JSONL_DEPTH_MAX) < 0)
        return -1;
    if (same(key, n, "scores", 6) && all_numbers(meta, value, MP_MAP, &count)) {
        if (f->scores)
            return scan_fault(s, "the scores are there twice");
        f->scores = 1;
        buf_add(&r->own[1], meta->data + value, meta->len - value);
        meta->len = at;
    } else if (same(key, n, "tokens", 6) && all_numbers(meta, value, MP_ARRAY, &count)) {
        if (r->own[3].len)
            return scan_fault(s, "the tokens are there twice");
        buf_add(&r->own[3], meta->data + value, meta->len - value);
        meta->len = at;
    } else {
        r->metas++;
    }
    return 0;
}

static int take_member(struct scan *s, struct record *r, struct fields *f)
{
    const char *key;
    size_t n;

    if (scan_key(s, &key, &n) < 0)
        return -1;
    scan_space(s);
    if (s->p == s->end || *s->p != ':')
        return scan_fault(s, "no colon behind the name of a member");
    s->p++;
    scan_space(s);
    if (same(key, n, f->text, f->text_len)) {
        if (r->text)
            return scan_fault(s, "the text is there twice");
        if (s->p == s->end || *s->p != '"')
            return scan_fault(s, "the text is no string");
        return scan_string(s, &r->text, &r->text_len);
    }
    return same(key, n, f->id, f->id_len) ? take_id(s, r) : take_other(s, r, f, key, n);
}

static int take_object(struct scan *s, struct record *r, struct fields *f)
{
    scan_space(s);
    if (s->p == s->end || *s->p != '{')
        return scan_fault(s, "the line is no object");
    s->p++;
    scan_space(s);
    if (s->p < s->end && *s->p == '}') {
        s->p++;
    } else {
        do {
            if (take_member(s, r, f) < 0)
                return -1;
            scan_space(s);
        } while (s->p < s->end && *s->p == ',' && s->p++);
        if (s->p == s->end || *s->p != '}')
            return scan_fault(s, "no comma or } in the object");
        s->p++;
    }
    scan_space(s);
    return s->p < s->end ? scan_fault(s, "something follows the object") : 0;
}

/* Scores out of own[1]; their names lie there as long as nobody changes meta twice, so they are moved behind the
 * tokens' room. */
static void give_scores(struct record *r)
{
    struct mp_in m;
    struct mp_value map, k, v;
    struct buf *keep = &r->own[2];

    buf_add(keep, r->own[1].data, r->own[1].len);
    m = (struct mp_in){keep->data + keep->len - r->own[1].len, keep->data + keep->len};
    mp_next(&m, &map);
    for (uint32_t i = 0; i < map.n; i++) {
        char *name;

        mp_next(&m, &k);
        mp_next(&m, &v);
        name = (char *)k.p;
        if (r->scores == r->score_cap) {
            r->score_cap = r->score_cap ? 2 * r->score_cap : 4;
            r->score = mem_resize(r->score, (size_t)r->score_cap, sizeof *r->score);
        }
        r->score[r->scores++] = (struct text_score){name, k.n,
                                                    v.kind == MP_FLOAT ? v.f
                                                    : v.negative       ? (double)(int64_t)v.u
                                                                       : (double)v.u};
    }
    r->own[1].len = 0;
}

/* Text and id that lie within objects, so that they are among the meta values still. */
static int take_nested(struct record *r, const char *text_field, const char *id_field, struct err *e)
{
    struct buf *keep = &r->own[4];
    int text = !r->text && strchr(text_field, '.'), id = !r->id && strchr(id_field, '.'), got;
    size_t at;

    if (text && (got = nested_take(r, text_field, 0, keep)) != 1)
        return err_set(e, got < 0 ? "the text at \"%.200s\" is no string" : "there is no field \"%.200s\"", text_field);
    at = keep->len;
    if (id && (got = nested_take(r, id_field, 1, keep)) < 0)
        return err_set(e, "the id at \"%.200s\" is neither a string nor an integer", id_field);
    if (id && got) {
        r->id = (const char *)keep->data + at;
        r->id_len = keep->len - at;
    }
    if (text) {
        r->text = at ? (const char *)keep->data : "";
        r->text_len = at;
    }
    return 0;
}

int jsonl_read(struct record *r, char *line, size_t n, const char *text_field, const char *id_field, struct err *e)
{
    struct scan s = {line, line + n, line, e};
    struct fields f = {text_field, id_field, strlen(text_field), strlen(id_field), 0};

    record_clear(r);
    if (take_object(&s, r, &f) < 0 || take_nested(r, text_field, id_field, e) < 0)
        return -1;
    if (!r->text)
        return err_set(e, "there is no field \"%.200s\"", text_field);
    if (!r->id) {
        char hex[33];

        record_hash_id(r->text, r->text_len, hex);
        buf_add(&r->own[2], hex, 32);
    }
    if (f.scores)
        give_scores(r);
    if (!r->id) {
        r->id = (const char *)r->own[2].data;
        r->id_len = 32;
    }
    if (r->metas) {
        r->meta = r->own[0].data;
        r->meta_len = r->own[0].len;
    }
    if (r->own[3].len) {
        r->tokens = r->own[3].data;
        r->tokens_len = r->own[3].len;
    }
    return 0;
}

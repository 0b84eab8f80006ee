/* jsonl_put: records as lines of JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/jsonl.h"
#include "record/nested.h"
#include "wire/mp.h"

/* 0: the byte stands for itself; 'u': \u00XX; else the letter of its escape. Bytes beyond ASCII are UTF-8 and stand. */
static const char escape[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',         'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

/* Eight bytes that all stand for themselves. Mycroft's test; bytes beyond ASCII give false alarms only. */
static int plain8(const char *p)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t v, quote, slash;

    memcpy(&v, p, 8);
    quote = v ^ ones * '"';
    slash = v ^ ones * '\\';
    return !(((quote - ones) | (slash - ones) | (v - ones * 0x20) | v) & ones << 7);
}

static size_t plain(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n) {
        if (n - i >= 8 && plain8(s + i))
            i += 8;
        else if (!escape[(uint8_t)s[i]])
            i++;
        else
            break;
    }
    return i;
}

void jsonl_put_string(struct buf *b, const char *s, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    size_t i = 0;

    buf_space(b, n + 2);
    buf_add(b, "\"", 1);
    while (i < n) {
        size_t run = plain(s + i, n - i);

        buf_add(b, s + i, run);
        if ((i += run) == n)
            break;
        uint8_t c = (uint8_t)s[i++];
        char code[6] = {'\\', escape[c], '0', '0', hex[c >> 4], hex[c & 15]};

        buf_add(b, code, escape[c] == 'u' ? 6 : 2);
    }
    buf_add(b, "\"", 1);
}

/* A whole number of at most 15 digits, which "%.15g" writes the same; v is not -0. */
static void put_whole(struct buf *b, double v)
{
    char s[24], *p = s + sizeof s;
    uint64_t u = (uint64_t)(v < 0 ? -v : v);

    *--p = '0';
    *--p = '.';
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(s + sizeof s - p));
}

/*
 * q = v 10^k rounded half to even, for v = m / 2^s: what "%.*g" prints. 2^52 < m < 2^53, 0 < s <= 66, k <= 20, so that
 * all products fit into 128 bits. 1 when q / 10^k read back gives v, 0 when not, -1 when it lies halfway to another
 * number.
 */
static int round_decimal(uint64_t m, int s, int k, uint64_t *q)
{
    unsigned __int128 ten = 1, x, half = (unsigned __int128)1 << (s - 1), rest;

    for (int i = 0; i < k; i++)
        ten *= 10;
    x = m * ten;
    *q = (uint64_t)(x >> s);
    rest = x - ((unsigned __int128)*q << s);
    if (rest > half || (rest == half && (*q & 1))) {
        ++*q;
        rest = 2 * half - rest;
    }
    return 2 * rest < ten ? 1 : 2 * rest == ten ? -1 : 0;
}

/* The shortest of 15, 16 and 17 digits that reads back as v; 1e-4 <= v < 1e15, no whole number. 0: not done, printf has
 * to. */
static int put_fraction(struct buf *b, double v)
{
    static const double ten[] = {1e-3, 1e-2, 1e-1, 1e0, 1e1,  1e2,  1e3,  1e4,  1e5,
                                 1e6,  1e7,  1e8,  1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    int e, x = -4, k, got = 0; /* 10^x <= v < 10^(x + 1); 1e-3 and its like are the nearest doubles, and so is v */
    uint64_t m = (uint64_t)ldexp(frexp(v, &e), 53), q = 0;
    char s[40], *end = s + sizeof s, *p = end;

    while (x < 14 && v >= ten[x + 4])
        x++;
    if (m == (uint64_t)1 << 52)
        return 0;
    for (k = 14 - x; k <= 16 - x && got == 0; k++)
        got = round_decimal(m, 53 - e, k, &q);
    if (got != 1)
        return 0;
    for (k--; q % 10 == 0; k--)
        q /= 10;
    for (; k > 0; k--, q /= 10)
        *--p = (char)('0' + q % 10);
    *--p = '.';
    do
        *--p = (char)('0' + q % 10);
    while (q /= 10);
    buf_add(b, p, (size_t)(end - p));
    return 1;
}

void jsonl_put_number(struct buf *b, double v)
{
    char s[40];

    if (v > -1e15 && v < 1e15 && v == (double)(int64_t)v && !(v == 0 && signbit(v))) {
        put_whole(b, v);
        return;
    }
    if (v >= 1e-4 && v < 1e15 && put_fraction(b, v))
        return;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, v);
        if (strtod(s, NULL) == v)
            break;
    }
    buf_puts(b, s);
    if (!strpbrk(s, ".e"))
        buf_puts(b, ".0");
}

static int put_items(struct buf *b, struct mp_in *m, const struct mp_value *v, struct err *e)
{
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_add(b, ",", 1);
        if (v->kind == MP_MAP) {
            if (m->p == m->end || (*m->p & 0xe0) != 0xa0) {
                struct mp_in peek = *m;
                struct mp_value k;

                if (mp_next(&peek, &k) < 0 || k.kind != MP_STR)
                    return err_set(e, "a key is no string, which JSON cannot say");
            }
            if (jsonl_put_value(b, m, e) < 0)
                return -1;
            buf_add(b, ":", 1);
        }
        if (jsonl_put_value(b, m, e) < 0)
            return -1;
    }
    return 0;
}

int jsonl_put_value(struct buf *b, struct mp_in *m, struct err *e)
{
    struct mp_value v;

    if (mp_next(m, &v) < 0)
        return err_set(e, "it ends inside a value");
    switch (v.kind) {
    case MP_NIL:
        return buf_puts(b, "null"), 0;
    case MP_BOOL:
        return buf_puts(b, v.u ? "true" : "false"), 0;
    case MP_INT:
        if (v.negative)
            buf_printf(b, "%lld", (long long)v.u);
        else
            buf_printf(b, "%llu", (unsigned long long)v.u);
        return 0;
    case MP_FLOAT:
        if (v.f - v.f != 0)
            return err_set(e, "a number is not finite, which JSON cannot say");
        return jsonl_put_number(b, v.f), 0;
    case MP_STR:
        if (!mp_is_text(v.p, v.n) && memchr(v.p, 0, v.n) == NULL)
            return err_set(e, "a string is no UTF-8");
        return jsonl_put_string(b, (const char *)v.p, v.n), 0;
    case MP_ARRAY:
    case MP_MAP:
        buf_add(b, v.kind == MP_MAP ? "{" : "[", 1);
        if (put_items(b, m, &v, e) < 0)
            return -1;
        buf_add(b, v.kind == MP_MAP ? "}" : "]", 1);
        return 0;
    default:
        return err_set(e, "a value is %s, which JSON cannot say", mp_kind_name(v.kind));
    }
}

static void put_field(struct buf *b, const char *key, size_t n)
{
    jsonl_put_string(b, key, n);
    buf_add(b, ":", 1);
}

static int put_meta(struct buf *b, const struct record *r, const char *text_field, const char *id_field, struct err *e)
{
    struct mp_in m = {r->meta, r->meta + r->meta_len};

    for (uint32_t i = 0; i < r->metas; i++) {
        struct mp_in peek = m;
        struct mp_value k;

        if (mp_next(&peek, &k) < 0 || k.kind != MP_STR)
            return err_set(e, "a meta key is no string");
        if ((k.n == strlen(text_field) && memcmp(k.p, text_field, k.n) == 0) ||
            (k.n == strlen(id_field) && memcmp(k.p, id_field, k.n) == 0))
            return err_set(e, "meta key \"%.*s\" is also the field for the text or the id", (int)k.n,
                           (const char *)k.p);
        if (b->data[b->len - 1] != '{')
            buf_add(b, ",", 1);
        if (jsonl_put_value(b, &m, e) < 0)
            return -1;
        buf_add(b, ":", 1);
        if (jsonl_put_value(b, &m, e) < 0)
            return err_in(e, "meta key \"%.*s\"", (int)k.n, (const char *)k.p);
    }
    return 0;
}

static int put_scores(struct buf *b, const struct record *r, struct err *e)
{
    buf_add(b, "{", 1);
    for (int i = 0; i < r->scores; i++) {
        if (i)
            buf_add(b, ",", 1);
        put_field(b, r->score[i].name, r->score[i].len);
        if (r->score[i].value - r->score[i].value != 0)
            return err_set(e, "score %.*s is not finite", (int)r->score[i].len, r->score[i].name);
        jsonl_put_number(b, r->score[i].value);
    }
    buf_add(b, "}", 1);
    return 0;
}

static int put_tokens(struct buf *b, const struct record *r, struct err *e)
{
    struct mp_in m = {r->tokens, r->tokens + r->tokens_len};

    return jsonl_put_value(b, &m, e);
}

/* Where id and text go: a member of the line, with its comma; or, by a path, into the meta values of now, which then
 * lie in *within. */
static int put_own(struct buf *b, const char *field, const char *s, size_t n, struct record *now, struct buf *within,
                   struct err *e)
{
    struct buf old = *within;

    if (strchr(field, '.')) {
        *within = (struct buf){0};
        int rc = nested_put(now->meta, now->meta_len, &now->metas, field, s, n, within);

        now->meta = within->data;
        now->meta_len = within->len;
        buf_free(&old);
        return rc < 0 ? err_set(e, "a meta value is where \"%s\" is to go", field) : 0;
    }
    if (b->data[b->len - 1] != '{')
        buf_add(b, ",", 1);
    put_field(b, field, strlen(field));
    jsonl_put_string(b, s, n);
    return 0;
}

/* Id, text and meta values. */
static int put_first(struct buf *b, const struct record *r, const char *text_field, const char *id_field, struct err *e)
{
    struct record now = *r;
    struct buf within = {0};
    int rc = put_own(b, id_field, r->id, r->id_len, &now, &within, e);

    if (rc == 0)
        rc = put_own(b, text_field, r->text, r->text_len, &now, &within, e);
    if (rc == 0)
        rc = put_meta(b, &now, text_field, id_field, e);
    buf_free(&within);
    return rc;
}

int jsonl_write(struct buf *b, const struct record *r, const char *text_field, const char *id_field, struct err *e)
{
    buf_add(b, "{", 1);
    if (put_first(b, r, text_field, id_field, e) < 0)
        return -1;
    if (r->tokens)
        buf_puts(b, ",\"tokens\":");
    if (r->tokens && put_tokens(b, r, e) < 0)
        return -1;
    if (r->scores)
        buf_puts(b, ",\"scores\":");
    if (r->scores && put_scores(b, r, e) < 0)
        return -1;
    buf_add(b, "}\n", 2);
    return 0;
}

/* A string at a path: "data": {"text": string}. */
static void put_at(struct buf *b, const char *path, const char *s, size_t n)
{
    size_t first = strcspn(path, ".");

    put_field(b, path, first);
    if (!path[first]) {
        jsonl_put_string(b, s, n);
        return;
    }
    buf_add(b, "{", 1);
    put_at(b, path + first + 1, s, n);
    buf_add(b, "}", 1);
}

/* One field: 1 when it was put (with a comma where others came before), 0 when the record lacks it, -1. */
static int put_named(struct buf *b, const struct record *r, const char *name, const char *text_field,
                     const char *id_field, struct err *e)
{
    int text = strcmp(name, "text") == 0, id = strcmp(name, "id") == 0;
    const double *score = record_score(r, name);
    const char *as = text ? text_field : id ? id_field : name;
    struct mp_in value;

    if (b->data[b->len - 1] != '{')
        buf_add(b, ",", 1);
    if (text || id)
        return put_at(b, as, text ? r->text : r->id, text ? r->text_len : r->id_len), 1;
    put_field(b, as, strlen(as));
    if (strcmp(name, "tokens") == 0 && r->tokens)
        return put_tokens(b, r, e) < 0 ? -1 : 1;
    if (strcmp(name, "scores") == 0 && r->scores)
        return put_scores(b, r, e) < 0 ? -1 : 1;
    if (record_meta(r, name, &value))
        return jsonl_put_value(b, &value, e) < 0 ? -1 : 1;
    if (score)
        return jsonl_put_number(b, *score), 1;
    return 0;
}

int jsonl_write_fields(struct buf *b, const struct record *r, const char *fields, const char *text_field,
                       const char *id_field, struct err *e)
{
    char *list, *rest, *name;
    size_t first = strcspn(text_field, ".");
    int got = 0;

    if (text_field[first] && strncmp(text_field, id_field, first + 1) == 0)
        return err_set(e, "text and id both go into \"%.*s\": without --fields they can", (int)first, text_field);
    list = rest = mem_strdup(fields);
    buf_add(b, "{", 1);
    while (got >= 0 && (name = strsep(&rest, ","))) {
        size_t at = b->len;

        if ((got = put_named(b, r, name, text_field, id_field, e)) == 0)
            b->len = at;
        else if (got < 0)
            err_in(e, "field \"%s\"", name);
    }
    buf_add(b, "}\n", 2);
    free(list);
    return got < 0 ? -1 : 0;
}

/* gguf_read: the keys of a GGUF, each checked against the bytes that are there. */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "file/gguf.h"
#include "file/gguf_cursor.h"

#define STRING_MAX ((uint64_t)1 << 30)
#define ARRAY_MAX ((uint64_t)1 << 30)
#define READ_AHEAD 65536u
#define ALIGN_MAX (1u << 20) /* 32 is usual; the padding is written from memory */

const char *const gguf_kind_names[GGUF_KINDS] = {"u8",   "i8",  "u16",   "i16", "u32", "i32", "f32",
                                                 "bool", "str", "array", "u64", "i64", "f64"};
static const uint8_t kind_bytes[GGUF_KINDS] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

int cursor_need(struct cursor *c, uint64_t n, struct err *e)
{
    struct buf *b = c->text;
    uint64_t want, left = c->bytes - c->at;

    if (n > left)
        return err_set(e, "%llu bytes are needed at byte %llu, %llu are left", (unsigned long long)n,
                       (unsigned long long)c->at, (unsigned long long)left);
    if (b->len - c->at >= n)
        return 0;
    want = c->at + n - b->len;
    if (want < READ_AHEAD)
        want = c->bytes - b->len < READ_AHEAD ? c->bytes - b->len : READ_AHEAD;
    if (io_pread(c->fd, buf_space(b, (size_t)want), (size_t)want, b->len, e) < 0)
        return -1;
    b->len += (size_t)want;
    return 0;
}

static int take(struct cursor *c, void *out, size_t n, struct err *e)
{
    if (cursor_need(c, n, e) < 0)
        return -1;
    memcpy(out, c->text->data + c->at, n);
    c->at += n;
    return 0;
}

int cursor_u32(struct cursor *c, uint32_t *v, struct err *e)
{
    return take(c, v, sizeof *v, e);
}

int cursor_u64(struct cursor *c, uint64_t *v, struct err *e)
{
    return take(c, v, sizeof *v, e);
}

int cursor_skip_string(struct cursor *c, uint64_t *n, struct err *e)
{
    if (cursor_u64(c, n, e) < 0)
        return -1;
    if (*n > STRING_MAX)
        return err_set(e, "a string of %llu bytes at byte %llu, %llu at most", (unsigned long long)*n,
                       (unsigned long long)c->at, (unsigned long long)STRING_MAX);
    if (cursor_need(c, *n, e) < 0)
        return -1;
    c->at += *n;
    return 0;
}

/* No overlong forms, no surrogates, nothing above U+10FFFF, no NUL. */
static int is_utf8(const uint8_t *s, uint64_t n)
{
    for (uint64_t i = 0; i < n;) {
        uint8_t c = s[i];
        unsigned more = c < 0x80                ? 0
                        : c >= 0xc2 && c < 0xe0 ? 1
                        : c >= 0xe0 && c < 0xf0 ? 2
                        : c >= 0xf0 && c < 0xf5 ? 3
                                                : 4;

        if (c == 0 || more == 4 || n - i <= more)
            return 0;
        if ((c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xed && s[i + 1] > 0x9f) || (c == 0xf0 && s[i + 1] < 0x90) ||
            (c == 0xf4 && s[i + 1] > 0x8f))
            return 0;
        for (unsigned k = 1; k <= more; k++)
            if ((s[i + k] & 0xc0) != 0x80)
                return 0;
        i += more + 1;
    }
    return 1;
}

char *cursor_name(struct cursor *c, const char *what, struct err *e)
{
    uint64_t n;

    if (cursor_skip_string(c, &n, e) < 0)
        return NULL;
    if (n == 0 || !is_utf8(c->text->data + c->at - n, n)) {
        err_set(e, "%s at byte %llu is %s", what, (unsigned long long)(c->at - n),
                n ? "not UTF-8 without NUL" : "empty");
        return NULL;
    }
    return mem_strndup((const char *)c->text->data + c->at - n, (size_t)n);
}

static int check_bools(const struct cursor *c, uint64_t n, struct err *e)
{
    for (uint64_t i = c->at - n; i < c->at; i++)
        if (c->text->data[i] > 1)
            return err_set(e, "a bool is %u, neither 0 nor 1", c->text->data[i]);
    return 0;
}

/* n values of a kind that is not an array. */
static int skip_values(struct cursor *c, enum gguf_kind kind, uint64_t n, struct err *e)
{
    uint64_t len, size = kind_bytes[kind];

    if (kind == GGUF_STR) {
        for (uint64_t i = 0; i < n; i++)
            if (cursor_skip_string(c, &len, e) < 0)
                return -1;
        return 0;
    }
    if (cursor_need(c, n * size, e) < 0) /* n is at most 2^30 */
        return -1;
    c->at += n * size;
    return kind == GGUF_BOOL ? check_bools(c, n, e) : 0;
}

static int read_array(struct cursor *c, struct gguf_value *v, struct err *e)
{
    uint32_t of;

    if (cursor_u32(c, &of, e) < 0 || cursor_u64(c, &v->n, e) < 0)
        return -1;
    if (of == GGUF_ARRAY)
        return err_set(e, "an array of arrays");
    if (of >= GGUF_KINDS)
        return err_set(e, "elements of kind %u, kinds are 0 to %d", of, GGUF_KINDS - 1);
    if (v->n > ARRAY_MAX)
        return err_set(e, "an array of %llu elements, %llu at most", (unsigned long long)v->n,
                       (unsigned long long)ARRAY_MAX);
    v->of = (enum gguf_kind)of;
    v->at = c->at;
    return skip_values(c, v->of, v->n, e);
}

static int read_value(struct cursor *c, struct gguf_value *v, struct err *e)
{
    uint32_t kind;
    int rc;

    if (cursor_u32(c, &kind, e) < 0)
        return -1;
    if (kind >= GGUF_KINDS)
        return err_set(e, "a value of kind %u, kinds are 0 to %d", kind, GGUF_KINDS - 1);
    v->kind = v->of = (enum gguf_kind)kind;
    v->at = c->at;
    if (v->kind == GGUF_STR) {
        rc = cursor_skip_string(c, &v->n, e);
        v->at += 8;
    } else {
        v->n = 1;
        rc = v->kind == GGUF_ARRAY ? read_array(c, v, e) : skip_values(c, v->kind, 1, e);
    }
    v->bytes = c->at - v->at;
    return rc;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_unique(const struct gguf_in *g, struct err *e)
{
    const char **key = mem_new(g->values + 1, sizeof *key);
    int rc = 0;

    for (uint64_t i = 0; i < g->values; i++)
        key[i] = g->value[i].key;
    qsort(key, g->values, sizeof *key, by_key);
    for (uint64_t i = 1; i < g->values && rc == 0; i++)
        if (strcmp(key[i - 1], key[i]) == 0)
            rc = err_set(e, "the key %s is there twice", key[i]);
    free(key);
    return rc;
}

static int read_values(struct gguf_in *g, struct cursor *c, uint64_t n, struct err *e)
{
    for (uint64_t i = 0; i < n; i++) {
        struct gguf_value v = {.key = cursor_name(c, "a key", e)};

        if (!v.key)
            return err_in(e, "key %llu of %llu", (unsigned long long)i + 1, (unsigned long long)n);
        g->value = mem_resize(g->value, g->values + 1, sizeof *g->value);
        g->value[g->values++] = v;
        if (read_value(c, &g->value[g->values - 1], e) < 0)
            return err_in(e, "%s", v.key);
    }
    return check_unique(g, e);
}

static int read_alignment(struct gguf_in *g, struct err *e)
{
    const struct gguf_value *v = gguf_find(g, "general.alignment");

    g->align = GGUF_ALIGN;
    if (!v)
        return 0;
    if (v->kind != GGUF_U32)
        return err_set(e, "general.alignment is of kind %s, not u32", gguf_kind_names[v->kind]);
    g->align = (uint64_t)gguf_int(g, "general.alignment", 0);
    if (g->align == 0 || (g->align & (g->align - 1)) || g->align > ALIGN_MAX)
        return err_set(e, "general.alignment is %llu, no power of two up to %u", (unsigned long long)g->align,
                       ALIGN_MAX);
    return 0;
}

int gguf_read_keys(struct gguf_in *g, struct cursor *c, struct err *e)
{
    uint64_t n;
    uint32_t version;
    char magic[4];

    if (take(c, magic, 4, e) < 0 || cursor_u32(c, &version, e) < 0)
        return -1;
    if (memcmp(magic, "GGUF", 4) != 0)
        return err_set(e, "does not begin with GGUF");
    if ((version & 0xffff) == 0)
        return err_set(e, "version %#x: the byte order is another machine's", version);
    if (version != 2 && version != 3)
        return err_set(e, "version %u; 2 and 3 are read", version);
    if (cursor_u64(c, &g->tensors, e) < 0 || cursor_u64(c, &n, e) < 0)
        return -1;
    if (g->tensors > INT64_MAX || n > INT64_MAX)
        return err_set(e, "%lld tensors and %lld keys: a count is negative", (long long)g->tensors, (long long)n);
    /* a tensor's entry takes 24 bytes or more, a key with its value 14 */
    if (g->tensors > c->bytes / 24 || n > c->bytes / 14)
        return err_set(e, "%llu tensors and %llu keys are claimed in %llu bytes", (unsigned long long)g->tensors,
                       (unsigned long long)n, (unsigned long long)c->bytes);
    return read_values(g, c, n, e) < 0 ? -1 : read_alignment(g, e);
}

int gguf_open_memory(struct gguf_in *g, const void *data, size_t n, struct err *e)
{
    struct cursor c = {.text = &g->text, .fd = -1, .bytes = n};

    memset(g, 0, sizeof *g);
    buf_add(&g->text, data, n);
    if (gguf_read_keys(g, &c, e) < 0)
        return -1;
    if (g->tensors)
        return err_set(e, "%llu tensors are claimed where only keys belong", (unsigned long long)g->tensors);
    return 0;
}

void gguf_close(struct gguf_in *g)
{
    for (uint64_t i = 0; i < g->values; i++)
        free(g->value[i].key);
    free(g->value);
    buf_free(&g->text);
    memset(g, 0, sizeof *g);
}

const struct gguf_value *gguf_find(const struct gguf_in *g, const char *key)
{
    for (uint64_t i = 0; i < g->values; i++)
        if (strcmp(g->value[i].key, key) == 0)
            return &g->value[i];
    return NULL;
}

/* One number of a kind; integers beyond 2^53 round. */
static double number_at(const uint8_t *p, enum gguf_kind kind)
{
    uint64_t u = 0;
    uint32_t half;
    float f32;
    double f64;

    for (size_t i = 0; i < kind_bytes[kind]; i++)
        u |= (uint64_t)p[i] << 8 * i;
    half = (uint32_t)u;
    memcpy(&f32, &half, sizeof f32);
    memcpy(&f64, &u, sizeof f64);
    switch (kind) {
    case GGUF_U8:
    case GGUF_BOOL:
    case GGUF_U16:
    case GGUF_U32:
    case GGUF_U64:
        return (double)u;
    case GGUF_I8:
        return (int8_t)u;
    case GGUF_I16:
        return (int16_t)u;
    case GGUF_I32:
        return (int32_t)half;
    case GGUF_I64:
        return (double)(int64_t)u;
    case GGUF_F32:
        return (double)f32;
    case GGUF_F64:
        return f64;
    case GGUF_STR:
    case GGUF_ARRAY:
    case GGUF_KINDS:
        break;
    }
    return 0;
}

double gguf_num(const struct gguf_in *g, const char *key, double otherwise)
{
    const struct gguf_value *v = gguf_find(g, key);

    return v && kind_bytes[v->kind] ? number_at(g->text.data + v->at, v->kind) : otherwise;
}

int64_t gguf_int(const struct gguf_in *g, const char *key, int64_t otherwise)
{
    const struct gguf_value *v = gguf_find(g, key);
    double d;

    if (!v || !kind_bytes[v->kind] || v->kind == GGUF_F32 || v->kind == GGUF_F64)
        return otherwise;
    d = number_at(g->text.data + v->at, v->kind);
    return d >= -9e15 && d <= 9e15 ? (int64_t)d : otherwise;
}

const char *gguf_text(const struct gguf_in *g, const char *key, size_t *n)
{
    const struct gguf_value *v = gguf_find(g, key);

    if (!v || v->kind != GGUF_STR)
        return NULL;
    *n = (size_t)v->n;
    return (const char *)g->text.data + v->at;
}

int gguf_next_text(const struct gguf_in *g, const struct gguf_value *v, uint64_t *at, const char **s, size_t *n)
{
    uint64_t len;

    if (v->kind != GGUF_ARRAY || v->of != GGUF_STR || *at >= v->bytes)
        return 0;
    memcpy(&len, g->text.data + v->at + *at, 8);
    *s = (const char *)g->text.data + v->at + *at + 8;
    *n = (size_t)len;
    *at += 8 + len;
    return 1;
}

int gguf_next_num(const struct gguf_in *g, const struct gguf_value *v, uint64_t *at, double *num)
{
    uint64_t size = v->kind == GGUF_ARRAY ? kind_bytes[v->of] : 0;

    if (size == 0 || *at >= v->bytes)
        return 0;
    *num = number_at(g->text.data + v->at + *at, v->of);
    *at += size;
    return 1;
}

#include "tensor/twin_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "tensor/number.h"

static int bare_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_./:@+*%,-", c));
}

int word_is_bare(const char *s)
{
    const char *at = s;

    while (bare_char(*at))
        at++;
    return *at == '\0' && at > s;
}

int word_is_text(const char *s)
{
    int letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == '_';

    return letter && strcmp(s, "true") && strcmp(s, "false") && strcmp(s, "nan") && strcmp(s, "inf");
}

int word_is_utf8(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + n;

    while (p < end) {
        int more = *p < 0x80                 ? 0
                   : *p >= 0xc2 && *p < 0xe0 ? 1
                   : (*p & 0xf0) == 0xe0     ? 2
                   : *p >= 0xf0 && *p < 0xf5 ? 3
                                             : -1;

        if (more < 0 || more >= end - p)
            return 0;
        if (more > 1 && ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
                         (*p == 0xf4 && p[1] > 0x8f)))
            return 0;
        for (p++; more > 0; more--, p++)
            if ((*p & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

static void put_char(struct buf *out, int c)
{
    buf_add(out, &(char){(char)c}, 1);
}

void word_put(struct buf *out, const char *s)
{
    int utf8 = word_is_utf8(s, strlen(s));

    if (word_is_bare(s)) {
        buf_puts(out, s);
        return;
    }
    put_char(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n' || c == '\t')
            buf_puts(out, c == '\n' ? "\\n" : "\\t");
        else if (c < 0x20 || c == 0x7f || (c > 0x7f && !utf8))
            buf_printf(out, "\\x%02x", c);
        else
            put_char(out, c);
    }
    put_char(out, '"');
}

/* A float attribute has a point, an exponent or a letter, so that it does not read back as a whole number. */
static void put_f64(struct buf *out, double v)
{
    char text[NUMBER_MAX];

    number_text(DT_F64, (const uint8_t *)&v, 0, text);
    buf_printf(out, "%s%s", v != v ? "nan" : text, strpbrk(text, ".einf") ? "" : ".0");
}

void word_put_str(struct buf *out, const char *s)
{
    if (word_is_bare(s) && !word_is_text(s))
        buf_printf(out, "\"%s\"", s);
    else
        word_put(out, s);
}

void word_put_attrs(struct buf *out, const struct attrs *a)
{
    for (int i = 0; i < a->n; i++) {
        const struct attr *x = &a->item[i];

        put_char(out, ' ');
        word_put(out, x->key);
        put_char(out, '=');
        switch (x->kind) {
        case ATTR_INT:
            buf_printf(out, "%lld", (long long)x->i);
            break;
        case ATTR_BOOL:
            buf_puts(out, x->i ? "true" : "false");
            break;
        case ATTR_F64:
            put_f64(out, x->f);
            break;
        case ATTR_STR:
            word_put_str(out, attrs_str(a, x->key, ""));
            break;
        case ATTR_RAW:
            put_char(out, '<');
            for (size_t k = 0; k < x->raw.len; k++)
                buf_printf(out, "%02x", x->raw.data[k]);
            put_char(out, '>');
            break;
        }
    }
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The escape behind a backslash; *at is moved to its last character. Returns the byte, or -1. */
static int escape(const char **at)
{
    const char *p = *at;
    int v;

    switch (*p) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case '"':
    case '\\':
        return *p;
    case 'x':
        if (hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
            return -1;
        v = hex_digit(p[1]) * 16 + hex_digit(p[2]);
        *at = p + 2;
        return v ? v : -1;
    default:
        return -1;
    }
}

static int take_quoted(const char **at, char **out, struct err *e)
{
    struct buf b = {0};
    const char *p = *at + 1;

    for (; *p && *p != '"'; p++) {
        int c = (unsigned char)*p;

        if (c == '\\') {
            p++;
            c = escape(&p);
        }
        if (c == -1) {
            buf_free(&b);
            return err_set(e, "a backslash is followed by neither n, t, \", \\ nor xHH (01 to ff)");
        }
        put_char(&b, c);
    }
    if (*p != '"') {
        buf_free(&b);
        return err_set(e, "a quoted word does not end on its line");
    }
    *out = mem_strdup(buf_str(&b));
    buf_free(&b);
    *at = p + 1;
    return 1;
}

int word_take(const char **at, char **out, struct err *e)
{
    const char *p = *at = skip_blanks(*at);

    if (*p == '\0')
        return 0;
    if (*p == '"')
        return take_quoted(at, out, e);
    while (bare_char(*p))
        p++;
    if (p == *at)
        return err_set(e, "a word cannot begin with '%.12s'; put it into quotes", p);
    *out = mem_strndup(*at, (size_t)(p - *at));
    *at = p;
    return 1;
}

int word_take_shape(const char **at, struct shape *s, struct err *e)
{
    const char *p = skip_blanks(*at);

    *s = (struct shape){0};
    if (*p != '[')
        return err_set(e, "a shape such as [2, 3] is missing before '%.20s'", p);
    p = skip_blanks(p + 1);
    while (*p != ']') {
        size_t n = strspn(p, "0123456789");
        char *num = mem_strndup(p, n);
        uint64_t dim = 0;
        int rc = parse_u64(num, &dim, e);

        free(num);
        if (rc < 0 || s->rank == RANK_MAX)
            return err_set(e,
                           rc < 0 ? "a dimension cannot be read at '%.20s'"
                                  : "the shape has more than 8 dimensions, at '%.20s'",
                           p);
        s->dim[s->rank++] = dim;
        p = skip_blanks(p + n);
        if (*p == ',')
            p = skip_blanks(p + 1);
        else if (*p != ']')
            return err_set(e, "the shape does not go on at '%.20s'", p);
    }
    *at = p + 1;
    return 0;
}

/* A value that stands in <> is one msgpack object in hexadecimal. */
static int take_raw(const char **at, struct attrs *a, const char *key, struct err *e)
{
    struct buf b = {0};
    const char *p = *at + 1;

    for (; hex_digit(p[0]) >= 0 && hex_digit(p[1]) >= 0; p += 2)
        buf_add(&b, &(uint8_t){(uint8_t)(hex_digit(p[0]) * 16 + hex_digit(p[1]))}, 1);
    if (*p == '>' && b.len)
        attrs_set_raw(a, key, b.data, b.len);
    buf_free(&b);
    if (*p != '>' || p == *at + 1)
        return err_set(e, "%s: pairs of hexadecimal digits and '>' are missing at '%.12s'", key, p);
    *at = p + 1;
    return 0;
}

static int set_bare(struct attrs *a, const char *key, const char *word, struct err *e)
{
    char *end, *rest;
    double f = strtod(word, &end);
    int whole = word[strspn(word, "-0123456789")] == '\0';
    long long i;

    if (word_is_text(word))
        attrs_set_str(a, key, word);
    else if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
        attrs_set_bool(a, key, *word == 't');
    else if (errno = 0, i = strtoll(word, &rest, 10), whole && *rest == '\0' && !errno)
        attrs_set_int(a, key, i);
    else if (!whole && *end == '\0')
        attrs_set_f64(a, key, f);
    else
        return err_set(e,
                       "%s=%s is neither a number of 64 bits nor a word that begins with a letter; put it into quotes",
                       key, word);
    return 0;
}

static int take_value(const char **at, struct attrs *a, const char *key, struct err *e)
{
    int quoted = **at == '"', rc;
    char *word = NULL;

    if (**at == '<')
        return take_raw(at, a, key, e);
    if (**at == '\0' || **at == ' ' || **at == '\t')
        return err_set(e, "%s= has no value", key);
    if (word_take(at, &word, e) < 0 || !word)
        return -1;
    if (quoted)
        attrs_set_str(a, key, word);
    rc = quoted ? 0 : set_bare(a, key, word, e);
    free(word);
    return rc;
}

int word_take_attrs(const char **at, struct attrs *a, struct err *e)
{
    char *key;
    int got, rc = 0;

    while (rc == 0 && (got = word_take(at, &key, e)) != 0) {
        if (got < 0)
            return -1;
        if (**at != '=')
            rc = err_set(e, "'%s' is not followed by =VALUE", key);
        else if (attrs_find(a, key))
            rc = err_set(e, "%s= is given twice", key);
        else
            rc = (++*at, take_value(at, a, key, e));
        free(key);
    }
    return rc;
}

int word_end(const char *at, struct err *e)
{
    at = skip_blanks(at);
    return *at ? err_set(e, "nothing is expected at '%.20s'", at) : 0;
}

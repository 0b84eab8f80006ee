/* Strings, numbers and whole values of JSON: out of a line, as bytes and as msgpack. */
#include "record/jsonl_scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "record/jsonl.h"
#include "wire/mp.h"

int scan_fault(struct scan *s, const char *what)
{
    return err_set(s->why, "column %zu: %s", (size_t)(s->p - s->line) + 1, what);
}

void scan_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}

/* Have these eight bytes a quote, a backslash, a control byte or one beyond ASCII? Mycroft's test; false alarms only
 * above the first. */
static int marked(uint64_t v)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';

    return (((quote - ones) | (slash - ones) | (v - ones * 0x20) | v) & high) != 0;
}

static int hex4(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int c = p[i] | 0x20;

        if (!((p[i] >= '0' && p[i] <= '9') || (c >= 'a' && c <= 'f')))
            return -1;
        v = v * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return v;
}

/* The byte that a one-letter escape stands for, or 0. */
static const char escaped[256] = {
    ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};

/* The escape at s->p (behind the backslash) into out; returns the bytes put, or -1. */
static int take_escape(struct scan *s, char *out)
{
    int unit, low;

    if (s->p < s->end && escaped[(unsigned char)*s->p]) {
        *out = escaped[(unsigned char)*s->p++];
        return 1;
    }
    if (s->p == s->end || *s->p != 'u' || (unit = hex4(s->p + 1, s->end)) < 0)
        return scan_fault(s, "a backslash begins no escape of JSON");
    if (unit >= 0xd800 && unit < 0xe000) {
        low = unit < 0xdc00 && s->end - s->p >= 11 && s->p[5] == '\\' && s->p[6] == 'u' ? hex4(s->p + 7, s->end) : -1;
        if (low < 0xdc00 || low >= 0xe000)
            return scan_fault(s, "an escape is half of a surrogate pair");
        s->p += 11;
        return (int)utf8_put((unsigned char *)out,
                             0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
    }
    s->p += 5;
    return (int)utf8_put((unsigned char *)out, (uint32_t)unit);
}

/* Move plain bytes from s->p to `to`, which is at or before it, up to a quote, a backslash or a fault. Eight at a time:
 * what a store overwrites has been read. Returns the new `to`, or NULL for what is no UTF-8. */
static char *move_plain(struct scan *s, char *to)
{
    const char *from = s->p, *end = s->end;

    for (;;) {
        uint64_t v;
        size_t len;

        while (end - from >= 8 && (memcpy(&v, from, 8), !marked(v))) {
            memcpy(to, &v, 8);
            from += 8;
            to += 8;
        }
        while (from < end && (unsigned char)*from < 0x80 && (unsigned char)*from >= 0x20 && *from != '"' &&
               *from != '\\')
            *to++ = *from++;
        s->p += from - s->p;
        if (from == end || !(*from & 0x80))
            return to;
        if (!(len = utf8_bytes((const unsigned char *)from, (size_t)(end - from))))
            return NULL;
        while (len--)
            *to++ = *from++;
    }
}

int scan_string(struct scan *s, const char **out, size_t *n)
{
    char *to = ++s->p, *start = to;

    for (;;) {
        int put;

        if (!(to = move_plain(s, to)))
            return scan_fault(s, "no well-formed UTF-8");
        if (s->p == s->end)
            return scan_fault(s, "the line ends inside a string");
        if (*s->p == '"')
            break;
        if (*s->p != '\\')
            return scan_fault(s, "a control byte stands in a string");
        s->p++;
        if ((put = take_escape(s, to)) < 0)
            return -1;
        to += put;
    }
    s->p++;
    *out = start;
    *n = (size_t)(to - start);
    return 0;
}

int scan_number(struct scan *s, const char **start, size_t *n, int *whole)
{
    char *p = s->p;

    *start = p;
    *whole = 1;
    p += p < s->end && *p == '-';
    if (p == s->end || *p < '0' || *p > '9')
        return scan_fault(s, "no value of JSON");
    if (*p++ != '0')
        while (p < s->end && *p >= '0' && *p <= '9')
            p++;
    if (p < s->end && *p == '.') {
        *whole = 0;
        if (++p == s->end || *p < '0' || *p > '9')
            return scan_fault(s, "a number ends in its point");
        while (p < s->end && *p >= '0' && *p <= '9')
            p++;
    }
    if (p < s->end && (*p | 0x20) == 'e') {
        *whole = 0;
        p += 1 + (p + 1 < s->end && (p[1] == '+' || p[1] == '-'));
        if (p == s->end || *p < '0' || *p > '9')
            return scan_fault(s, "a number has no digits in its exponent");
        while (p < s->end && *p >= '0' && *p <= '9')
            p++;
    }
    *n = (size_t)(p - s->p);
    s->p = p;
    return 0;
}

/* NUL-terminated copy of a number: in room, or on the heap (*heap) when it is long. */
static const char *number_text(const char *p, size_t n, char room[64], char **heap)
{
    char *to = n < 64 ? room : (*heap = mem_new(n + 1, 1));

    memcpy(to, p, n);
    to[n] = '\0';
    return to;
}

static int number_f64(struct scan *s, const char *p, size_t n, double *v)
{
    char room[64], *heap = NULL;

    *v = strtod(number_text(p, n, room, &heap), NULL);
    free(heap);
    return isfinite(*v) ? 0 : scan_fault(s, "a number is too large for a double");
}

static int put_number(struct scan *s, struct buf *b)
{
    char room[64], *heap = NULL;
    const char *p, *text;
    size_t n;
    double v;
    int whole;

    if (scan_number(s, &p, &n, &whole) < 0)
        return -1;
    if (!whole || (n == 2 && memcmp(p, "-0", 2) == 0)) {
        if (number_f64(s, p, n, &v) < 0)
            return -1;
        mp_put_f64(b, v);
        return 0;
    }
    errno = 0;
    text = number_text(p, n, room, &heap);
    if (*text == '-')
        mp_put_int(b, strtoll(text, NULL, 10));
    else
        mp_put_uint(b, strtoull(text, NULL, 10));
    free(heap);
    return errno ? scan_fault(s, "an integer does not fit into 64 bits") : 0;
}

int scan_literal(struct scan *s, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return 0;
    s->p += n;
    return 1;
}

/* The header of an array (0x90) or map (0x80) of n at `at`, where 5 bytes are kept free; shortens what follows. */
static void close_container(struct buf *b, size_t at, uint8_t fix, uint32_t n)
{
    uint8_t head[5] = {(uint8_t)(fix | n)};
    size_t len = 1;

    if (n > 15) {
        head[0] = (uint8_t)((fix == 0x90 ? 0xdc : 0xde) + (n > 65535));
        for (len = 1; len < (n > 65535 ? 5u : 3u); len++)
            head[len] = (uint8_t)(n >> 8 * ((n > 65535 ? 4 : 2) - len));
    }
    memcpy(b->data + at, head, len);
    memmove(b->data + at + len, b->data + at + 5, b->len - at - 5);
    b->len -= 5 - len;
}

int scan_key(struct scan *s, const char **out, size_t *n)
{
    scan_space(s);
    if (s->p == s->end || *s->p != '"')
        return scan_fault(s, "no name of a member");
    return scan_string(s, out, n);
}

static int put_key(struct scan *s, struct buf *b)
{
    const char *key;
    size_t n;

    if (scan_key(s, &key, &n) < 0)
        return -1;
    mp_put_strn(b, key, n);
    scan_space(s);
    if (s->p == s->end || *s->p++ != ':')
        return s->p--, scan_fault(s, "no colon behind the name of a member");
    return 0;
}

static int put_container(struct scan *s, struct buf *b, int depth)
{
    char close = *s->p == '[' ? ']' : '}';
    size_t at = b->len;
    uint32_t n = 0;

    if (depth == 0)
        return scan_fault(s, "values are nested deeper than 12 levels");
    s->p++;
    buf_add(b, "\0\0\0\0", 5);
    scan_space(s);
    if (s->p < s->end && *s->p == close) {
        s->p++;
    } else {
        for (;; n++) {
            if ((close == '}' && put_key(s, b) < 0) || scan_value(s, b, depth - 1) < 0)
                return -1;
            scan_space(s);
            if (s->p < s->end && *s->p == ',') {
                s->p++;
                continue;
            }
            if (s->p == s->end || *s->p != close)
                return scan_fault(s, close == ']' ? "no comma or ] in an array" : "no comma or } in an object");
            s->p++;
            n++;
            break;
        }
    }
    close_container(b, at, close == ']' ? 0x90 : 0x80, n);
    return 0;
}

int jsonl_take_value(char *line, size_t n, struct buf *b, struct err *e)
{
    struct scan s = {line, line + n, line, e};

    if (scan_value(&s, b, JSONL_DEPTH_MAX) < 0)
        return -1;
    scan_space(&s);
    return s.p < s.end ? scan_fault(&s, "something follows the value") : 0;
}

int scan_value(struct scan *s, struct buf *b, int depth)
{
    const char *text;
    size_t n;

    scan_space(s);
    if (s->p == s->end)
        return scan_fault(s, "the line ends where a value should be");
    if (*s->p == '"') {
        if (scan_string(s, &text, &n) < 0)
            return -1;
        mp_put_strn(b, text, n);
    } else if (*s->p == '[' || *s->p == '{') {
        return put_container(s, b, depth);
    } else if (scan_literal(s, "null")) {
        mp_put_nil(b);
    } else if (scan_literal(s, "true")) {
        mp_put_bool(b, 1);
    } else if (scan_literal(s, "false")) {
        mp_put_bool(b, 0);
    } else {
        return put_number(s, b);
    }
    return 0;
}

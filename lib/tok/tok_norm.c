/* tok_norm: the steps of a normalizer, one after the other over the whole text; and bytes that are not UTF-8. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "tok/tok_int.h"

/* Unicode 15, table 3-7. */
size_t tok_utf8(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned lo = u[0] == 0xe0 ? 0xa0 : u[0] == 0xf0 ? 0x90 : 0x80;
    unsigned hi = u[0] == 0xed ? 0x9f : u[0] == 0xf4 ? 0x8f : 0xbf;
    size_t len = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;

    if (len < 2)
        return len;
    if (len > n || u[1] < lo || u[1] > hi)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (u[i] < 0x80 || u[i] > 0xbf)
            return 0;
    return len;
}

int32_t tok_code(const char *s, size_t len)
{
    int32_t c = 0xfffd;

    utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, &c);
    return c;
}

size_t tok_utf8_put(uint32_t c, char out[4])
{
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)out);
}

void tok_clean(struct buf *b, const char *s, size_t n)
{
    while (n) {
        size_t good = 0, len;

        while (good < n && (len = tok_utf8(s + good, n - good)) > 0)
            good += len;
        buf_add(b, s, good);
        s += good;
        n -= good;
        if (n) {
            buf_puts(b, "\xef\xbf\xbd");
            s++, n--;
        }
    }
}

/* ---- a step reads s[0, n) and appends to out ---- */

struct in {
    const struct tok *t;
    const struct tok_norm *step;
    const char *s;
    size_t n, limit;
    struct err *e;
};

static int too_long(const struct in *in, const struct buf *out)
{
    return out->len > in->limit ? err_set(in->e, "the normalizer makes more than %zu bytes of the text", in->limit) : 0;
}

static int replace(const struct in *in, struct buf *out)
{
    const char *s = in->s, *end = s + in->n, *hit;

    while (s < end && (hit = memmem(s, (size_t)(end - s), in->step->from, in->step->from_n))) {
        buf_add(out, s, (size_t)(hit - s));
        buf_add(out, in->step->to, in->step->to_n);
        if (too_long(in, out) < 0)
            return -1;
        s = hit + in->step->from_n;
    }
    buf_add(out, s, (size_t)(end - s));
    return 0;
}

static int replace_re(const struct in *in, struct buf *out)
{
    struct tok_match *m = NULL;
    struct tok_matches at = {0, SIZE_MAX};
    size_t done = 0, lo, hi;
    int got;

    while ((got = tok_matches_next(&m, &at, in->step->re, (const uint8_t *)in->s, in->n, &lo, &hi, in->e)) > 0) {
        buf_add(out, in->s + done, lo - done);
        buf_add(out, in->step->to, in->step->to_n);
        done = hi;
        if ((got = too_long(in, out)) < 0)
            break;
    }
    tok_match_free(m);
    buf_add(out, in->s + done, in->n - done);
    return got;
}

static int prepend(const struct in *in, struct buf *out)
{
    if (in->n)
        buf_add(out, in->step->to, in->step->to_n);
    buf_add(out, in->s, in->n);
    return 0;
}

static int unicode(const struct in *in, struct buf *out)
{
    utf8proc_uint8_t *s = NULL;
    utf8proc_ssize_t n;
    size_t i = 0;

    while (i < in->n && (uint8_t)in->s[i] < 0x80)
        i++;
    if (i == in->n) { /* ASCII is normal in every form */
        buf_add(out, in->s, in->n);
        return 0;
    }
    n = utf8proc_map((const utf8proc_uint8_t *)in->s, (utf8proc_ssize_t)in->n, &s, (utf8proc_option_t)in->step->form);
    if (n < 0)
        return err_set(in->e, "Unicode normalization: %s", utf8proc_errmsg(n));
    buf_add(out, s, (size_t)n);
    free(s);
    return 0;
}

static bool is_space(int32_t c)
{
    utf8proc_category_t g = utf8proc_category(c);

    return (c >= 9 && c <= 13) || c == 0x85 || g == UTF8PROC_CATEGORY_ZS || g == UTF8PROC_CATEGORY_ZL ||
           g == UTF8PROC_CATEGORY_ZP;
}

static int strip(const struct in *in, struct buf *out)
{
    size_t lo = 0, hi = in->n;

    for (size_t len;
         in->step->form & 1 && lo < hi && is_space(tok_code(in->s + lo, len = tok_utf8(in->s + lo, hi - lo)));
         lo += len)
        ;
    while (in->step->form & 2 && lo < hi) {
        size_t at = hi - 1;

        while (at > lo && (in->s[at] & 0xc0) == 0x80)
            at--;
        if (!is_space(tok_code(in->s + at, hi - at)))
            break;
        hi = at;
    }
    buf_add(out, in->s + lo, hi - lo);
    return 0;
}

static bool is_chinese(int32_t c)
{
    /* The blocks as tokenizers lists them: 2B820 to 2B91F are none of them there. */
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
           (c >= 0x2a700 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x2f800 && c <= 0x2fa1f);
}

/* Character by character: lower case (each by itself), marks off, or BERT's cleaning. */
static int characters(const struct in *in, struct buf *out)
{
    for (size_t i = 0, len; i < in->n; i += len) {
        int32_t c = tok_code(in->s + i, len = tok_utf8(in->s + i, in->n - i));
        utf8proc_category_t g = utf8proc_category(c);
        char low[4];

        switch (in->step->kind) {
        case TOK_LOWER:
            if (c == 0x130) /* the one character whose lower case is two */
                buf_puts(out, "i\xcc\x87");
            else
                buf_add(out, low, tok_utf8_put((uint32_t)utf8proc_tolower(c), low));
            continue;
        case TOK_DROP_MARKS:
            if (g == UTF8PROC_CATEGORY_MN ||
                (!in->step->form && (g == UTF8PROC_CATEGORY_MC || g == UTF8PROC_CATEGORY_ME)))
                continue;
            break;
        case TOK_BERT_CLEAN:
            if (is_space(c))
                buf_puts(out, " ");
            if (is_space(c) || c == 0 || c == 0xfffd || g == UTF8PROC_CATEGORY_CC || g == UTF8PROC_CATEGORY_CF ||
                g == UTF8PROC_CATEGORY_CO)
                continue;
            break;
        default:
            if (is_chinese(c)) {
                buf_puts(out, " ");
                buf_add(out, in->s + i, len);
                buf_puts(out, " ");
                continue;
            }
        }
        buf_add(out, in->s + i, len);
    }
    return 0;
}

/* What one character, or a cluster of them, is mapped to. */
static bool map_one(const struct in *in, size_t at, size_t n, struct buf *out)
{
    const char *to;
    size_t to_n;

    if (!tok_charsmap_find(&in->t->charsmap, in->s + at, n, false, &to, &to_n))
        return false;
    buf_add(out, to, to_n);
    return true;
}

/* As tokenizers does: a cluster of fewer than 6 bytes is looked up, and replaced, whole; else each character. */
static int charsmap(const struct in *in, struct buf *out)
{
    for (size_t i = 0, end; i < in->n; i = end) {
        size_t len = tok_utf8(in->s + i, in->n - i);
        int32_t c = tok_code(in->s + i, len), next, state = 0;

        for (end = i + len; end < in->n; end += len, c = next) {
            next = tok_code(in->s + end, len = tok_utf8(in->s + end, in->n - end));
            if (utf8proc_grapheme_break_stateful(c, next, &state))
                break;
        }
        if (end - i < 6 && map_one(in, i, end - i, out))
            continue;
        for (size_t k = i; k < end; k += len) {
            len = tok_utf8(in->s + k, end - k);
            if (!map_one(in, k, len, out))
                buf_add(out, in->s + k, len);
        }
        if (too_long(in, out) < 0)
            return -1;
    }
    return 0;
}

int tok_normalize(const struct tok *t, struct buf *b, size_t from, size_t limit, struct err *e)
{
    static int (*const run[])(const struct in *, struct buf *) = {
        [TOK_PREPEND] = prepend,       [TOK_REPLACE] = replace,       [TOK_REPLACE_RE] = replace_re,
        [TOK_UNICODE] = unicode,       [TOK_STRIP] = strip,           [TOK_LOWER] = characters,
        [TOK_DROP_MARKS] = characters, [TOK_BERT_CLEAN] = characters, [TOK_BERT_CHINESE] = characters,
        [TOK_CHARSMAP] = charsmap};
    int rc = 0;

    for (int i = 0; i < t->norms && rc == 0; i++) {
        struct buf out = {0};
        struct in in = {t, &t->norm[i], (const char *)b->data + from, b->len - from, limit, e};

        if (!in.n)
            break;
        if ((rc = run[t->norm[i].kind](&in, &out)) == 0 && (rc = too_long(&in, &out)) == 0) {
            b->len = from;
            buf_add(b, out.data, out.len);
        }
        buf_free(&out);
    }
    return rc;
}

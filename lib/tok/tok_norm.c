/* tok_norm: normalizers of tokenizer.json, and bytes that are not UTF-8. */
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

/* The bytes of b from `from` on become those of `with`, which is emptied. */
static void tail_replace(struct buf *b, size_t from, struct buf *with)
{
    b->len = from;
    buf_add(b, with->data, with->len);
    buf_free(with);
}

static void replace(const struct tok_norm *step, struct buf *b, size_t from)
{
    struct buf out = {0};
    const char *s = (const char *)b->data + from, *end = (const char *)b->data + b->len, *hit;

    while (s < end && (hit = memmem(s, (size_t)(end - s), step->from, step->from_n))) {
        buf_add(&out, s, (size_t)(hit - s));
        buf_add(&out, step->to, step->to_n);
        s = hit + step->from_n;
    }
    buf_add(&out, s, (size_t)(end - s));
    tail_replace(b, from, &out);
}

static void prepend(const struct tok_norm *step, struct buf *b, size_t from)
{
    size_t n = b->len - from;

    if (!n)
        return;
    buf_space(b, step->to_n);
    memmove(b->data + from + step->to_n, b->data + from, n);
    memcpy(b->data + from, step->to, step->to_n);
    b->len += step->to_n;
}

static int unicode(const struct tok_norm *step, struct buf *b, size_t from, struct err *e)
{
    struct buf out = {0};
    utf8proc_uint8_t *s = NULL;
    utf8proc_ssize_t n;
    size_t i = from;

    while (i < b->len && b->data[i] < 0x80)
        i++;
    if (i == b->len) /* ASCII is normal in every form */
        return 0;
    n = utf8proc_map(b->data + from, (utf8proc_ssize_t)(b->len - from), &s, (utf8proc_option_t)step->form);
    if (n < 0)
        return err_set(e, "Unicode normalization: %s", utf8proc_errmsg(n));
    buf_add(&out, s, (size_t)n);
    free(s);
    tail_replace(b, from, &out);
    return 0;
}

int tok_normalize(const struct tok *t, struct buf *b, size_t from, struct err *e)
{
    for (int i = 0; i < t->norms; i++) {
        if (t->norm[i].kind == TOK_PREPEND)
            prepend(&t->norm[i], b, from);
        else if (t->norm[i].kind == TOK_REPLACE)
            replace(&t->norm[i], b, from);
        else if (unicode(&t->norm[i], b, from, e) < 0)
            return -1;
    }
    return 0;
}

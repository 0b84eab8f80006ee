/* tok_encode: the way of a text: added tokens are cut out, the rest is normalized, split into words, and these are
 * encoded. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "tok/tok_int.h"

static void cut_add(struct tok *t, uint32_t id)
{
    const struct tok_entry *p = &t->piece[id];
    struct buf b = {0};

    if (!p->len)
        return;
    if (!(p->flags & TOK_NORMALIZED) || t->sp) {
        tok_cuts_add_piece(t, &t->added, id);
        return;
    }
    buf_add(&b, t->text.data + p->at, p->len);
    if (tok_normalize(t, &b, 0, 16 * b.len + 1024, NULL) == 0 && b.len) /* found as it looks in a normalized text */
        tok_cuts_add(&t->late, (const char *)b.data, b.len, id);
    buf_free(&b);
}

void tok_added_tables(struct tok *t)
{
    for (uint32_t id = 0; id < t->n; id++)
        if (t->piece[id].type == TOK_CONTROL || t->piece[id].flags & TOK_ADDED)
            cut_add(t, id);
    tok_cuts_sort(&t->added);
    tok_cuts_sort(&t->late);
}

void tok_run_free(struct tok_run *r)
{
    buf_free(&r->text);
    buf_free(&r->spare);
    free(r->sym);
    free(r->heap);
    free(r->word);
    free(r->node);
    free(r->halves);
    tok_match_free(r->match);
}

static bool white(int32_t c)
{
    utf8proc_category_t g = utf8proc_category(c);

    return (c >= 9 && c <= 13) || c == 0x85 || (g >= UTF8PROC_CATEGORY_ZS && g <= UTF8PROC_CATEGORY_ZP);
}

static bool wordy(int32_t c)
{
    utf8proc_category_t g = utf8proc_category(c);

    return (g >= UTF8PROC_CATEGORY_LU && g <= UTF8PROC_CATEGORY_ND) || g == UTF8PROC_CATEGORY_NL ||
           g == UTF8PROC_CATEGORY_PC || c == 0x200c || c == 0x200d;
}

/* The character that ends before s[at]; at > 0. */
static int32_t before(const char *s, size_t at)
{
    size_t from = at - 1;

    while (from > 0 && (s[from] & 0xc0) == 0x80)
        from--;
    return tok_code(s + from, at - from);
}

/* An added token found at [*lo, *hi) of s[0..n): whether it counts, with the spaces beside it that it takes. done:
 * where the last ended. */
static bool hit_settle(const struct tok_run *r, uint32_t id, const char *s, size_t n, size_t done, size_t *lo,
                       size_t *hi)
{
    unsigned flags = r->t->piece[id].flags;
    size_t len;

    if (!r->special && r->t->piece[id].type != TOK_USER_DEFINED)
        return false;
    if (flags & TOK_SINGLE && ((*lo > 0 && wordy(before(s, *lo))) || (*hi < n && wordy(tok_code(s + *hi, n - *hi)))))
        return false;
    while (flags & TOK_LSTRIP && *lo > done && white(before(s, *lo)))
        for (--*lo; (s[*lo] & 0xc0) == 0x80;)
            --*lo;
    while (flags & TOK_RSTRIP && *hi < n && (len = tok_utf8(s + *hi, n - *hi)) && white(tok_code(s + *hi, len)))
        *hi += len;
    return true;
}

/* Text between added tokens, to `part`; the tokens to out. s does not lie in r->text, or `part` adds nothing to that.
 * */
static int cut_at(struct tok_run *r, const struct tok_cuts *cuts, const char *s, size_t n,
                  int (*part)(struct tok_run *, const char *, size_t))
{
    size_t done = 0;

    for (size_t i = 0; cuts->n && i < n;) {
        const struct tok_cut *c = tok_cuts_find(cuts, s + i, n - i);
        size_t lo = i, hi = c ? i + c->len : i + 1;

        i = hi;
        if (!c || !hit_settle(r, c->id, s, n, done, &lo, &hi))
            continue;
        if (lo > done && part(r, s + done, lo - done) < 0)
            return -1;
        tok_ids_add(r->out, c->id);
        done = hi;
        r->first = false;
    }
    return done < n ? part(r, s + done, n - done) : 0;
}

/* A normalized part goes to the end of r->text, and on. */
static int words(struct tok_run *r, const char *s, size_t n)
{
    r->start = r->text.len;
    buf_add(&r->text, s, n);
    if (r->text.len > r->limit)
        return err_set(r->e, "the normalized text is more than %zu bytes", r->limit);
    if (tok_split_run(r, r->start, n) < 0)
        return -1;
    r->first = false;
    return 0;
}

static int segment(struct tok_run *r, const char *s, size_t n)
{
    const struct tok *t = r->t;
    struct buf b = {0};
    int rc;

    if (t->sp) {
        r->start = r->text.len;
        if (tok_sp_normalize(r, s, n) < 0)
            return -1;
        return tok_split_run(r, r->start, r->text.len - r->start);
    }
    tok_clean(&b, s, n);
    rc = tok_normalize(t, &b, 0, r->limit, r->e);
    if (rc == 0)
        rc = cut_at(r, &t->late, (const char *)b.data, b.len, words);
    buf_free(&b);
    return rc;
}

void tok_begin(const struct tok *t, struct tok_ids *out)
{
    for (int i = 0; i < t->begins; i++)
        tok_ids_add(out, t->begin[i]);
}

int tok_encode(const struct tok *t, const char *text, size_t n, int special, struct tok_ids *out, struct err *e)
{
    size_t most = (size_t)64 << 10, before = out->n, dropped = out->dropped;
    struct tok_run r = {.t = t, .out = out, .e = e, .special = special, .first = true};
    int got;

    if (n > INT32_MAX)
        return err_set(e, "the text is %zu bytes, more than %d", n, INT32_MAX);
    r.limit = n < (INT32_MAX - most) / 64 ? 64 * n + most : INT32_MAX;
    got = cut_at(&r, &t->added, text, n, segment);
    tok_run_free(&r);
    if (got < 0) {
        out->n = before;
        out->dropped = dropped;
    }
    return got;
}

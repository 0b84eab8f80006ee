/* tok_split: a normalized text through the pre-tokenizer's steps, depth first, to words. */
#include <string.h>

#include "tok/tok_int.h"

static int step_run(struct tok_run *r, int k, size_t at, size_t n);

/* Bytes that print stand for themselves in Latin-1; the others, in order, for U+0100 and on. */
void tok_byte_alphabet(uint16_t code[256])
{
    uint16_t next = 256;

    for (int b = 0; b < 256; b++)
        code[b] = (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad) ? (uint16_t)b : next++;
}

void tok_alphabet_put(struct buf *b, const uint8_t *s, size_t n)
{
    uint16_t code[256];

    tok_byte_alphabet(code);
    for (size_t i = 0; i < n; i++) {
        char c[4];

        buf_add(b, c, tok_utf8_put(code[s[i]], c));
    }
}

/* Spans of a text in turn, matches and what lies between, put together as the behavior says. */
struct spans {
    struct tok_run *r;
    int next; /* the step that gets them */
    enum tok_how how;
    size_t at;     /* of the text that the offsets are in */
    size_t lo, hi; /* held back: it may grow */
    bool held, match, last_match;
};

static int span_flush(struct spans *p)
{
    if (!p->held)
        return 0;
    p->held = false;
    return step_run(p->r, p->next, p->at + p->lo, p->hi - p->lo);
}

/* Whether the span joins the one held back. */
static bool joins(const struct spans *p, bool match)
{
    return p->held && (p->how == TOK_CONTIGUOUS      ? p->match == match
                       : p->how == TOK_WITH_PREVIOUS ? match && !p->last_match
                       : p->how == TOK_WITH_NEXT     ? p->match && !match
                                                     : false);
}

static int span_add(struct spans *p, size_t lo, size_t hi, bool match)
{
    bool join = joins(p, match);

    if (p->how == TOK_ISOLATED)
        return step_run(p->r, p->next, p->at + lo, hi - lo);
    if (p->how == TOK_REMOVED)
        return match ? 0 : step_run(p->r, p->next, p->at + lo, hi - lo);
    if (!join) {
        if (span_flush(p) < 0)
            return -1;
        p->lo = lo;
        p->held = true;
    }
    p->hi = hi;
    p->match = match;
    p->last_match = match;
    return 0;
}

static int split(struct tok_run *r, int k, size_t at, size_t n)
{
    const struct tok_step *step = &r->t->step[k];
    struct spans p = {.r = r, .next = k + 1, .how = step->how, .at = at};
    struct tok_matches m = {0, SIZE_MAX};
    size_t done = 0, lo, hi;
    int got;

    while ((got = tok_matches_next(&r->match, &m, step->re, r->text.data + at, n, &lo, &hi, r->e)) > 0) {
        if ((lo > done && span_add(&p, done, lo, step->invert) < 0) ||
            (hi > lo && span_add(&p, lo, hi, !step->invert) < 0))
            return -1;
        done = hi;
    }
    if (got < 0 || (n > done && span_add(&p, done, n, step->invert) < 0))
        return -1;
    return span_flush(&p);
}

/* Room for n more bytes, and the place of a copy of r->text[at, at + n) that a step makes at the end. */
static int room(struct tok_run *r, size_t n)
{
    if (r->text.len + n > r->limit)
        return err_set(r->e, "the pre-tokenizer makes more than %zu bytes of the text", r->limit);
    buf_space(&r->text, n);
    return 0;
}

static int prefix(struct tok_run *r, int k, size_t at, size_t n)
{
    size_t to = r->text.len;

    if (r->text.data[at] == ' ')
        return step_run(r, k + 1, at, n);
    if (room(r, n + 1) < 0)
        return -1;
    buf_add(&r->text, " ", 1);
    buf_add(&r->text, r->text.data + at, n);
    return step_run(r, k + 1, to, n + 1);
}

/* The last step leaves the spelling to the model, which looks bytes up. */
static int alphabet(struct tok_run *r, int k, size_t at, size_t n)
{
    size_t to = r->text.len;

    if (r->t->letters)
        return step_run(r, k + 1, at, n);
    if (room(r, 2 * n) < 0)
        return -1;
    tok_alphabet_put(&r->text, r->text.data + at, n);
    return step_run(r, k + 1, to, r->text.len - to);
}

/* Spaces shown, and one put before. */
static int metaspace(struct tok_run *r, int k, size_t at, size_t n)
{
    enum tok_scheme scheme = r->t->step[k].scheme;
    bool shown = r->text.data[at] == ' ' || (n >= 3 && !memcmp(r->text.data + at, TOK_SPACE, 3));
    size_t to = r->text.len;

    if (room(r, 3 * n + 3) < 0)
        return -1;
    if (!shown && (scheme == TOK_ALWAYS || (scheme == TOK_FIRST && r->first && at == r->start)))
        buf_add(&r->text, TOK_SPACE, 3);
    for (size_t i = at; i < at + n; i++)
        buf_add(&r->text, r->text.data[i] == ' ' ? (const uint8_t *)TOK_SPACE : r->text.data + i,
                r->text.data[i] == ' ' ? 3 : 1);
    return step_run(r, k + 1, to, r->text.len - to);
}

#define WHOLE ((size_t)64 << 10)

/* sentencepiece's Unigram sums over the whole text, in float, which decides between equal ways; a long text would leave
 * these sums no digits. */
static int cut(struct tok_run *r, int k, size_t at, size_t n)
{
    bool each = r->t->step[k].each;
    size_t word = at;

    if (r->t->model == TOK_UNIGRAM && r->t->sp && n <= WHOLE)
        return step_run(r, k + 1, at, n);
    for (size_t i = at; i + 3 <= at + n; i++) {
        const uint8_t *p = r->text.data + i;

        if (*p != 0xe2 || memcmp(p, TOK_SPACE, 3) || i == word ||
            (!each && i >= word + 3 && !memcmp(p - 3, TOK_SPACE, 3)))
            continue;
        if (step_run(r, k + 1, word, i - word) < 0)
            return -1;
        word = i;
    }
    return step_run(r, k + 1, word, at + n - word);
}

static int step_run(struct tok_run *r, int k, size_t at, size_t n)
{
    static int (*const run[])(struct tok_run *, int, size_t, size_t) = {[TOK_SPLIT] = split,
                                                                        [TOK_PREFIX] = prefix,
                                                                        [TOK_ALPHABET] = alphabet,
                                                                        [TOK_METASPACE] = metaspace,
                                                                        [TOK_CUT] = cut};

    if (n == 0)
        return 0;
    return k == r->t->steps ? tok_word_encode(r, at, n) : run[r->t->step[k].kind](r, k, at, n);
}

int tok_split_run(struct tok_run *r, size_t at, size_t n)
{
    return step_run(r, 0, at, n);
}

/* The one look at a text: bytes, words, lines. */
#include <string.h>

#include "text/rules_int.h"

void spans_add(struct spans *s, uint32_t at, uint32_t bytes, uint32_t chars)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 1024;
        s->s = mem_resize(s->s, s->cap, sizeof *s->s);
        s->count = mem_resize(s->count, s->cap, sizeof *s->count);
    }
    s->s[s->n++] = (struct span){at, bytes, chars, 0};
}

static void count_bytes(struct rules *r)
{
    uint32_t part[4][256] = {{0}}; /* four, so that equal neighbours need not wait for each other */
    uint32_t i = 0;

    for (; i + 4 <= r->n; i += 4)
        for (int k = 0; k < 4; k++)
            part[k][r->text[i + (unsigned)k]]++;
    for (; i < r->n; i++)
        part[0][r->text[i]]++;
    r->chars = 0;
    for (int b = 0; b < 256; b++) {
        r->byte[b] = part[0][b] + part[1][b] + part[2][b] + part[3][b];
        r->chars += (b & 0xc0) == 0x80 ? 0 : r->byte[b];
    }
}

static void add_word(struct rules *r, uint32_t at, uint32_t bytes, uint32_t chars, unsigned kind)
{
    if (r->word.n == r->kinds) {
        r->kinds = r->kinds ? 2 * r->kinds : 1024;
        r->kind = mem_resize(r->kind, r->kinds, 1);
    }
    r->kind[r->word.n] = (uint8_t)kind;
    spans_add(&r->word, at, bytes, chars);
}

/* The character at i, without its branch for ASCII's sake in the caller. */
static unsigned class_at(struct rules *r, size_t i, size_t *len)
{
    unsigned k = chars_at(r->text + i, r->n - i, len);

    r->digits += *len > 1 && (k & CH_DIGIT);
    return k;
}

/* \w+|[^\w\s] */
static void scan_signs(struct rules *r)
{
    size_t len;

    r->word.n = 0;
    r->digits = 0;
    for (size_t i = 0; i < r->n;) {
        size_t at = i;
        uint32_t chars = 1;
        unsigned k = class_at(r, i, &len), kind = k;

        i += len;
        if (k & CH_SPACE)
            continue;
        for (; (k & CH_WORD) && i < r->n && (chars_at(r->text + i, r->n - i, &len) & CH_WORD); chars++) {
            kind |= class_at(r, i, &len);
            i += len;
        }
        add_word(r, (uint32_t)at, (uint32_t)(i - at), chars, kind);
    }
    for (int c = '0'; c <= '9'; c++)
        r->digits += r->byte[c];
}

static void scan_words(struct rules *r)
{
    const unsigned char *t = r->text;
    size_t len;

    r->word.n = 0;
    r->digits = 0;
    for (size_t i = 0; i < r->n;) {
        size_t at = i;
        uint32_t chars = 0;
        unsigned kind = 0, k;

        if (t[i] < 128) {
            if (chars_bmp[t[i]] & CH_SPACE) {
                i++;
                continue;
            }
        } else if (chars_at(t + i, r->n - i, &len) & CH_SPACE) {
            i += len;
            continue;
        }
        for (; i < r->n; chars++) {
            if (t[i] < 128) {
                if ((k = chars_bmp[t[i]]) & CH_SPACE)
                    break;
                i++;
            } else {
                if ((k = chars_at(t + i, r->n - i, &len)) & CH_SPACE)
                    break;
                r->digits += !!(k & CH_DIGIT);
                i += len;
            }
            kind |= k;
        }
        add_word(r, (uint32_t)at, (uint32_t)(i - at), chars, kind);
    }
    for (int c = '0'; c <= '9'; c++)
        r->digits += r->byte[c];
}

static void scan_lines(struct rules *r)
{
    size_t at = 0;
    int ascii = r->chars == r->n;

    r->line.n = 0;
    for (;;) {
        const unsigned char *end = memchr(r->text + at, '\n', r->n - at);
        size_t bytes = (end ? (size_t)(end - r->text) : r->n) - at;

        spans_add(&r->line, (uint32_t)at, (uint32_t)bytes,
                  (uint32_t)(ascii ? bytes : chars_count(r->text + at, bytes)));
        if (!end)
            return;
        at += bytes + 1;
    }
}

void scan_text(struct rules *r, enum rules_words words)
{
    chars_init();
    count_bytes(r);
    if (words == RULES_SIGNS)
        scan_signs(r);
    else
        scan_words(r);
    scan_lines(r);
    rules_sums(r, &r->word);
}

void rules_sums(struct rules *r, const struct spans *word)
{
    if (r->befores < word->n + 1) {
        r->befores = word->n + word->n / 2 + 1024;
        r->before = mem_resize(r->before, r->befores, sizeof *r->before);
    }
    r->before[0] = 0;
    for (uint32_t i = 0; i < word->n; i++)
        r->before[i + 1] = r->before[i] + word->s[i].chars;
}

/* The first break in [i, end), or end; *len its bytes. */
static size_t find_break(const struct rules *r, size_t i, size_t end, size_t *len)
{
    for (; i < end; i += *len)
        if (chars_at(r->text + i, end - i, len) & CH_BREAK)
            return i;
    *len = 0;
    return end;
}

/* Does the text hold what only str.splitlines takes for the end of a line? 0xc2 and 0xe2 begin those above ASCII. */
static int has_breaks(const struct rules *r)
{
    return r->byte[11] || r->byte[12] || r->byte[13] || r->byte[0x1c] || r->byte[0x1d] || r->byte[0x1e] ||
           r->byte[0xc2] || r->byte[0xe2];
}

int scan_cut(const struct rules *r, struct cut *c, size_t *a, size_t *b)
{
    while (c->line < r->line.n) {
        const struct span *l = &r->line.s[c->line];
        size_t end = l->at + l->bytes, len, at = c->at > l->at ? c->at : l->at;
        int last = c->line + 1 == r->line.n;
        size_t brk;

        if (c->at > end) {
            c->line++;
            continue;
        }
        if (at == end && last) { /* the text's end makes no line */
            c->line++;
            continue;
        }
        brk = has_breaks(r) ? find_break(r, at, end, &len) : end;
        *a = at;
        *b = brk;
        c->at = brk == end ? end + 1 : brk + len;
        if (brk < end && r->text[brk] == '\r' && brk + 1 == end && !last) /* "\r\n" is one break */
            c->at = end + 1;
        return 1;
    }
    return 0;
}

uint32_t count_dots(const struct rules *r)
{
    const unsigned char *p = r->text, *end = p + r->n;
    uint32_t found = 0;

    while (p < end && (p = memchr(p, '.', (size_t)(end - p))) != NULL) {
        size_t run = 0;

        while (p < end && *p == '.')
            run++, p++;
        found += (uint32_t)(run / 3);
    }
    return found;
}

uint32_t count_string(const struct rules *r, const char *s)
{
    const unsigned char *p = r->text, *end = p + r->n;
    size_t k = strlen(s);
    uint32_t found = 0;

    if (r->byte[(unsigned char)s[0]])
        for (; (p = memmem(p, (size_t)(end - p), s, k)) != NULL; p += k)
            found++;
    return found;
}

/* Four bytes as a number, the first the lowest; what is beyond n is 0. */
static uint32_t small(const unsigned char *p, uint32_t n)
{
    uint32_t x = 0;

    for (uint32_t i = n; i-- > 0;)
        x = x << 8 | p[i];
    return x;
}

/* Gopher's words: how many of the text's words are among them, or how many of them occur. Case counts. */
uint32_t scan_stop_words(const struct rules *r, int distinct)
{
    static const char stop[8][5] = {"the", "be", "to", "of", "and", "that", "have", "with"};
    uint32_t seen = 0, all = 0, word[8];

    for (unsigned k = 0; k < 8; k++)
        word[k] = small((const unsigned char *)stop[k], (uint32_t)strlen(stop[k]));
    for (uint32_t i = 0; i < r->word.n; i++) {
        const struct span *w = &r->word.s[i];
        uint32_t x, hit = 0;

        if (w->bytes < 2 || w->bytes > 4)
            continue;
        x = small(r->text + w->at, w->bytes);
        for (unsigned k = 0; k < 8; k++)
            hit |= (uint32_t)(x == word[k]) << k;
        seen |= hit;
        all += hit != 0;
    }
    return distinct ? (uint32_t)__builtin_popcount(seen) : all;
}

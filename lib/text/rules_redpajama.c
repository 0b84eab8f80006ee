/*
 * Quality signals of RedPajama v2 that need no list from elsewhere. Two kinds of words: raw ones are NLTK's
 * WordPunctTokenizer's (text/words.h, with case), normalized ones are what str.split() gives of the text without
 * ASCII's signs, in lower case, NFD. Source: Weber and others 2024, RedPajama, appendix of quality signals; its names.
 *
 * Difference: not rounded to 8 digits; lines_* are means over the lines, there a list; sigma in lower case is never
 * final; 0 where there is nothing to divide by (None there). Not here: stop words, ldnoobw and ut1, which are lists of
 * other projects, and classifiers.
 */
#include <utf8proc.h>

#include "base/real.h"
#include "base/utf8.h"
#include "text/rules_int.h"
#include "text/words.h"

static int is_sign(unsigned c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/* A capital with a small letter in it, as U+01C5: neither. */
static int is_title(uint32_t point)
{
    return point >= 0x1c5 && utf8proc_category((utf8proc_int32_t)point) == UTF8PROC_CATEGORY_LT;
}

static void put(struct rules *r, uint32_t point)
{
    r->scratch.len += utf8_put(r->scratch.data + r->scratch.len, point);
}

/* Append a word's character in lower case; `at` moves behind it. Returns 1 when NFD may change it. There is room. */
static int put_low(struct rules *r, size_t *at, size_t end)
{
    unsigned c = r->text[*at];
    size_t len = 1;
    uint32_t point;

    if (c < 128 || !utf8_bytes(r->text + *at, end - *at)) {
        ++*at;
        if (!is_sign(c))
            r->scratch.data[r->scratch.len++] = (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        return 0;
    }
    point = utf8_point(r->text + *at, &len);
    put(r, words_lower(point));
    if (point == 0x130)
        put(r, 0x307);
    *at += len;
    return 1;
}

/* The word that begins at byte `at` of scratch, decomposed in its place. A code point gives four at most. */
static void decompose(struct rules *r, size_t at)
{
    size_t n = r->scratch.len - at, room = 4 * n;
    utf8proc_int32_t *point;
    utf8proc_ssize_t got;

    buf_space(&r->scratch, 16 * n + 4 * room + 16);
    point = (utf8proc_int32_t *)(void *)(r->scratch.data + ((r->scratch.len + 16 * n + 7) & ~(size_t)7));
    got = utf8proc_decompose(r->scratch.data + at, (utf8proc_ssize_t)n, point, (utf8proc_ssize_t)room,
                             UTF8PROC_DECOMPOSE | UTF8PROC_STABLE);
    if (got < 0 || (size_t)got > room)
        return; /* no UTF-8: left as it is */
    r->scratch.len = at;
    for (utf8proc_ssize_t k = 0; k < got; k++)
        put(r, (uint32_t)point[k]);
}

/* Normalized words with one space between them into scratch, as spans of it. */
static void normalize(struct rules *r)
{
    r->scratch.len = 0;
    r->norm.n = 0;
    for (uint32_t i = 0; i < r->word.n; i++) {
        size_t start, at = r->word.s[i].at, end = at + r->word.s[i].bytes;
        int wide = 0;

        buf_space(&r->scratch, 3 * (end - at) + 16);
        if (r->norm.n)
            put(r, ' ');
        start = r->scratch.len;
        while (at < end)
            wide |= put_low(r, &at, end);
        if (wide)
            decompose(r, start);
        if (r->scratch.len == start)
            r->scratch.len -= r->norm.n > 0;
        else
            spans_add(&r->norm, (uint32_t)start, (uint32_t)(r->scratch.len - start),
                      (uint32_t)(wide ? chars_count(r->scratch.data + start, r->scratch.len - start)
                                      : r->scratch.len - start));
    }
}

static void raw_words(const struct rules *r, struct words *w, double *v)
{
    uint32_t n = 0, alpha = 0, caps = 0, marks = r->byte['#'] + count_dots(r) + count_string(r, "…");
    size_t at, len;

    w->keep_case = 1;
    words_begin(w, r->text, r->n);
    for (; words_next(w, &at, &len); n++) {
        const unsigned char *p = w->low.data + at;
        unsigned letter = 0, any = 0, lower = 0;

        for (size_t i = 0, k = 1; i < len; i += k, k = 1) {
            uint32_t point = utf8_bytes(p + i, len - i) ? utf8_point(p + i, &k) : 0xfffd;
            unsigned c = words_class(point);

            letter |= p[i] < 128 && (c & WORDS_CASED);
            any |= c;
            lower |= (c & WORDS_CASED) && (!(c & WORDS_UPPER) || is_title(point));
        }
        alpha += letter;
        caps += (any & WORDS_UPPER) && !lower;
    }
    v[RV_redpajama_symbol_to_word_ratio] = ratio(marks, n);
    v[RV_redpajama_frac_no_alph_words] = n ? 1 - (double)alpha / n : 0;
    v[RV_redpajama_frac_all_caps_words] = ratio(caps, n);
}

/* Matches of \b[^.!?]+[.!?]* : each begins at a character of a word. */
static uint32_t sentences(const struct rules *r)
{
    uint32_t found = 0;
    int open = 0;

    for (size_t i = 0, len; i < r->n; i += len) {
        uint32_t c = r->text[i];

        len = 1;
        if (c == '.' || c == '!' || c == '?')
            open = 0;
        if (open || c == '.' || c == '!' || c == '?')
            continue;
        if (c >= 128)
            c = utf8_bytes(r->text + i, r->n - i) ? utf8_point(r->text + i, &len) : 0xfffd;
        if (words_class(c) & WORDS_WORD) {
            open = 1;
            found++;
        }
    }
    return found;
}

static void lines(const struct rules *r, double *v)
{
    static const char *const bullet[] = {"•", "‣", "▶", "◀", "◦", "■", "□", "▪", "▫", "–"};
    uint32_t n = r->line.n - (r->line.s[r->line.n - 1].bytes == 0), ellipses = 0, ended = 0, bulleted = 0;

    for (uint32_t i = 0; i < n; i++) {
        const unsigned char *p = r->text;
        size_t a = r->line.s[i].at, b = a + r->line.s[i].bytes;

        chars_trim(p, &a, &b);
        ellipses += chars_ends(p + a, b - a, "...") || chars_ends(p + a, b - a, "…");
        ended += b > a && (p[b - 1] == '.' || p[b - 1] == '!' || p[b - 1] == '?' || chars_ends(p + a, b - a, "”"));
        for (size_t k = 0; b > a && p[a] == 0xe2 && k < sizeof bullet / sizeof *bullet; k++)
            bulleted += (uint32_t)chars_starts(p + a, b - a, bullet[k]);
    }
    v[RV_redpajama_frac_lines_end_with_ellipsis] = ratio(ellipses, n);
    v[RV_redpajama_lines_ending_with_terminal_punctution_mark] = ratio(ended, n);
    v[RV_redpajama_lines_start_with_bulletpoint] = ratio(bulleted, n);
}

static void norm_words(struct rules *r, double *v)
{
    const unsigned char *p = r->scratch.data, *end = p + r->scratch.len;
    uint32_t n = r->norm.n, distinct = 0, lorem = 0;
    double entropy = 0;

    for (uint32_t i = 0; i < n; i++)
        if (r->norm.s[i].first == i) {
            double share = (double)r->norm.count[i] / n;

            distinct++;
            entropy -= share * real_log(share);
        }
    for (; n && (p = memmem(p, (size_t)(end - p), "lorem ipsum", 11)) != NULL; p += 11)
        lorem++;
    v[RV_redpajama_word_count] = n;
    v[RV_redpajama_mean_word_length] = ratio((double)r->before[n], n);
    v[RV_redpajama_frac_unique_words] = ratio(distinct, n);
    v[RV_redpajama_unigram_entropy] = entropy;
    v[RV_redpajama_lorem_ipsum] = n ? lorem / (double)(r->before[n] + n - 1) : 0;
}

/* Characters of words in n-grams that occur more than once, each word once. */
static uint64_t covered(const struct rules *r)
{
    const struct grams *g = &r->grams;
    uint64_t chars = 0;
    uint32_t end = 0;

    for (uint32_t k = 0; k < g->found; k++) {
        uint32_t from = g->at[k] > end ? g->at[k] : end;

        end = g->at[k] + g->n;
        chars += rules_chars(r, from, end - from);
    }
    return chars;
}

void rules_redpajama(struct rules *r, struct words *raw, double *v)
{
    struct grams *g = &r->grams;
    double all;

    raw_words(r, raw, v);
    v[RV_redpajama_num_sentences] = sentences(r);
    v[RV_redpajama_curly_bracket] = ratio((double)r->byte['{'] + r->byte['}'], r->chars);
    lines(r, v);
    normalize(r);
    spans_intern(&r->norm, r->scratch.data, &r->table);
    rules_sums(r, &r->norm);
    norm_words(r, v);
    all = (double)r->before[r->norm.n];
    grams_begin(g, &r->norm);
    for (uint32_t n = 2; n <= 10; n++) {
        double *to =
            n > 4 ? &v[RV_redpajama_frac_chars_dupe_5grams + n - 5] : &v[RV_redpajama_frac_chars_top_2gram + n - 2];

        grams_next(g, &r->table);
        if (n > 4)
            *to = ratio((double)covered(r), all);
        else
            *to = g->top_count < 2 ? 0 : ratio((double)(rules_chars(r, g->top, n) * g->top_count), all);
    }
}

/*
 * The quality and repetition rules of Gopher, and FineWeb's, as datatrove has them. Source: Rae and others 2021,
 * Scaling language models (Gopher), appendix A.1.1 and table A1; Penedo and others 2024, The FineWeb datasets, section
 * 3.6; datatrove's defaults.
 */
#include <string.h>

#include "text/rules_int.h"

static void gopher_words(const struct rules *r, double *v)
{
    uint64_t chars = 0;
    uint32_t words = 0, alpha = 0;

    for (uint32_t i = 0; i < r->word.n; i++) {
        if (r->kind[i] & CH_PLAIN) {
            words++;
            chars += r->word.s[i].chars;
        }
        alpha += !!(r->kind[i] & CH_ALPHA);
    }
    v[RV_gopher_words] = words;
    v[RV_gopher_mean_word_length] = ratio((double)chars, words);
    v[RV_gopher_alpha_words] = ratio(alpha, r->word.n);
}

void rules_gopher(struct rules *r, double *v)
{
    struct cut c = {0, 0};
    uint32_t lines = 0, bullets = 0, ellipses = 0;
    size_t a, b;

    gopher_words(r, v);
    v[RV_gopher_hash_ratio] = ratio(r->byte['#'], r->word.n);
    v[RV_gopher_ellipsis_ratio] = ratio((double)count_dots(r) + count_string(r, "…"), r->word.n);
    v[RV_gopher_stop_words] = scan_stop_words(r, 1);
    while (scan_cut(r, &c, &a, &b)) {
        chars_trim(r->text, &a, &b);
        bullets += chars_starts(r->text + a, b - a, "•") || chars_starts(r->text + a, b - a, "-");
        ellipses += chars_ends(r->text + a, b - a, "...") || chars_ends(r->text + a, b - a, "…");
        lines++;
    }
    v[RV_gopher_bullet_lines] = ratio(bullets, lines);
    v[RV_gopher_ellipsis_lines] = ratio(ellipses, lines);
}

/* Characters of the spans that repeat an earlier one; *again: how many do. */
static uint64_t repeats(const struct spans *s, uint32_t *again, int blank)
{
    uint64_t chars = 0;

    *again = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (s->s[i].first != i && (blank || s->s[i].bytes)) {
            chars += s->s[i].chars;
            ++*again;
        }
    return chars;
}

/* re.split(r"\n{2,}", text.strip()) */
static void cut_paragraphs(struct rules *r)
{
    size_t a = 0, b = r->n, at;

    chars_trim(r->text, &a, &b);
    r->para.n = 0;
    for (at = a;;) {
        const unsigned char *end = b > at ? memmem(r->text + at, b - at, "\n\n", 2) : NULL;
        size_t stop = end ? (size_t)(end - r->text) : b;

        spans_add(&r->para, (uint32_t)at, (uint32_t)(stop - at), (uint32_t)chars_count(r->text + at, stop - at));
        if (!end)
            return;
        for (at = stop; at < b && r->text[at] == '\n'; at++)
            ;
    }
}

/* The pieces of re.split(r"\n+", text): lines that hold something, and an empty one at each end where the text has a
 * line feed. */
static uint32_t line_pieces(const struct rules *r, uint32_t *empty)
{
    uint32_t full = 0;

    for (uint32_t i = 0; i < r->line.n; i++)
        full += r->line.s[i].bytes > 0;
    *empty = r->n ? (r->text[0] == '\n') + (r->text[r->n - 1] == '\n') : 1;
    return full;
}

/* Join the words, so that any run of them is one run of bytes; 16 zeros follow. */
static void join(struct rules *r)
{
    if (r->joineds < r->word.n + 1) {
        r->joineds = r->word.n + r->word.n / 2 + 1024;
        r->joined_at = mem_resize(r->joined_at, r->joineds, sizeof *r->joined_at);
    }
    r->joined.len = 0;
    buf_space(&r->joined, (size_t)r->n + 16);
    for (uint32_t i = 0; i < r->word.n; i++) {
        const struct span *w = &r->word.s[i];

        r->joined_at[i] = (uint32_t)r->joined.len;
        memcpy(r->joined.data + r->joined.len, r->text + w->at, w->bytes);
        r->joined.len += w->bytes;
    }
    r->joined_at[r->word.n] = (uint32_t)r->joined.len;
    memset(r->joined.data + r->joined.len, 0, 16);
}

/*
 * Which words begin 16 bytes that another word begins too. Where they do not, no run of words of 16 bytes or more can
 * repeat, so that most places need no look-up. Equal hashes of different bytes do no harm: such a place is looked up.
 */
static void mark_again(struct rules *r)
{
    r->again.len = 0;
    memset(buf_space(&r->again, (size_t)r->word.n + 1), 0, r->word.n);
    table_clear(&r->table, r->word.n);
    for (uint32_t i = 0; i < r->word.n; i++) {
        uint64_t h = hash_bytes(r->joined.data + r->joined_at[i], 16);
        uint32_t k = (uint32_t)h & r->table.mask, tag = (uint32_t)(h >> 32);

        while (r->table.slot[k].item && r->table.slot[k].tag != tag)
            k = (k + 1) & r->table.mask;
        if (r->table.slot[k].item) {
            r->again.data[r->table.slot[k].item - 1] = r->again.data[i] = 1;
            continue;
        }
        r->table.slot[k].tag = tag;
        r->table.slot[k].item = i + 1;
    }
}

/* Was this run of bytes met before? Else it is from now on. */
static int met(struct rules *r, uint32_t i, uint32_t n, uint32_t bytes)
{
    const unsigned char *p = r->joined.data + r->joined_at[i];
    uint64_t h = hash_bytes(p, bytes);
    uint32_t k = (uint32_t)h & r->table.mask, tag = (uint32_t)(h >> 32), f;

    for (; r->table.slot[k].item; k = (k + 1) & r->table.mask) {
        f = r->table.slot[k].item - 1;
        if (r->table.slot[k].tag == tag && r->joined_at[f + n] - r->joined_at[f] == bytes &&
            memcmp(r->joined.data + r->joined_at[f], p, bytes) == 0)
            return 1;
    }
    r->table.slot[k].tag = tag;
    r->table.slot[k].item = i + 1;
    return 0;
}

/* The places that greedy has to look at: all others begin runs of five words or more that nothing repeats. */
static uint32_t list_maybe(struct rules *r)
{
    uint32_t n = 0, words = r->word.n;

    if (r->maybes < words) {
        r->maybes = words + words / 2 + 1024;
        r->maybe = mem_resize(r->maybe, r->maybes, sizeof *r->maybe);
    }
    for (uint32_t i = 0; i + 5 <= words; i++) {
        r->maybe[n] = i;
        n += r->again.data[i] || r->joined_at[i + 5] - r->joined_at[i] < 16;
    }
    return n;
}

/* Characters of the n-grams that repeat an earlier one; behind such a hit its n words are passed over. datatrove joins
 * the words with nothing between, so that "a bc" repeats "ab c". */
static uint64_t greedy(struct rules *r, uint32_t maybes, uint32_t n)
{
    uint64_t chars = 0;
    uint32_t from = 0;

    table_clear(&r->table, maybes);
    for (uint32_t k = 0; k < maybes; k++) {
        uint32_t i = r->maybe[k];

        if (i < from || i + n > r->word.n || !met(r, i, n, r->joined_at[i + n] - r->joined_at[i]))
            continue;
        chars += rules_chars(r, i, n);
        from = i + n;
    }
    return chars;
}

void rules_repetition(struct rules *r, double *v)
{
    uint32_t again, empty, maybes, lines = line_pieces(r, &empty);
    uint64_t chars;

    v[RV_repetition_chars] = r->chars;
    cut_paragraphs(r);
    spans_intern(&r->para, r->text, &r->table);
    chars = repeats(&r->para, &again, 1);
    v[RV_repetition_dup_para_frac] = ratio(again, r->para.n);
    v[RV_repetition_dup_para_char_frac] = ratio((double)chars, r->chars);
    chars = repeats(&r->line, &again, 0);
    v[RV_repetition_dup_line_frac] = ratio(again + (empty == 2), lines + empty);
    v[RV_repetition_dup_line_char_frac] = ratio((double)chars, r->chars);
    join(r);
    mark_again(r);
    maybes = list_maybe(r);
    for (uint32_t n = 5; n <= 10; n++)
        v[RV_repetition_duplicated_5_n_grams + n - 5] = ratio((double)greedy(r, maybes, n), r->chars);
}

static int blank(const struct rules *r, const struct span *l)
{
    size_t a = l->at, b = a + l->bytes;

    chars_trim(r->text, &a, &b);
    return a == b;
}

void rules_fineweb(struct rules *r, const double *limit, double *v)
{
    uint32_t lines = 0, ended = 0, brief = 0;
    uint64_t again = 0;

    for (uint32_t i = 0; i < r->line.n; i++) {
        const struct span *l = &r->line.s[i];

        if (l->bytes == 0 || blank(r, l))
            continue;
        lines++;
        ended += !!(chars_last(r->text + l->at, l->bytes) & CH_TERM);
        brief += l->chars <= limit[RR_fineweb_short_line_length];
        again += l->first != i ? l->chars : 0;
    }
    v[RV_fineweb_lines] = lines;
    v[RV_fineweb_line_punct_ratio] = ratio(ended, lines);
    v[RV_fineweb_short_line_ratio] = ratio(brief, lines);
    v[RV_fineweb_char_dup_ratio] = ratio((double)again, (double)r->chars - r->byte['\n']);
    v[RV_fineweb_list_ratio] = ratio(r->byte['\n'], r->word.n);
}

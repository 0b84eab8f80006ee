/*
 * The attributes of dolma's taggers gopher_v1 and, of lines, gopher_v2, which cuts at runs of line feeds. Source:
 * Soldaini and others 2024, Dolma; its attributes' own names. Repeated lines count all of their occurrences over the
 * characters of words, so that a fraction can exceed 1.
 */
#include <stdlib.h>
#include <string.h>

#include "text/rules_int.h"

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

#define SHORT 256

/* The k-th least length of a word (from 0): counted, and those of SHORT characters or more sorted. */
static double kth_length(struct rules *r, uint32_t k)
{
    uint32_t count[SHORT] = {0}, seen = 0, *longs, n = 0;

    for (uint32_t i = 0; i < r->word.n; i++)
        count[r->word.s[i].chars < SHORT ? r->word.s[i].chars : 0]++;
    for (uint32_t c = 1; c < SHORT; c++)
        if ((seen += count[c]) > k)
            return c;
    r->scratch.len = 0;
    longs = (uint32_t *)(void *)buf_space(&r->scratch, (size_t)count[0] * sizeof *longs);
    for (uint32_t i = 0; i < r->word.n; i++)
        if (r->word.s[i].chars >= SHORT)
            longs[n++] = r->word.s[i].chars;
    qsort(longs, n, sizeof *longs, by_size);
    return longs[k - seen];
}

static double median_length(struct rules *r)
{
    uint32_t n = r->word.n;

    return n == 0 ? 0 : n & 1 ? kth_length(r, n / 2) : (kth_length(r, n / 2 - 1) + kth_length(r, n / 2)) / 2;
}

static void words(struct rules *r, double *v)
{
    uint32_t marks = 0, alpha = 0;

    for (uint32_t i = 0; i < r->word.n; i++) {
        marks += !!(r->kind[i] & CH_MARK);
        alpha += !!(r->kind[i] & CH_ALPHA);
    }
    v[RV_dolma_character_count] = r->chars;
    v[RV_dolma_word_count] = r->word.n;
    v[RV_dolma_median_word_length] = median_length(r);
    v[RV_dolma_symbol_to_word_ratio] = ratio(marks, r->word.n);
    v[RV_dolma_fraction_of_words_with_alpha_character] = ratio(alpha, r->word.n);
    v[RV_dolma_required_word_count] = scan_stop_words(r, 0);
}

/* v: the first of the four values. merged: runs of line feeds cut once, so that empty lines are at the text's ends
 * only. */
static void lines(const struct rules *r, int merged, double *v)
{
    uint32_t n = 0, bullets = 0, ellipses = 0, again = 0, empty = 0;
    uint64_t chars = 0, all = r->before[r->word.n];

    for (uint32_t i = 0; i < r->line.n; i++) {
        const struct span *l = &r->line.s[i];
        const unsigned char *p = r->text + l->at;

        if (l->bytes == 0 && merged)
            continue;
        n++;
        if (l->bytes == 0) {
            empty++;
            continue;
        }
        bullets += *p == '*' || *p == '-';
        ellipses += chars_ends(p, l->bytes, "…");
        if (r->line.count[l->first] > 1) {
            again++;
            chars += l->chars;
        }
    }
    if (merged) {
        empty = (r->text[0] == '\n') + (r->text[r->n - 1] == '\n');
        n += empty;
    }
    v[0] = ratio(bullets, n);
    v[1] = ratio(ellipses, n);
    v[2] = ratio(again + (empty > 1 ? empty : 0), n);
    v[3] = (double)chars / (double)(all ? all : 1);
}

void rules_dolma(struct rules *r, double *v)
{
    words(r, v);
    memset(v + RV_dolma_fraction_of_lines_starting_with_bullet_point, 0, 8 * sizeof *v);
    if (r->n == 0)
        return;
    lines(r, 0, v + RV_dolma_fraction_of_lines_starting_with_bullet_point);
    lines(r, 1, v + RV_dolma_v2_fraction_of_lines_starting_with_bullet_point);
}

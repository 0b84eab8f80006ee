/*
 * The heuristic filters of NeMo Curator (0.9, the last with Dask). Those of repetition are shares of what is unique, so
 * that small is bad. Source: its documentation and defaults. Difference: the most frequent n-gram of several is the
 * earliest, there it is one by the order of a Python set, which changes from run to run; letters are Python's isalpha,
 * there the property Alphabetic, which has some marks too; the count of common words does not stop at 2.
 */
#include <string.h>

#include "text/rules_int.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const ellipsis_words[] = {"...", "[...]", "…", "(...)", "[…]", "-»"};
static const char *const bullets[] = {"•", "‣", "⁃", "⁌", "⁍", "∙", "○", "●", "◘", "◦", "⦾", "⦿"};
/* Three more sentences of its list hold no shorter one of it. */
static const char *const policy[] = {
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
    "necessary cookies are absolutely essential for the website to function properly. this category only includes "
    "cookies that ensures "
    "basic functionalities and security features of the website. these cookies do not store any personal information.",
    "any cookies that may not be particularly necessary for the website to function and is used specifically to "
    "collect user personal "
    "data via analytics, ads, other embedded contents are termed as non-necessary cookies. it is mandatory to procure "
    "user consent prior "
    "to running these cookies on your website.",
    "if you continue to browse this site without changing your cookie settings, you agree to this use. acceptread "
    "more"};

/* A mark of ellipsis, or signs "#" for more than half of it; runs of them count once, as there. */
static int symbol_word(const struct rules *r, uint32_t i)
{
    const struct span *w = &r->word.s[i];
    const unsigned char *p = r->text + w->at;
    uint32_t runs = 0;

    for (size_t k = 0; k < COUNT(ellipsis_words); k++)
        if (strlen(ellipsis_words[k]) == w->bytes && memcmp(p, ellipsis_words[k], w->bytes) == 0)
            return 1;
    if (!(r->kind[i] & CH_MARK))
        return 0;
    for (uint32_t k = 0; k < w->bytes; k++)
        runs += p[k] == '#' && (k == 0 || p[k - 1] != '#');
    return 2 * runs > w->chars;
}

static void words(const struct rules *r, double *v)
{
    uint32_t symbols = 0, alpha = 0, longest = 0;

    for (uint32_t i = 0; i < r->word.n; i++) {
        if (r->word.s[i].bytes <= 5 || (r->kind[i] & CH_MARK))
            symbols += (uint32_t)symbol_word(r, i);
        alpha += !!(r->kind[i] & CH_ALPHA);
        longest = r->word.s[i].chars > longest ? r->word.s[i].chars : longest;
    }
    v[RV_nemo_symbol_to_word] = ratio(symbols, r->word.n);
    v[RV_nemo_words_without_alphabets] = ratio(alpha, r->word.n);
    v[RV_nemo_max_word_length] = longest;
    v[RV_nemo_word_count] = r->word.n;
    v[RV_nemo_mean_word_length] = ratio((double)r->before[r->word.n], r->word.n);
    v[RV_nemo_common_english_words] = scan_stop_words(r, 0);
}

/* http:// or https:// and at least one character of a URL: letters, "!", and all from "$" to "_". */
static uint64_t url_chars(const struct rules *r)
{
    const unsigned char *p = r->text, *end = p + r->n;
    uint64_t all = 0;

    while ((p = memmem(p, (size_t)(end - p), "http", 4)) != NULL) {
        const unsigned char *at = p + 4, *path;

        at += at < end && *at == 's';
        if (!chars_starts(at, (size_t)(end - at), "://")) {
            p += 4;
            continue;
        }
        for (path = at += 3; at < end && (*at == '!' || (*at >= '$' && *at <= '_') || (*at >= 'a' && *at <= 'z')); at++)
            ;
        all += at > path ? (uint64_t)(at - p) : 0;
        p = at > path ? at : p + 4;
    }
    return all;
}

static uint32_t brackets(const struct rules *r)
{
    uint32_t all = r->byte['{'] + r->byte['}'] + r->byte['['] + r->byte[']'] + r->byte['('] + r->byte[')'];

    if (r->byte[0xe2])
        for (size_t i = 0; i + 3 <= r->n; i++) /* U+27E8, U+27E9 */
            all += r->text[i] == 0xe2 && r->text[i + 1] == 0x9f && (r->text[i + 2] == 0xa8 || r->text[i + 2] == 0xa9);
    return all;
}

static void letters(const struct rules *r, double *v)
{
    const uint32_t *b = r->byte;
    uint64_t plain = b['\n'] + b['?'] + b['!'] + b[','] + b['.'],
             white = b['\t'] + b['\n'] + b['\r'] + b['\b'] + b[' '];

    for (int c = 'a'; c <= 'z'; c++)
        plain += b[c] + b[c - 32];
    for (int c = '0'; c <= '9'; c++)
        plain += b[c];
    v[RV_nemo_alpha_numeric] = r->chars ? (double)(r->chars - plain) / r->chars : 1;
    v[RV_nemo_numbers_ratio] = r->chars ? (double)r->digits / r->chars : 1;
    v[RV_nemo_urls_ratio] = r->chars ? (double)url_chars(r) / r->chars : 1;
    v[RV_nemo_white_space] = r->chars ? (double)white / r->chars : 1;
    v[RV_nemo_parentheses_ratio] = r->chars ? (double)brackets(r) / r->chars : 1;
}

static int ends_in_ellipsis(const unsigned char *p, size_t n)
{
    return chars_ends(p, n, "...") || chars_ends(p, n, "…") || chars_ends(p, n, "[...]") || chars_ends(p, n, "(...)") ||
           chars_ends(p, n, "[…]") || chars_ends(p, n, "-»") ||
           (n >= 11 && chars_find(p + n - 11, 11, "read more..", 8)) ||
           (n >= 9 && chars_find(p + n - 9, 9, "read more", 5));
}

static int starts_with_bullet(const unsigned char *p, size_t n)
{
    for (size_t k = 0; n && *p == 0xe2 && k < COUNT(bullets); k++)
        if (chars_starts(p, n, bullets[k]))
            return 1;
    return 0;
}

/* Lines that are not blank. */
static void lines(const struct rules *r, double *v)
{
    uint32_t n = 0, distinct = 0, open = 0, ellipses = 0, bulleted = 0;
    uint64_t chars = 0, own = 0;

    for (uint32_t i = 0; i < r->line.n; i++) {
        const struct span *l = &r->line.s[i];
        const unsigned char *p = r->text;
        size_t a = l->at, b = a + l->bytes;

        chars_trim(p, &a, &b);
        if (a == b)
            continue;
        n++;
        chars += l->chars;
        distinct += l->first == i;
        own += l->first == i ? l->chars : 0;
        open += !strchr(".?!\"'", p[b - 1]) || !p[b - 1];
        ellipses += (uint32_t)ends_in_ellipsis(p + a, b - a);
        bulleted += (uint32_t)starts_with_bullet(p + a, b - a);
    }
    v[RV_nemo_repeated_lines] = n ? (double)distinct / n : 1;
    v[RV_nemo_repeated_lines_char] = n ? (double)own / (double)chars : 1;
    v[RV_nemo_punctuation] = ratio(open, n);
    v[RV_nemo_ellipsis] = ratio(ellipses, n);
    v[RV_nemo_bullet_ratio] = ratio(bulleted, n);
}

/* 2: dummy text, which makes all of it boilerplate; 1: a phrase of policy. */
static int boilerplate(const unsigned char *p, size_t n)
{
    if (chars_find(p, n, "lorem ipsum", 7))
        return 2;
    for (size_t k = 0; k < COUNT(policy); k++)
        if (chars_find(p, n, policy[k], 0))
            return 1;
    return 0;
}

/* str.split("\n\n") */
static void cut_paragraphs(struct rules *r)
{
    size_t at = 0;

    r->para.n = 0;
    for (;;) {
        const unsigned char *end = memmem(r->text + at, r->n - at, "\n\n", 2);
        size_t stop = end ? (size_t)(end - r->text) : r->n;

        spans_add(&r->para, (uint32_t)at, (uint32_t)(stop - at), (uint32_t)chars_count(r->text + at, stop - at));
        if (!end)
            return;
        at = stop + 2;
    }
}

static void paragraphs(struct rules *r, double *v)
{
    uint32_t bad = 0, distinct = 0;
    uint64_t chars = 0, own = 0;
    const unsigned char *p = r->text;
    int dummy = 0, any = chars_find(p, r->n, "cookie", 3) || chars_find(p, r->n, "terms of use", 7) ||
                         chars_find(p, r->n, "privacy ", 3) || chars_find(p, r->n, "lorem ipsum", 7);

    cut_paragraphs(r);
    spans_intern(&r->para, r->text, &r->table);
    for (uint32_t i = 0; i < r->para.n; i++) {
        const struct span *s = &r->para.s[i];
        int found = any ? boilerplate(p + s->at, s->bytes) : 0;

        bad += found == 1;
        dummy |= found == 2;
        distinct += s->first == i;
        chars += s->chars;
        own += s->first == i ? s->chars : 0;
    }
    v[RV_nemo_boilerplate_string_ratio] = dummy ? 1 : (double)bad / r->para.n;
    v[RV_nemo_repeated_paragraphs] = (double)distinct / r->para.n;
    v[RV_nemo_repeated_paragraphs_char] = chars ? (double)own / (double)chars : 1;
}

void rules_nemo(struct rules *r, double *v)
{
    words(r, v);
    letters(r, v);
    lines(r, v);
    paragraphs(r, v);
}

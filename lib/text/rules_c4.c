/*
 * C4's rules for lines and pages, in datatrove's order: the first that a line fails takes it away. Source: Raffel and
 * others 2020, Exploring the limits of transfer learning, section 2.2; datatrove's defaults. third_line is mC4's: the
 * length of the third longest line, 0 when there are not three.
 *
 * Difference: a page with a curly bracket is looked at to its end; rules_c4 looks at what is left of a line when
 * citations are gone and leaves the text as it is, rules_c4_text is what datatrove makes of it. Sentences of a line are
 * its runs of .?! (with quotes and brackets behind) before white space or the line's end, and what follows the last;
 * datatrove asks spaCy.
 */
#include <string.h>

#include "base/utf8.h"
#include "text/rules_int.h"

static const struct {
    const char *low;
    size_t rare; /* where its rarest letter is */
} policy[] = {{"terms of use", 7}, {"privacy policy", 3},  {"cookie policy", 3},
              {"uses cookies", 8}, {"use of cookies", 10}, {"use cookies", 7}};

/* What the text cannot hold need not be looked for in its lines. */
struct hints {
    int lorem, javascript, policy;
};

static struct hints look(const struct rules *r)
{
    return (struct hints){chars_find(r->text, r->n, "lorem ipsum", 7), chars_find(r->text, r->n, "javascript", 0),
                          chars_find(r->text, r->n, "cookie", 3) || chars_find(r->text, r->n, "terms of use", 7) ||
                              chars_find(r->text, r->n, "privacy policy", 3)};
}

/* Bytes of "[12]", "[edit]" or "[citation needed]" at p, else 0. */
static size_t citation(const unsigned char *p, size_t n)
{
    size_t i = 1, len;

    if (chars_starts(p, n, "[edit]"))
        return 6;
    if (chars_starts(p, n, "[citation needed]"))
        return 17;
    while (i < n && (chars_at(p + i, n - i, &len) & CH_DIGIT))
        i += len;
    return i < n && p[i] == ']' ? i + 1 : 0;
}

/* The line without citations: itself, or a copy in scratch. */
static const unsigned char *strip_citations(struct rules *r, const unsigned char *p, size_t *n)
{
    unsigned char *to;
    size_t k = 0, skip;

    if (!r->byte['['] || !memchr(p, '[', *n))
        return p;
    r->scratch.len = 0;
    to = buf_space(&r->scratch, *n);
    for (size_t i = 0; i < *n;) {
        if (p[i] == '[' && (skip = citation(p + i, *n - i)) > 0)
            i += skip;
        else
            to[k++] = p[i++];
    }
    *n = k;
    return to;
}

static int ended(const unsigned char *p, size_t n)
{
    return n && strchr(".?!\"'", p[n - 1]) != NULL && p[n - 1] && !chars_ends(p, n, "...");
}

static uint32_t sentences(const unsigned char *p, size_t n)
{
    uint32_t found = 0;
    size_t len, i = 0;
    int open = 0; /* something that is no white space since the last end */

    while (i < n) {
        if (p[i] == '.' || p[i] == '?' || p[i] == '!') {
            while (i < n && p[i] && strchr(".?!\"')]", p[i]))
                i++;
            open = 1;
            if (i == n || (chars_at(p + i, n - i, &len) & CH_SPACE)) {
                found++;
                open = 0;
            }
            continue;
        }
        open |= !(chars_at(p + i, n - i, &len) & CH_SPACE);
        i += len;
    }
    return found + (uint32_t)open;
}

static int has_policy(const unsigned char *p, size_t n)
{
    for (size_t k = 0; k < sizeof policy / sizeof *policy; k++)
        if (chars_find(p, n, policy[k].low, policy[k].rare))
            return 1;
    return 0;
}

/* A line without white space at its ends: words [from, to) are its. line() leaves out its citations. */
struct c4_line {
    const unsigned char *p;
    size_t n;
    uint32_t from, to;
};

/* 1 when the line stays. */
static int line(struct rules *r, const struct hints *h, const double *limit, struct c4_line *l, double *v)
{
    const unsigned char *p;
    size_t n;

    for (uint32_t i = l->from; i < l->to; i++)
        if (r->word.s[i].chars > limit[RR_c4_max_word_length]) {
            v[RV_c4_long_word_lines]++;
            return 0;
        }
    l->p = p = strip_citations(r, l->p, &l->n);
    n = l->n;
    if (limit[RR_c4_terminal_punct] > 0 && !ended(p, n)) {
        v[RV_c4_unended_lines]++;
        return 0;
    }
    if (l->to - l->from < limit[RR_c4_min_words_per_line]) {
        v[RV_c4_few_word_lines]++;
        return 0;
    }
    if (h->lorem && chars_find(p, n, "lorem ipsum", 7))
        v[RV_c4_lorem_ipsum] = 1;
    if (h->javascript && chars_find(p, n, "javascript", 0)) {
        v[RV_c4_javascript_lines]++;
        return 0;
    }
    if (r->byte['{'] && memchr(p, '{', n))
        v[RV_c4_curly_bracket] = 1;
    if (h->policy && has_policy(p, n)) {
        v[RV_c4_policy_lines]++;
        return 0;
    }
    v[RV_c4_kept_lines]++;
    v[RV_c4_sentences] += sentences(p, n);
    return 1;
}

static uint32_t third_line(const struct rules *r)
{
    uint32_t best[3] = {0, 0, 0};

    for (uint32_t i = 0; i < r->line.n; i++) {
        uint32_t x = r->line.s[i].chars, t;

        for (int k = 0; k < 3; k++)
            if (x > best[k]) {
                t = best[k];
                best[k] = x;
                x = t;
            }
    }
    return best[2];
}

/* Every line; those that stay, one line feed between them, go to out if there is one. */
static void lines(struct rules *r, const double *limit, double *v, struct buf *out)
{
    struct hints h = look(r);
    struct cut c = {0, 0};
    uint32_t w = 0;
    size_t a, b;

    memset(v + RV_c4_lines, 0, (RV_c4_third_line - RV_c4_lines + 1) * sizeof *v);
    while (scan_cut(r, &c, &a, &b)) {
        struct c4_line l = {.from = w};
        double pages = v[RV_c4_lorem_ipsum] + v[RV_c4_curly_bracket];
        int stays;

        while (w < r->word.n && r->word.s[w].at < b)
            w++;
        l.to = w;
        chars_trim(r->text, &a, &b);
        l.p = r->text + a;
        l.n = b - a;
        v[RV_c4_lines]++;
        stays = line(r, &h, limit, &l, v);
        if (!out || !(stays || v[RV_c4_lorem_ipsum] + v[RV_c4_curly_bracket] > pages))
            continue;
        if (out->len)
            buf_add(out, "\n", 1);
        buf_add(out, l.p, l.n);
    }
}

void rules_c4(struct rules *r, const double *limit, double *v)
{
    lines(r, limit, v, NULL);
    v[RV_c4_third_line] = third_line(r);
}

int rules_c4_text(struct rules *r, const struct rules_want *w, const void *text, size_t n, struct buf *out,
                  uint64_t *dropped, struct err *e)
{
    double v[RULES_VALUES] = {0};
    size_t a = 0, b;

    out->len = 0;
    if (rules_begin(r, text, n, e) < 0)
        return -1;
    scan_text(r, RULES_SPACE);
    lines(r, w->limit, v, out);
    *dropped = (uint64_t)(v[RV_c4_lines] - v[RV_c4_kept_lines]);
    b = out->len;
    if (b)
        chars_trim(out->data, &a, &b);
    if (a)
        memmove(out->data, out->data + a, b - a);
    out->len = b - a;
    return 0;
}

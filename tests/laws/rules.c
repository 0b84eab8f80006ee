/*
 * rules over texts made at random from few words, so that n-grams repeat: the same values from room that was used and
 * from fresh room, alone and with all sets; shares between 0 and 1; n-grams counted by brute force; what does not
 * change when words are read backwards.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit/check.h"
#include "text/rules.h"

#define TEXTS 400

static const char *const piece[] = {"a",      "bc",         "abc", "the",  "of",  "Word.",  "é",
                                    "日本",   "#",          "...", "…",    "- x", "{",      "lorem ipsum",
                                    "cookie", "http://a.b", "[1]", "\x80", "12",  "end!\"", "javascript"};
static const char *const gap[] = {" ",  " ",  " ",    " ",  " ",    " ",        " ",  " ",
                                  "\n", "\n", "\n\n", "  ", "\r\n", "\xc2\xa0", "\t", "\n\n\n"};

static void make(struct buf *b, uint64_t i)
{
    struct rng r = rng_make(11, &i, sizeof i);
    uint64_t words = rng_below(r, 0, i % 10 == 9 ? 2000 : 60), kinds = 1 + rng_below(r, 1, 21);

    b->len = 0;
    for (uint64_t w = 0; w < words; w++) {
        buf_puts(b, piece[rng_below(r, 2 * w + 2, kinds)]);
        buf_puts(b, i % 3 ? gap[rng_below(r, 2 * w + 3, 16)] : " ");
    }
}

static void want_all(struct rules_want *w)
{
    rules_defaults(w);
    CHECK(rules_preset(w, "all", 3, NULL) == 0);
}

/* Is it a share? Counts, lengths and ratios that may exceed 1 are not. */
static int is_share(const char *name)
{
    static const char *const not [] = {"count",   "words",       "length",
                                       "_ratio",  "lines",       "sentences",
                                       "third",   "most_common", "in_duplicate_lines",
                                       "entropy", "number",      "repetition.chars"};
    static const char *const yes[] = {"line_punct_ratio", "short_line_ratio", "char_dup_ratio",
                                      "bullet_ratio",     "numbers_ratio",    "urls_ratio"};

    for (size_t k = 0; k < sizeof yes / sizeof *yes; k++)
        if (strstr(name, yes[k]))
            return 1;
    for (size_t k = 0; k < sizeof not / sizeof *not ; k++)
        if (strstr(name, not [k]))
            return 0;
    return strncmp(name, "rules.c4", 8) != 0 && !strstr(name, "top_"); /* n-grams that overlap themselves count twice */
}

static void check_words(struct rules *used, const struct buf *b, enum rules_words words)
{
    struct rules_want all, one;
    double v[RULES_VALUES], alone[RULES_VALUES];
    struct rules *fresh = rules_new();
    struct err e;

    want_all(&all);
    all.words = words;
    CHECK(rules_run(used, &all, b->data, b->len, v, &e) == 0);
    for (int s = 0; s < RULES_SETS; s++) {
        rules_defaults(&one);
        one.words = words;
        one.sets = 1u << s;
        CHECK(rules_run(s % 2 ? fresh : used, &one, b->data, b->len, alone, &e) == 0);
        for (int i = 0; i < RULES_VALUES; i++)
            if ((int)rules_value[i].set == s)
                CHECK(memcmp(&alone[i], &v[i], sizeof v[i]) == 0);
    }
    for (int i = 0; i < RULES_VALUES; i++) {
        CHECK(isfinite(v[i]) && v[i] >= 0);
        CHECK(!is_share(rules_value[i].name) || v[i] <= 1);
    }
    rules_free(fresh);
}

static void check_text(struct rules *used, const struct buf *b)
{
    check_words(used, b, RULES_SPACE);
    check_words(used, b, RULES_SIGNS);
}

struct word {
    const char *s;
    size_t n;
};

static int same(const struct word *a, const struct word *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].n != b[i].n || memcmp(a[i].s, b[i].s, a[i].n) != 0)
            return 0;
    return 1;
}

/* ASCII words with one space between them: the share of characters of repeated n-grams as a double loop counts it. */
static double brute(const struct word *w, size_t words, size_t n)
{
    double again = 0, all = 0;

    for (size_t i = 0; i + n <= words; i++) {
        size_t chars = 0, twice = 0;

        for (size_t k = 0; k < n; k++)
            chars += w[i + k].n;
        for (size_t j = 0; j + n <= words && !twice; j++)
            twice = j != i && same(w + i, w + j, n);
        all += (double)chars;
        again += twice ? (double)chars : 0;
    }
    return all == 0 ? 0 : again / all;
}

static void check_grams(struct rules *r, uint64_t seed)
{
    struct rng g = rng_make(5, &seed, sizeof seed);
    size_t words = (size_t)rng_below(g, 0, 90);
    struct word w[90];
    struct buf forth = {0}, back = {0};
    struct rules_want all;
    double v[RULES_VALUES], u[RULES_VALUES];
    struct err e;

    for (size_t i = 0; i < words; i++) {
        w[i].s = piece[rng_below(g, i + 1, 4)];
        w[i].n = strlen(w[i].s);
        buf_printf(&forth, "%s ", w[i].s);
    }
    for (size_t i = words; i-- > 0;)
        buf_printf(&back, "%s ", w[i].s);
    want_all(&all);
    CHECK(rules_run(r, &all, forth.data, forth.len, v, &e) == 0);
    CHECK(rules_run(r, &all, back.data, back.len, u, &e) == 0);
    for (size_t n = 5; n <= 10; n++) {
        int i = RV_dolma_fraction_of_characters_in_duplicate_5grams + (int)n - 5,
            k = RV_redpajama_frac_chars_dupe_5grams + (int)n - 5;

        CHECK(v[i] == brute(w, words, n));
        CHECK(v[i] == u[i] && v[k] == u[k]);
    }
    buf_free(&forth);
    buf_free(&back);
}

/* A text and the same again behind it. */
static void check_twice(struct rules *r)
{
    static const char text[] =
        "one line of it\nanother line here\nthe third of them\none line of it\nanother line here\nthe third of them";
    struct rules_want all;
    double v[RULES_VALUES];
    struct err e;

    want_all(&all);
    CHECK(rules_run(r, &all, text, sizeof text - 1, v, &e) == 0);
    CHECK(v[RV_repetition_dup_line_frac] == 0.5 && v[RV_nemo_repeated_lines] == 0.5 &&
          v[RV_dolma_fraction_of_duplicate_lines] == 1);
}

int main(void)
{
    struct rules *used = rules_new();
    struct buf b = {0};

    buf_space(&b, 1);
    for (uint64_t i = 0; i < TEXTS; i++) {
        make(&b, i);
        check_text(used, &b);
    }
    for (uint64_t i = 0; i < 200; i++)
        check_grams(used, i);
    check_twice(used);
    buf_free(&b);
    rules_free(used);
    return DONE();
}

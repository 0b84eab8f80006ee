/* What the files of rules share: the text once looked at, and runs of words that occur more than once. */
#ifndef WEIR_TEXT_RULES_INT_H
#define WEIR_TEXT_RULES_INT_H

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "text/rules.h"

/* What a character is, as bits. */
enum {
    CH_SPACE = 1,  /* Python's str.isspace */
    CH_BREAK = 2,  /* str.splitlines ends a line there; all but the line feed */
    CH_ALPHA = 4,  /* str.isalpha */
    CH_PLAIN = 8,  /* none of datatrove's punctuation */
    CH_TERM = 16,  /* ends a sentence: Unicode's Sentence_Terminal */
    CH_DIGIT = 32, /* Nd */
    CH_MARK = 64,  /* "#" or U+2026 */
    CH_WORD = 128  /* \w */
};
void chars_init(void); /* any thread, before the next */
extern uint8_t chars_bmp[65536];
unsigned chars_class(uint32_t point);
/* The character at p, of n bytes to come: its class; *len its bytes. A byte that is no UTF-8 is a plain character. */
unsigned chars_wide(const unsigned char *p, size_t n, size_t *len); /* chars_at for p[0] >= 128 */
static inline unsigned chars_at(const unsigned char *p, size_t n, size_t *len)
{
    return p[0] < 128 ? *len = 1, (unsigned)chars_bmp[p[0]] : chars_wide(p, n, len);
}
size_t chars_count(const unsigned char *p, size_t n);
/* [*a, *b) without the white space at both ends. */
void chars_trim(const unsigned char *text, size_t *a, size_t *b);
int chars_ends(const unsigned char *p, size_t n, const char *end);
int chars_starts(const unsigned char *p, size_t n, const char *start);
/* Class of the last character, 0 when there is none. */
unsigned chars_last(const unsigned char *p, size_t n);
/* Is `low` (lower case, its first byte `rare` at offset k) in p, whatever the case of p's ASCII letters? */
int chars_find(const unsigned char *p, size_t n, const char *low, size_t k);

/* Bytes of a text, and the first span with the same bytes. */
struct span {
    uint32_t at, bytes, chars, first;
};

/* An open hash table that is cleared, not freed. */
struct table {
    struct {
        uint32_t tag, item; /* item + 1; 0 is free */
    } * slot;
    uint32_t mask, cap;
};
void table_clear(struct table *t, size_t items);

static inline uint64_t load(const unsigned char *p, size_t n)
{
    uint64_t x = 0;

    memcpy(&x, p, n);
    return x;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xd6e8feb86659fd93);

    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Good bits above and below, for tables; not for files. */
static inline uint64_t hash_bytes(const unsigned char *p, size_t n)
{
    if (n > 16)
        return hash64(p, n);
    if (n >= 8)
        return mix(load(p, 8), load(p + n - 8, 8) + n);
    if (n >= 4)
        return mix(load(p, 4), load(p + n - 4, 4) + n);
    return mix(n ? (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1] : 0, n);
}

struct spans {
    struct span *s;
    uint32_t *count; /* of each first span: how many are equal to it */
    uint32_t n, cap;
};
void spans_add(struct spans *s, uint32_t at, uint32_t bytes, uint32_t chars);
/* Fill in first and count. */
void spans_intern(struct spans *s, const unsigned char *text, struct table *t);

/* n-grams of words, step by step. Only those that occur more than once have a place in `at`. */
struct grams {
    const struct spans *word;
    uint32_t n;
    uint32_t *at, found; /* where they begin, ascending */
    uint32_t *name;      /* [position]: the first place of the same n-gram */
    uint32_t *next;      /* room for the names of n + 1 */
    uint32_t *count;     /* [first place] */
    uint32_t top,
        top_count; /* the n-gram met most often, the earliest of them; count 1 when none repeats, 0 when the text is too
                    * short */
    uint32_t cap;
};
void grams_begin(struct grams *g, const struct spans *word); /* n = 1; word: interned */
void grams_next(struct grams *g, struct table *t);           /* n + 1 */

struct rules {
    const unsigned char *text;
    uint32_t n;
    uint32_t chars;     /* code points */
    uint32_t byte[256]; /* how often each byte occurs */
    struct spans word, line, para;
    uint8_t *kind; /* [words]: classes of its characters, or-ed */
    uint32_t kinds;
    uint32_t *before; /* [words + 1]: characters of the words before */
    uint32_t befores;
    uint32_t digits; /* Nd */
    struct table table;
    struct grams grams;
    struct buf again;             /* [words] */
    uint32_t *maybe, maybes;      /* where a run of words may have been met before; room for maybes */
    struct buf joined, scratch;   /* joined: the words without what is between them */
    uint32_t *joined_at, joineds; /* [words + 1] */
    struct words *raw;
    struct spans norm; /* redpajama's words, in `scratch` */
};

/* Characters of words [i, i + n). */
static inline uint64_t rules_chars(const struct rules *r, uint32_t i, uint32_t n)
{
    return r->before[i + n] - r->before[i];
}
/* r->before, of these words. */
void rules_sums(struct rules *r, const struct spans *word);

static inline double ratio(double a, double b)
{
    return b == 0 ? 0 : a / b;
}

void scan_text(struct rules *r, enum rules_words words); /* words, lines, counts */

/* Lines as str.splitlines cuts them. Begin with at = 0, line = 0. */
struct cut {
    size_t at;
    uint32_t line;
};
int scan_cut(const struct rules *r, struct cut *c, size_t *a, size_t *b);

/* str.count("...") and str.count(s). */
uint32_t count_dots(const struct rules *r);
uint32_t count_string(const struct rules *r, const char *s);

uint32_t scan_stop_words(const struct rules *r, int distinct);

/* Take a text to look at. -1: it is too long. */
int rules_begin(struct rules *r, const void *text, size_t n, struct err *e);
void rules_gopher(struct rules *r, double *v);
void rules_repetition(struct rules *r, double *v);
void rules_c4(struct rules *r, const double *limit, double *v);
void rules_fineweb(struct rules *r, const double *limit, double *v);
void rules_dolma(struct rules *r, double *v);
struct words;
void rules_redpajama(struct rules *r, struct words *raw, double *v);
void rules_nemo(struct rules *r, double *v);
/* Values of n-grams of whitespace words, in one go over n for all sets asked for. */
void rules_grams(struct rules *r, unsigned sets, double *v);

#endif

#include "text/shingle.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "text/words.h"

/* What a byte does; any other value is the byte that it becomes. */
enum { ENDS, DROPS, DIGIT, HIGH };
#define LETTERS 64  /* taken at once */
#define SPLIT_MIN 5 /* words of a text, as text-dedup's min_length */

struct shingle {
    enum shingle_style style;
    uint32_t n;
    int whole;
    uint8_t act[256];
    const unsigned char *p, *end;
    struct buf word;
    int digits;                 /* a run of digits is being read */
    uint64_t power;             /* MUL^n */
    uint64_t ring[SHINGLE_MAX]; /* hashes of the last words */
    uint64_t sum, words;        /* of the words in the window: the sum of hash * MUL^(age) */
    uint32_t slot;              /* words mod n */
    int ended;
    uint32_t out[SHINGLE_BLOCK];
};

#define MUL 0x9fb21c651e98df25u /* odd; no other meaning */

static uint64_t mix(uint64_t z) /* SplitMix64's output function */
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint8_t ascii_action(enum shingle_style style, uint32_t c)
{
    unsigned k = words_class(c);
    uint8_t low = (uint8_t)words_lower(c);

    switch (style) {
    case SHINGLE_PLAIN:
        return c >= '0' && c <= '9' ? DIGIT : k & WORDS_WORD && c != '_' ? low : ENDS;
    case SHINGLE_NFD:
        if (k & WORDS_SPACE)
            return ENDS;
        /* controls stand for themselves there; those whose codes mean something here cannot be told from each other */
        return c > ' ' && c < 127 && (!(k & WORDS_WORD) || c == '_') ? DROPS : c <= HIGH ? HIGH + 1 : low;
    default:
        return k & WORDS_WORD ? low : ENDS;
    }
}

struct shingle *shingle_open(enum shingle_style style, uint32_t n, int whole)
{
    struct shingle *s = mem_new(1, sizeof *s);

    words_init();
    s->style = style;
    s->n = n;
    s->whole = whole;
    memset(s->act, HIGH, sizeof s->act);
    for (uint32_t c = 0; c < 128; c++)
        s->act[c] = ascii_action(style, c);
    s->power = 1;
    for (uint32_t i = 0; i < n; i++)
        s->power *= MUL;
    return s;
}

void shingle_close(struct shingle *s)
{
    if (!s)
        return;
    buf_free(&s->word);
    free(s);
}

static void put(struct shingle *s, uint32_t c)
{
    s->word.len += utf8_put(buf_space(&s->word, 4), c == 0x3c2 ? 0x3c3 : c);
}

static void put_digit(struct shingle *s)
{
    if (!s->digits)
        put(s, '0');
    s->digits = 1;
}

static int is_sign(utf8proc_category_t k)
{
    return (k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO) || k == UTF8PROC_CATEGORY_CC;
}

/* SHINGLE_PLAIN beyond ASCII: 1 when the point ends a word. */
static int plain(struct shingle *s, uint32_t c)
{
    utf8proc_int32_t part[8];
    int n, bound = UTF8PROC_BOUNDCLASS_START;

    if (words_class(c) & WORDS_SPACE || is_sign(utf8proc_category((utf8proc_int32_t)c)))
        return 1;
    n = (int)utf8proc_decompose_char((utf8proc_int32_t)words_lower(c), part, 8, UTF8PROC_DECOMPOSE, &bound);
    for (int i = 0; i < n && i < 8; i++) {
        utf8proc_category_t k = utf8proc_category(part[i]);

        if (k == UTF8PROC_CATEGORY_ND) {
            put_digit(s);
        } else if (k != UTF8PROC_CATEGORY_MN) {
            s->digits = 0;
            put(s, (uint32_t)part[i]);
        }
    }
    return 0;
}

/* One character beyond ASCII: 1 when it ends a word. */
static int wide(struct shingle *s)
{
    size_t len = utf8_bytes(s->p, (size_t)(s->end - s->p));
    uint32_t c = len ? utf8_point(s->p, &len) : 0xfffd;

    s->p += len ? len : 1;
    if (s->style == SHINGLE_PLAIN)
        return plain(s, c);
    if (s->style == SHINGLE_NFD ? !!(words_class(c) & WORDS_SPACE)
                                : !(words_class(c) & (s->style == SHINGLE_SPLIT ? WORDS_REGEX_WORD : WORDS_WORD)))
        return 1;
    put(s, words_lower(c));
    if (c == 0x130 && s->style == SHINGLE_SPLIT)
        put(s, 0x307);
    return 0;
}

/* The canonical decomposition of the word from byte `from` on, in the canonical order. */
static void decompose(struct shingle *s, size_t from)
{
    utf8proc_uint8_t *d = NULL;
    utf8proc_ssize_t n = utf8proc_map(s->word.data + from, (utf8proc_ssize_t)(s->word.len - from), &d,
                                      UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);

    if (n >= 0) { /* it fails on what is not UTF-8 only, and words are */
        s->word.len = from;
        buf_add(&s->word, d, (size_t)n);
    }
    free(d);
}

/* The ASCII letters that come next, as they become. */
static void copy_letters(struct shingle *s)
{
    size_t n = (size_t)(s->end - s->p), i = 0;
    uint8_t *to = buf_space(&s->word, n < LETTERS ? n : LETTERS);
    uint8_t c;

    n = n < LETTERS ? n : LETTERS;
    while (i < n && (c = s->act[s->p[i]]) > HIGH)
        to[i++] = c;
    s->p += i;
    s->word.len += i;
    s->digits = i ? 0 : s->digits;
}

/* One character that is no plain letter: 1 when it ends a word. */
static int take_other(struct shingle *s, int *high)
{
    uint8_t act = s->act[*s->p];

    if (act == HIGH)
        return *high = 1, wide(s);
    s->p++;
    if (act == DIGIT)
        put_digit(s);
    return act == ENDS;
}

/* Append the next word to s->word: 1, 0 at the end. */
static int next_word(struct shingle *s)
{
    size_t from = s->word.len;
    int high = 0, ends = 0;

    s->digits = 0;
    while (s->p < s->end && !ends) {
        if (s->act[*s->p] > HIGH)
            copy_letters(s);
        else
            ends = take_other(s, &high);
        if (ends && s->word.len == from)
            ends = s->digits = 0;
    }
    if (high && s->style == SHINGLE_NFD)
        decompose(s, from);
    return s->word.len > from;
}

/* Has the text fewer words than text-dedup takes? Looks at so many, and goes back. */
static int is_short(struct shingle *s)
{
    const unsigned char *p = s->p;
    int n = 0;

    for (; n < SPLIT_MIN; n++) {
        s->word.len = 0;
        if (!next_word(s))
            break;
    }
    s->p = p;
    s->digits = 0;
    s->word.len = 0;
    return n < SPLIT_MIN;
}

void shingle_begin(struct shingle *s, const void *text, size_t n)
{
    s->p = text;
    s->end = s->p + n;
    s->digits = 0;
    s->sum = s->words = s->slot = 0;
    s->ended = 0;
    s->word.len = 0;
    if (s->style == SHINGLE_SPLIT)
        s->ended = is_short(s);
}

/* The hash of the next word or code point: 1, 0 at the end. */
static int next_hash(struct shingle *s, uint64_t *h)
{
    if (s->style == SHINGLE_CHARS) {
        size_t len;

        if (s->p == s->end)
            return 0;
        len = utf8_bytes(s->p, (size_t)(s->end - s->p));
        *h = mix((len ? utf8_point(s->p, &len) : 0xfffdu) + MUL);
        s->p += len ? len : 1;
        return 1;
    }
    s->word.len = 0;
    if (!next_word(s))
        return 0;
    *h = hash64(s->word.data ? s->word.data : (const uint8_t *)"", s->word.len);
    return 1;
}

size_t shingle_next(struct shingle *s, const uint32_t **gram)
{
    size_t n = 0;
    uint64_t h;

    *gram = s->out;
    while (n < SHINGLE_BLOCK && !s->ended) {
        if (next_hash(s, &h)) {
            uint64_t *slot = &s->ring[s->slot];

            s->sum = s->sum * MUL + h - (s->words >= s->n ? *slot * s->power : 0);
            *slot = h;
            s->slot = s->slot + 1 == s->n ? 0 : s->slot + 1;
            if (++s->words >= s->n)
                s->out[n++] = (uint32_t)(mix(s->sum) >> 32);
        } else {
            s->ended = 1;
            if (s->whole && s->words && s->words < s->n)
                s->out[n++] = (uint32_t)(mix(s->sum) >> 32);
        }
    }
    return n;
}

uint64_t shingle_words(const struct shingle *s)
{
    return s->words;
}

void shingle_join(struct shingle *s, const void *text, size_t n, struct buf *out)
{
    size_t from = 0;

    shingle_begin(s, text, n);
    while (next_word(s)) {
        buf_add(&s->word, " ", 1);
        from = s->word.len;
    }
    out->len = 0;
    buf_add(out, s->word.data, from ? from - 1 : 0);
}

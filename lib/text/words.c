#include "text/words.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#include "base/utf8.h"
#include "text/unicode.h"
#include "text/unicode_regex.h"

#define POINTS 0x110000

static uint8_t class_of[POINTS];
static uint8_t low_ascii[128];
static uint8_t kind_ascii[2][256]; /* [of regex]: WORDS_WORD, WORDS_SPACE, 0 for signs; 0xff beyond ASCII */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set(const struct unicode_range *r, size_t n, unsigned bit)
{
    for (size_t i = 0; i < n; i++)
        for (uint32_t c = r[i].first; c <= r[i].last; c++)
            class_of[c] |= (uint8_t)bit;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void fill(void)
{
    for (unsigned c = 0; c < 128; c++) {
        int letter = (c | 32) >= 'a' && (c | 32) <= 'z', upper = c >= 'A' && c <= 'Z';

        low_ascii[c] = (uint8_t)(upper ? c + 32 : c);
        if (letter || (c >= '0' && c <= '9') || c == '_')
            class_of[c] = WORDS_WORD;
        if (c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f)) /* \s of re has the separators, too */
            class_of[c] = WORDS_SPACE;
        if (c && strchr("'.:^`", (int)c))
            class_of[c] = WORDS_IGNORABLE;
        kind_ascii[0][c] = class_of[c] & (WORDS_WORD | WORDS_SPACE);
        kind_ascii[1][c] = c >= 0x1c && c <= 0x1f ? 0 : kind_ascii[0][c];
        class_of[c] |= (uint8_t)(kind_ascii[1][c] * WORDS_REGEX_WORD);
        class_of[c] |= (uint8_t)(letter * WORDS_CASED | upper * WORDS_UPPER);
    }
    for (int i = 0; i < 2; i++)
        memset(kind_ascii[i] + 128, 0xff, 128);
    set(unicode_regex_word, COUNT(unicode_regex_word), WORDS_REGEX_WORD);
    set(unicode_regex_space, COUNT(unicode_regex_space), WORDS_REGEX_SPACE);
    set(unicode_word, COUNT(unicode_word), WORDS_WORD);
    set(unicode_space, COUNT(unicode_space), WORDS_SPACE);
    set(unicode_cased, COUNT(unicode_cased), WORDS_CASED);
    set(unicode_ignorable, COUNT(unicode_ignorable), WORDS_IGNORABLE);
    class_of[0x130] |= WORDS_UPPER;
    for (size_t i = 0; i < COUNT(unicode_lower); i++)
        for (uint32_t c = unicode_lower[i].first; c <= unicode_lower[i].last; c += unicode_lower[i].step)
            class_of[c] |= WORDS_UPPER;
}

/* Of a class, what it is here: WORDS_WORD, WORDS_SPACE or 0. */
static unsigned kind_of(const struct words *w, unsigned class)
{
    return (w->regex ? class / WORDS_REGEX_WORD : class) & (WORDS_WORD | WORDS_SPACE);
}

void words_init(void)
{
    pthread_once(&once, fill);
}

unsigned words_class(uint32_t point)
{
    return point < POINTS ? class_of[point] : 0;
}

uint32_t words_lower(uint32_t point)
{
    size_t lo = 0, hi = COUNT(unicode_lower);

    if (point < 128)
        return low_ascii[point];
    if (point == 0x130)
        return 'i';
    while (
        lo <
        hi) { /* the first run that does not end before the point; runs overlap in pairs at most: U+01C4 and its like */
        size_t mid = (lo + hi) / 2;

        if (unicode_lower[mid].last < point)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (size_t i = lo; i < COUNT(unicode_lower) && unicode_lower[i].first <= point; i++)
        if ((point - unicode_lower[i].first) % unicode_lower[i].step == 0)
            return (uint32_t)((int64_t)point + unicode_lower[i].add);
    return point;
}

void words_begin(struct words *w, const void *text, size_t n)
{
    words_init();
    w->text = text;
    w->n = n;
    w->at = 0;
    w->low.len = 0;
    w->dot = 0;
    buf_space(&w->low, 3 * n + 16); /* U+0130, two bytes, gives five: i, space, dot above, space */
}

void words_free(struct words *w)
{
    buf_free(&w->low);
}

/* The point before byte `at` that matters for case, or the one from byte `at` on: is it cased? Unicode 3.13,
 * Final_Sigma. */
static int cased_before(const struct words *w, size_t at)
{
    while (at > 0) {
        size_t len;
        unsigned c;

        for (at--; at > 0 && (w->text[at] & 0xc0) == 0x80; at--)
            ;
        c = utf8_bytes(w->text + at, w->n - at) ? words_class(utf8_point(w->text + at, &len)) : 0;
        if (!(c & WORDS_IGNORABLE))
            return !!(c & WORDS_CASED);
    }
    return 0;
}

static int cased_after(const struct words *w, size_t at)
{
    while (at < w->n) {
        size_t len = utf8_bytes(w->text + at, w->n - at);
        unsigned c = len ? words_class(utf8_point(w->text + at, &len)) : 0;

        if (!(c & WORDS_IGNORABLE))
            return !!(c & WORDS_CASED);
        at += len;
    }
    return 0;
}

/* Lower case of the point of `len` bytes at w->at, to out; returns the bytes. */
static size_t put_lower(const struct words *w, uint32_t c, size_t len, unsigned char *out)
{
    if (c == 0x3a3 && cased_before(w, w->at) && !cased_after(w, w->at + len))
        return utf8_put(out, 0x3c2);
    return utf8_put(out, words_lower(c));
}

#define EACH 0x0101010101010101u
/* 0x80 in each byte of x, all of them below 128, that is at least c. */
#define FROM(x, c) (((x) + EACH * (0x80 - (c))) & EACH * 0x80)

/* 0x80 in each of eight bytes that is no letter, digit or _ of ASCII; *low: the same bytes in lower case, where they
 * are letters. */
static uint64_t no_word(uint64_t v, uint64_t *low)
{
    uint64_t x = v & EACH * 0x7f, y = x | EACH * 0x20, letter = FROM(y, 'a') & ~FROM(y, 'z' + 1),
             high = v & EACH * 0x80;
    uint64_t other = FROM(x ^ EACH * '_', 1) & ~(FROM(x, '0') & ~FROM(x, '9' + 1)) & ~letter;

    *low = v | (letter & ~high) >> 2;
    return other | high;
}

/* ASCII of this kind from byte i on, to *to; returns where it stops. Words go eight bytes at a time; what a store puts
 * beyond the word's end is overwritten by what comes next. */
static size_t take_ascii(const struct words *w, size_t i, uint8_t kind, unsigned char **to)
{
    const unsigned char *s = w->text + i, *end = w->text + w->n;
    const uint8_t *is = kind_ascii[w->regex];
    unsigned char *out = *to;

    while (kind == WORDS_WORD && end - s >= 8) {
        uint64_t v, low, stop;
        size_t n;

        memcpy(&v, s, 8);
        stop = no_word(le64toh(v), &low);
        low = w->keep_case ? v : htole64(low);
        memcpy(out, &low, 8);
        n = stop ? (size_t)__builtin_ctzll(stop) / 8 : 8;
        out += n;
        s += n;
        if (stop) {
            *to = out;
            return (size_t)(s - w->text);
        }
    }
    if (w->keep_case || kind == 0)
        while (s < end && is[*s] == kind)
            *out++ = *s++;
    else
        while (s < end && is[*s] == kind)
            *out++ = low_ascii[*s++];
    *to = out;
    return (size_t)(s - w->text);
}

/* Spaces from byte i on; *kind is that of what follows them, WORDS_SPACE at the end of the text. */
static size_t skip_space(const struct words *w, size_t i, unsigned *kind)
{
    const unsigned char *s = w->text;

    *kind = WORDS_SPACE;
    while (i < w->n) {
        size_t bytes = 1;

        if (s[i] < 128)
            *kind = kind_ascii[w->regex][s[i]];
        else if ((bytes = utf8_bytes(s + i, w->n - i)))
            *kind = kind_of(w, class_of[utf8_point(s + i, &bytes)]);
        else
            *kind = 0;
        if (*kind != WORDS_SPACE)
            break;
        i += bytes;
    }
    return i;
}

/* One point beyond ASCII at byte i, if it is of this kind: 1, and i and to are moved; a U+0130 ends its word. */
static int take_point(struct words *w, size_t *i, unsigned kind, unsigned char **to)
{
    const unsigned char *s = w->text + *i;
    size_t bytes = utf8_bytes(s, w->n - *i);
    uint32_t c = bytes ? utf8_point(s, &bytes) : 0xfffd;
    unsigned class = bytes ? class_of[c] : 0;

    if (kind_of(w, class) != kind)
        return 0;
    w->at = *i;
    bytes += !bytes;
    *i += bytes;
    if (w->keep_case || !(class & WORDS_UPPER)) {
        memcpy(*to, s, bytes);
        *to += bytes;
    } else {
        *to += put_lower(w, c, bytes, *to);
        w->dot = c == 0x130; /* i, and a dot above, which is a sign, or to regex a part of the word */
        if (w->dot && w->regex) {
            memcpy(*to, "\xcc\x87", 2);
            *to += 2;
            w->dot = 0;
        }
    }
    return !w->dot;
}

int words_next(struct words *w, size_t *at, size_t *len)
{
    unsigned char *base = w->low.data, *to = base + w->low.len;
    unsigned kind = 0;
    size_t i = w->at;

    if (!w->dot)
        i = skip_space(w, i, &kind);
    w->at = i;
    if (kind == WORDS_SPACE)
        return 0;
    if (w->low.len)
        *to++ = ' ';
    *at = (size_t)(to - base);
    if (w->dot) {
        w->dot = 0;
        memcpy(to, "\xcc\x87", 2);
        to += 2;
    }
    do
        i = take_ascii(w, i, (uint8_t)kind, &to);
    while (i < w->n && w->text[i] >= 128 && take_point(w, &i, kind, &to));
    w->at = i;
    *len = (size_t)(to - base) - *at;
    w->low.len = (size_t)(to - base);
    return 1;
}

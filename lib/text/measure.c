#include "text/measure.h"

#include <math.h>
#include <string.h>
#include <utf8proc.h>

#include "base/table.h"
#include "base/utf8.h"
#include "text/words.h"
#include "wire/mp.h"

enum { BYTES, CHARS, WORDS, LINES, LETTERS, DIGITS, UPPER, SPACES, SIGNS };
const char *const measure_name[MEASURES] = {"bytes",  "chars", "words",  "lines", "letters",
                                            "digits", "upper", "spaces", "signs"};

int measure_find(const char *name)
{
    return table_word(measure_name, MEASURES, name);
}

static uint64_t count_words(const char *text, size_t n)
{
    struct words w = {.keep_case = 1};
    size_t at, len;
    uint64_t words = 0;

    words_begin(&w, text, n);
    while (words_next(&w, &at, &len))
        words++;
    words_free(&w);
    return words;
}

static void count_char(uint32_t c, uint64_t count[MEASURES])
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);

    count[LETTERS] += k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
    count[UPPER] += k == UTF8PROC_CATEGORY_LU;
    count[DIGITS] += k == UTF8PROC_CATEGORY_ND;
    count[SIGNS] += k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_SO;
    count[SPACES] += (words_class(c) & WORDS_SPACE) != 0;
    count[LINES] += c == '\n';
}

/* ASCII by how often each byte came, the rest one by one. */
static void count_chars(const unsigned char *s, size_t n, uint64_t count[MEASURES])
{
    uint64_t ascii[128] = {0};
    size_t len;

    for (size_t i = 0; i < n; i += len) {
        len = 1;
        count[CHARS]++;
        if (s[i] < 128)
            ascii[s[i]]++;
        else if (utf8_bytes(s + i, n - i))
            count_char(utf8_point(s + i, &len), count);
        else
            count[SIGNS]++; /* a byte that is no UTF-8 */
    }
    for (uint32_t c = 0; c < 128; c++) {
        uint64_t one[MEASURES] = {0};

        if (ascii[c])
            count_char(c, one);
        for (int k = 0; k < MEASURES; k++)
            count[k] += one[k] * ascii[c];
    }
}

void measure_text(const char *text, size_t n, int words, double v[MEASURES])
{
    uint64_t count[MEASURES] = {[BYTES] = n, [WORDS] = words ? count_words(text, n) : 0};

    words_init();
    count_chars((const unsigned char *)text, n, count);
    count[LINES] += n && text[n - 1] != '\n';
    for (int k = 0; k < MEASURES; k++)
        v[k] = k < LETTERS ? (double)count[k] : count[CHARS] ? (double)count[k] / (double)count[CHARS] : NAN;
}

int record_token_count(const struct record *r, uint64_t *n)
{
    struct mp_in m = {r->tokens, r->tokens ? r->tokens + r->tokens_len : r->tokens};
    struct mp_value v;

    if (!r->tokens || mp_next(&m, &v) < 0 || v.kind != MP_ARRAY)
        return 0;
    *n = v.n;
    return 1;
}

int record_pick(const struct record *r, const char *name, const double *of_text, double *v)
{
    const double *score = record_score(r, name);
    double own[MEASURES];
    struct mp_value x;
    struct mp_in m;
    uint64_t n;
    int k;

    if (score)
        return *v = *score, 1;
    if (record_meta(r, name, &m)) {
        if (mp_next(&m, &x) < 0 || (x.kind != MP_FLOAT && x.kind != MP_INT))
            return 0;
        *v = x.kind == MP_FLOAT ? x.f : x.negative ? (double)(int64_t)x.u : (double)x.u;
        return *v == *v;
    }
    if (strcmp(name, "tokens") == 0 && record_token_count(r, &n))
        return *v = (double)n, 1;
    if ((k = measure_find(name)) < 0)
        return 0;
    if (!of_text)
        measure_text(r->text, r->text_len, k == WORDS, own);
    *v = (of_text ? of_text : own)[k];
    return *v == *v;
}

int record_number(const struct record *r, const char *name, double *v)
{
    return record_pick(r, name, NULL, v);
}

/* tok_regex: split patterns, written for Oniguruma, compiled by PCRE2 where both mean the same by them. */
#include <stdlib.h>
#include <string.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tok/tok_int.h"

const char tok_gpt2_pattern[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static int refuse(size_t at, size_t n, const char *what, struct err *e)
{
    return err_set(e, "byte %zu of the pattern: %.*s is not known here", at, (int)n, what);
}

/* What PCRE2 means by other things: its \s has U+180E, which is not white space in Unicode since 6.3, and its \w lacks
 * marks. */
static const struct {
    char c;
    const char *set, *in_set; /* outside and inside of [ ]; NULL: cannot be said there */
} escapes[] = {{'s', "\\p{White_Space}", "\\p{White_Space}"},
               {'S', "\\P{White_Space}", "\\P{White_Space}"},
               {'w', "[\\p{L}\\p{M}\\p{Nd}\\p{Pc}]", "\\p{L}\\p{M}\\p{Nd}\\p{Pc}"},
               {'W', "[^\\p{L}\\p{M}\\p{Nd}\\p{Pc}]", NULL}};

/* One escape at s[i]; its length, or -1. */
static int escape_copy(struct buf *b, const char *s, size_t n, size_t i, bool in_set, struct err *e)
{
    char c = i + 1 < n ? s[i + 1] : '\0';
    bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const char *close = (c == 'p' || c == 'P') && i + 2 < n && s[i + 2] == '{' ? memchr(s + i, '}', n - i) : NULL;
    size_t len = close ? (size_t)(close - (s + i)) + 1 : 2;

    for (size_t k = 0; k < sizeof escapes / sizeof *escapes; k++)
        if (c == escapes[k].c && (!in_set || escapes[k].in_set)) {
            buf_puts(b, in_set ? escapes[k].in_set : escapes[k].set);
            return 2;
        }
    if (c == 'u' && n - i >= 6 && strspn(s + i + 2, "0123456789abcdefABCDEF") >= 4) {
        buf_printf(b, "\\x{%.4s}", s + i + 2);
        return 6;
    }
    if (close || (c && (!letter || strchr("drntf", c))))
        buf_add(b, s + i, len);
    else
        return refuse(i, n - i < 2 ? n - i : 2, s + i, e);
    return (int)len;
}

/* Outside of sets: anchors and groups whose meaning differs, and possessive counts, are refused. */
static int plain_check(const char *s, size_t n, size_t i, struct err *e)
{
    static const char *const groups[] = {"?:", "?=", "?!", "?<=", "?<!", "?>", "?i:", "?i)"};
    bool known = false;

    if (s[i] == '^' || (s[i] == '}' && i + 1 < n && s[i + 1] == '+'))
        return refuse(i, s[i] == '}' ? 2 : 1, s + i, e);
    if (s[i] != '(' || i + 1 == n || (s[i + 1] != '?' && s[i + 1] != '*'))
        return 0;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        known = known || (n - i > strlen(groups[g]) && memcmp(s + i + 1, groups[g], strlen(groups[g])) == 0);
    return known ? 0 : refuse(i, n - i < 4 ? n - i : 4, s + i, e);
}

/* Within [ ]: a set in a set is its union with it, and PCRE2 has no such thing, so its brackets go; one that is
 * negated, and &&, are refused. */
static int set_copy(struct buf *b, const char *s, size_t n, size_t i, int *depth, struct err *e)
{
    if ((s[i] == '[' && i + 1 < n && (s[i + 1] == '^' || s[i + 1] == ':')) ||
        (s[i] == '&' && i + 1 < n && s[i + 1] == '&'))
        return refuse(i, 2, s + i, e);
    if (s[i] == '[')
        ++*depth;
    else if (s[i] != ']' || --*depth == 0)
        buf_add(b, s + i, 1);
    return 0;
}

static int pattern_translate(struct buf *b, const char *s, size_t n, struct err *e)
{
    int depth = 0; /* of sets */

    for (size_t i = 0; i < n;) {
        if (s[i] == '\\') {
            int len = escape_copy(b, s, n, i, depth > 0, e);

            if (len < 0)
                return -1;
            i += (size_t)len;
            continue;
        }
        if (depth ? set_copy(b, s, n, i, &depth, e) < 0 : plain_check(s, n, i, e) < 0)
            return -1;
        if (!depth && s[i] == '[') {
            depth = 1;
            buf_add(b, s + i, 1);
            if (i + 1 < n && s[i + 1] == '^')
                buf_add(b, s + ++i, 1);
            if (i + 1 < n &&
                s[i + 1] == ']') /* a bracket right behind the first is of the set to one, its end to the other */
                return refuse(i + 1, 1, s + i + 1, e);
        } else if (!depth && s[i] == '$') { /* Ruby's: the end of any line */
            buf_puts(b, "(?=\\n|\\z)");
        } else if (!depth && s[i] != ']') {
            buf_add(b, s + i, 1);
        }
        i++;
    }
    return 0;
}

void *tok_regex(const char *pattern, size_t n, struct err *e)
{
    struct buf b = {0};
    pcre2_code *re = NULL;
    PCRE2_UCHAR why[128];
    PCRE2_SIZE at;
    int code;

    if (pattern_translate(&b, pattern, n, e) == 0) {
        re = pcre2_compile(b.data ? b.data : (PCRE2_SPTR) "", b.len, PCRE2_UTF | PCRE2_UCP, &code, &at, NULL);
        if (re) {
            pcre2_jit_compile(re, PCRE2_JIT_COMPLETE); /* where there is no JIT, the same matches come slower */
        } else {
            pcre2_get_error_message(code, why, sizeof why);
            err_set(e, "the pattern \"%.*s\": %s", n > 200 ? 200 : (int)n, pattern, (char *)why);
        }
    }
    buf_free(&b);
    return re;
}

void tok_regex_free(void *re)
{
    pcre2_code_free(re);
}

/* Room for matching, made once for a call. */
struct tok_match {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static struct tok_match *match_new(struct err *e)
{
    struct tok_match *m = mem_new(1, sizeof *m);

    m->data = pcre2_match_data_create(1, NULL);
    m->context = pcre2_match_context_create(NULL);
    m->stack = pcre2_jit_stack_create(32 << 10, 8 << 20, NULL);
    if (!m->data || !m->context || !m->stack) {
        err_set(e, "out of memory for matching");
        tok_match_free(m);
        return NULL;
    }
    pcre2_jit_stack_assign(m->context, NULL, m->stack);
    return m;
}

void tok_match_free(struct tok_match *m)
{
    if (!m)
        return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_jit_stack_free(m->stack);
    free(m);
}

/* Steps are bounded so that a hostile pattern ends; a good one needs a few for each byte. */
int tok_match(struct tok_match **m, const void *re, const uint8_t *s, size_t n, size_t from, size_t *lo, size_t *hi,
              struct err *e)
{
    size_t steps = 10000000 + 64 * n;
    PCRE2_UCHAR why[128];
    PCRE2_SIZE *v;
    int got;

    if (!*m && !(*m = match_new(e)))
        return -1;
    pcre2_set_match_limit((*m)->context, steps > UINT32_MAX ? UINT32_MAX : (uint32_t)steps);
    got = pcre2_match(re, s, n, from, PCRE2_NO_UTF_CHECK, (*m)->data, (*m)->context);
    if (got == PCRE2_ERROR_JIT_STACKLIMIT)
        got = pcre2_match(re, s, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, (*m)->data, (*m)->context);
    if (got == PCRE2_ERROR_NOMATCH)
        return 0;
    if (got < 0) {
        pcre2_get_error_message(got, why, sizeof why);
        return err_set(e, "the split pattern fails at byte %zu: %s", from, (char *)why);
    }
    v = pcre2_get_ovector_pointer((*m)->data);
    *lo = v[0];
    *hi = v[1];
    return 1;
}

int tok_matches_next(struct tok_match **m, struct tok_matches *at, const void *re, const uint8_t *s, size_t n,
                     size_t *lo, size_t *hi, struct err *e)
{
    while (at->from <= n) {
        int got = tok_match(m, re, s, n, at->from, lo, hi, e);

        if (got <= 0)
            return got;
        if (*lo < *hi || *lo != at->last) {
            at->from = at->last = *hi;
            return 1;
        }
        at->from += at->from < n ? tok_utf8((const char *)s + at->from, n - at->from) : 1;
    }
    return 0;
}

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

/* One escape at s[i]; its length, or -1. PCRE2's \s has U+180E, which is not white space in Unicode since 6.3. */
static int escape_copy(struct buf *b, const char *s, size_t n, size_t i, struct err *e)
{
    char c = i + 1 < n ? s[i + 1] : '\0';
    bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const char *close = (c == 'p' || c == 'P') && i + 2 < n && s[i + 2] == '{' ? memchr(s + i, '}', n - i) : NULL;
    size_t len = close ? (size_t)(close - (s + i)) + 1 : 2;

    if (c == 's' || c == 'S')
        buf_puts(b, c == 's' ? "\\p{White_Space}" : "\\P{White_Space}");
    else if (close || (c && (!letter || strchr("drntf", c))))
        buf_add(b, s + i, len);
    else
        return refuse(i, n - i < 2 ? n - i : 2, s + i, e);
    return (int)len;
}

/* Within [ ]: Oniguruma nests and intersects sets, PCRE2 does not. */
static int class_check(const char *s, size_t n, size_t i, struct err *e)
{
    if (s[i] == '[' || (s[i] == '&' && i + 1 < n && s[i + 1] == '&'))
        return refuse(i, 1, s + i, e);
    return 0;
}

/* Outside of sets: anchors and groups whose meaning differs, and possessive counts, are refused. */
static int plain_check(const char *s, size_t n, size_t i, struct err *e)
{
    static const char *const groups[] = {"?:", "?=", "?!", "?<=", "?<!", "?>", "?i:", "?i)"};
    bool known = false;

    if (s[i] == '^' || s[i] == '$' || (s[i] == '}' && i + 1 < n && s[i + 1] == '+'))
        return refuse(i, s[i] == '}' ? 2 : 1, s + i, e);
    if (s[i] != '(' || i + 1 == n || (s[i + 1] != '?' && s[i + 1] != '*'))
        return 0;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        known = known || (n - i > strlen(groups[g]) && memcmp(s + i + 1, groups[g], strlen(groups[g])) == 0);
    return known ? 0 : refuse(i, n - i < 4 ? n - i : 4, s + i, e);
}

static int pattern_translate(struct buf *b, const char *s, size_t n, struct err *e)
{
    size_t set = 0; /* offset behind the [ of the set at hand */

    for (size_t i = 0; i < n;) {
        if (s[i] == '\\') {
            int len = escape_copy(b, s, n, i, e);

            if (len < 0)
                return -1;
            i += (size_t)len;
            continue;
        }
        if ((set ? class_check(s, n, i, e) : plain_check(s, n, i, e)) < 0)
            return -1;
        buf_add(b, s + i, 1);
        if (!set && s[i] == '[') {
            set = i + 1;
            if (set < n && s[set] == '^')
                buf_add(b, s + ++i, 1);
        } else if (set && s[i] == ']') {
            set = 0;
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

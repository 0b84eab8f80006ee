#include "text/pattern.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

static int run(const pcre2_code *re, const char *text, struct err *e)
{
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(re, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    int got = PCRE2_ERROR_NOMEMORY;

    if (m && limits) {
        pcre2_set_match_limit(limits, 10000000);
        got = pcre2_match(re, (PCRE2_SPTR)text, strlen(text), 0, PCRE2_ANCHORED, m, limits);
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(m);
    if (got >= 0 || got == PCRE2_ERROR_NOMATCH)
        return got >= 0;
    return err_set(e, "takes too long to match '%.100s' (PCRE2 says %d)", text, got);
}

int pattern_match(const char *expression, size_t n, const char *text, struct err *e)
{
    PCRE2_UCHAR why[128];
    PCRE2_SIZE at;
    pcre2_code *re;
    int code, got;

    if (!(re = pcre2_compile((PCRE2_SPTR)expression, n, PCRE2_UTF, &code, &at, NULL))) {
        pcre2_get_error_message(code, why, sizeof why);
        return err_set(e, "is no regular expression: %s at %zu", (const char *)why, (size_t)at);
    }
    got = run(re, text, e);
    pcre2_code_free(re);
    return got;
}

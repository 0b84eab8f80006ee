#include "base/parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int digits(const char *s, const char *end, uint64_t *out)
{
    uint64_t v = 0;

    if (s == end)
        return -1;
    for (; s < end; s++)
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
            return -1;
    *out = v;
    return 0;
}

int parse_u64(const char *s, uint64_t *out, struct err *e)
{
    if (digits(s, s + strlen(s), out) < 0)
        return err_set(e, "'%s' is not a whole number", s);
    return 0;
}

int parse_i64(const char *s, int64_t *out, struct err *e)
{
    uint64_t v;
    int neg = *s == '-';

    if (digits(s + neg, s + strlen(s), &v) < 0 || v > (uint64_t)INT64_MAX)
        return err_set(e, "'%s' is not a whole number", s);
    *out = neg ? -(int64_t)v : (int64_t)v;
    return 0;
}

int parse_f64(const char *s, double *out, struct err *e)
{
    char *end;
    double v;

    if (*s == '\0' || strspn(s, "0123456789+-.eE") != strlen(s))
        return err_set(e, "'%s' is not a number", s);
    errno = 0;
    v = strtod(s, &end);
    if (*end != '\0' || end == s || !isfinite(v))
        return err_set(e, "'%s' is not a finite number", s);
    *out = v;
    return 0;
}

int parse_size(const char *s, uint64_t *out, struct err *e)
{
    static const char *const unit[] = {"", "K", "M", "G", "T", "kB", "MB", "GB", "TB", NULL};
    const char *u = s + strspn(s, "0123456789");
    uint64_t v, f = 1;

    for (int i = 0; unit[i]; i++) {
        if (strcmp(u, unit[i]) != 0)
            continue;
        for (int k = i > 4 ? i - 4 : i; k > 0; k--)
            f *= i > 4 ? 1000 : 1024;
        if (digits(s, u, &v) == 0 && !__builtin_mul_overflow(v, f, &v)) {
            *out = v;
            return 0;
        }
    }
    return err_set(e, "'%s' is not a size (digits, then K M G T or kB MB GB TB)", s);
}

int parse_fraction(const char *s, double *out, struct err *e)
{
    size_t n = strlen(s);
    char num[32];
    double v;

    if (n == 0 || n >= sizeof num)
        return err_set(e, "'%s' is not a fraction", s);
    memcpy(num, s, n + 1);
    if (num[n - 1] == '%')
        num[n - 1] = '\0';
    if (parse_f64(num, &v, e) < 0)
        return -1;
    if (s[n - 1] == '%')
        v /= 100;
    if (v < 0 || v > 1)
        return err_set(e, "'%s' is not between 0 and 1", s);
    *out = v;
    return 0;
}

int parse_pair(const char *s, char sep, uint64_t *a, uint64_t *b, struct err *e)
{
    const char *c = strchr(s, sep);

    if (!c || digits(s, c, a) < 0 || digits(c + 1, s + strlen(s), b) < 0)
        return err_set(e, "'%s' is not of the form N%cM", s, sep);
    return 0;
}

int parse_range(const char *s, uint64_t *lo, uint64_t *hi, struct err *e)
{
    const char *c = strchr(s, ':');
    const char *end = s + strlen(s);

    if (!c) {
        if (digits(s, end, lo) == 0 && *lo < UINT64_MAX) {
            *hi = *lo + 1;
            return 0;
        }
    } else if (digits(s, c, lo) == 0) {
        *hi = UINT64_MAX;
        if (c[1] == '\0' || (digits(c + 1, end, hi) == 0 && *hi >= *lo))
            return 0;
    }
    return err_set(e, "'%s' is not a range (3, 0:8 or 4:)", s);
}

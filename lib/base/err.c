#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __clang_analyzer__
#undef err_set
#undef err_errno
#undef err_in
#endif

/* Copy text into e with control bytes made visible; bytes of UTF-8 sequences pass. */
static void put_visible(struct err *e, const char *text)
{
    size_t n = 0;

    for (; *text && n + 5 < sizeof e->msg; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f)
            n += (size_t)snprintf(e->msg + n, sizeof e->msg - n, "\\x%02x", c);
        else
            e->msg[n++] = (char)c;
    }
    e->msg[n] = '\0';
}

int err_set(struct err *e, const char *fmt, ...)
{
    char text[ERR_MAX];
    va_list ap;

    if (!e)
        return -1;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    put_visible(e, text);
    return -1;
}

int err_errno(struct err *e, const char *fmt, ...)
{
    char text[ERR_MAX];
    const char *why = strerror(errno);
    va_list ap;
    int n;

    if (!e)
        return -1;
    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ": %s", why);
    put_visible(e, text);
    return -1;
}

int err_in(struct err *e, const char *fmt, ...)
{
    char text[2 * ERR_MAX];
    va_list ap;
    int n;

    if (!e)
        return -1;
    va_start(ap, fmt);
    n = vsnprintf(text, ERR_MAX, fmt, ap);
    va_end(ap);
    if (n >= 0 && n < ERR_MAX)
        snprintf(text + n, sizeof text - (size_t)n, ": %s", e->msg);
    put_visible(e, text);
    return -1;
}

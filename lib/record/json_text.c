#include "record/json_text.h"

#include <string.h>

#include "record/json.h"

/* Bytes of the well-formed UTF-8 sequence (Unicode table 3-7) at s, or 0. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    unsigned lo = 0x80, hi = 0xbf;
    size_t len;

    if (s[0] < 0x80)
        return 1;
    len = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : s[0] >= 0xe0 && s[0] <= 0xef ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    if (!len || len > n)
        return 0;
    lo = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : lo;
    hi = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : hi;
    if (s[1] < lo || s[1] > hi)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return len;
}

/* Value of the \uXXXX at s, or -1 when there is none. */
static int escape_unit(const unsigned char *s, size_t n)
{
    int v = 0;

    if (n < 6 || s[0] != '\\' || s[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int c = s[i] | 0x20;

        if (!((s[i] >= '0' && s[i] <= '9') || (c >= 'a' && c <= 'f')))
            return -1;
        v = v * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return v;
}

size_t json_text_fault(const unsigned char *s, size_t n, struct err *why)
{
    size_t i = 0;

    while (i < n) {
        size_t len = utf8_length(s + i, n - i);

        if (!len) {
            err_set(why, "byte 0x%02x does not begin well-formed UTF-8", s[i]);
            return i;
        }
        if (s[i] == '\\') {
            int unit = escape_unit(s + i, n - i);
            int low = unit >= 0xd800 && unit < 0xdc00 ? escape_unit(s + i + 6, n - i - 6) : -1;

            if (unit >= 0xd800 && unit < 0xe000 && !(low >= 0xdc00 && low < 0xe000)) {
                err_set(why, "escape \\u%04x is half of a surrogate pair", (unsigned)unit);
                return i;
            }
            len = unit < 0 ? 2 : low < 0 ? 6 : 12;
        }
        i += len;
    }
    return n;
}

void json_put_string(struct buf *b, const char *s, size_t n)
{
    static const char brief[] = "\b\t\n\f\r\"\\", letter[] = "btnfr\"\\";
    const unsigned char *u = (const unsigned char *)s;

    buf_add(b, "\"", 1);
    for (size_t i = 0; i < n;) {
        size_t len = utf8_length(u + i, n - i);
        const char *at = u[i] ? strchr(brief, u[i]) : NULL;

        if (!len)
            buf_puts(b, "\xef\xbf\xbd");
        else if (at)
            buf_printf(b, "\\%c", letter[at - brief]);
        else if (u[i] < 0x20)
            buf_printf(b, "\\u%04x", u[i]);
        else
            buf_add(b, s + i, len);
        i += len ? len : 1;
    }
    buf_add(b, "\"", 1);
}

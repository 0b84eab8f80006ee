#include "record/json_text.h"

#include <string.h>

#include "base/utf8.h"
#include "record/json.h"

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
        size_t len = utf8_bytes(s + i, n - i);

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
        size_t len = utf8_bytes(u + i, n - i);
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

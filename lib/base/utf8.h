/* utf8: well-formed sequences of RFC 3629 (Unicode table 3-7). */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the well-formed sequence at s, 1 to 4; 0 when there is none within n bytes. n > 0. */
static inline size_t utf8_bytes(const unsigned char *s, size_t n)
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

/* The code point of a well-formed sequence; *len is its bytes. */
static inline uint32_t utf8_point(const unsigned char *s, size_t *len)
{
    if (s[0] < 0x80)
        return *len = 1, s[0];
    if (s[0] < 0xe0)
        return *len = 2, (uint32_t)(s[0] & 31) << 6 | (s[1] & 63);
    if (s[0] < 0xf0)
        return *len = 3, (uint32_t)(s[0] & 15) << 12 | (uint32_t)(s[1] & 63) << 6 | (s[2] & 63);
    *len = 4;
    return (uint32_t)(s[0] & 7) << 18 | (uint32_t)(s[1] & 63) << 12 | (uint32_t)(s[2] & 63) << 6 | (s[3] & 63);
}

/* Write a code point (no surrogate, at most U+10FFFF) to out[4]; returns its bytes. */
static inline size_t utf8_put(unsigned char *out, uint32_t c)
{
    if (c < 0x80)
        return out[0] = (unsigned char)c, 1;
    if (c < 0x800) {
        out[0] = (unsigned char)(0xc0 | c >> 6);
        out[1] = (unsigned char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xe0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 63));
        out[2] = (unsigned char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 63));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 63));
    out[3] = (unsigned char)(0x80 | (c & 63));
    return 4;
}

/* Code points of a text: its bytes but those that continue one (0x80 to 0xbf). */
static inline size_t utf8_count(const void *p, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    const unsigned char *s = p;
    size_t more = 0, i = 0;

    for (; n - i >= 8; i += 8) {
        uint64_t v;

        memcpy(&v, s + i, 8);
        more += (((v >> 7) & (~v >> 6) & ones) * ones) >> 56;
    }
    for (; i < n; i++)
        more += (s[i] & 0xc0) == 0x80;
    return n - more;
}

/* Offset of the first byte that begins no well-formed sequence, or n. */
static inline size_t utf8_fault(const void *p, size_t n)
{
    const unsigned char *s = p;
    size_t i = 0, len;

    while (i < n) {
        uint64_t v = UINT64_MAX;

        if (n - i >= 8)
            memcpy(&v, s + i, 8);
        if (!(v & 0x8080808080808080u))
            i += 8;
        else if ((len = utf8_bytes(s + i, n - i)))
            i += len;
        else
            break;
    }
    return i;
}

#endif

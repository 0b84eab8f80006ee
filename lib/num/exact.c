#include "num/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINT (-EXACT_LOWEST / 32) /* the limb of 2^0 */

/* Every limb but the last into 0 .. 2^32 - 1: one form for each value. */
static void carry(struct exact *a)
{
    int64_t over = 0;

    for (int i = 0; i < EXACT_LIMBS - 1; i++) {
        int64_t v = a->limb[i] + over;

        a->limb[i] = v & UINT32_MAX;
        over = v >> 32;
    }
    a->limb[EXACT_LIMBS - 1] += over;
    a->adds = 0;
}

/* a += sign * m * 2^e. */
static void add_bits(struct exact *a, uint64_t m, int e, int negative)
{
    int at = (e - EXACT_LOWEST) / 32;
    unsigned __int128 v = (unsigned __int128)m << ((e - EXACT_LOWEST) % 32);

    for (int i = 0; i < 3; i++, v >>= 32)
        a->limb[at + i] += negative ? -(int64_t)(uint32_t)v : (int64_t)(uint32_t)v;
    if (++a->adds == 1u << 29)
        carry(a);
}

/* x = +- m 2^e with m below 2^53. */
static uint64_t take_apart(double x, int *e, int *negative)
{
    uint64_t u, m;

    memcpy(&u, &x, sizeof u);
    m = u & (((uint64_t)1 << 52) - 1);
    *e = (int)(u >> 52 & 2047);
    *negative = (int)(u >> 63);
    if (*e)
        m |= (uint64_t)1 << 52;
    *e = (*e ? *e : 1) - 1075;
    return m;
}

void exact_add(struct exact *a, double x)
{
    int e, negative;
    uint64_t m = take_apart(x, &e, &negative);

    add_bits(a, m, e, negative);
}

void exact_add_square(struct exact *a, double x)
{
    int e, negative;
    uint64_t m = take_apart(x, &e, &negative);
    unsigned __int128 square = (unsigned __int128)m * m;

    add_bits(a, (uint64_t)square, 2 * e, 0);
    add_bits(a, (uint64_t)(square >> 64), 2 * e + 64, 0);
}

void exact_merge(struct exact *a, const struct exact *from)
{
    struct exact b = *from;

    carry(&b);
    carry(a);
    for (int i = 0; i < EXACT_LIMBS; i++)
        a->limb[i] += b.limb[i];
    carry(a);
}

/* |a| in *out, carried; 1 when a is below 0. Its highest limb that is not 0 in *top, -1 for 0. */
static int size_of(const struct exact *a, struct exact *out, int *top)
{
    int negative;

    *out = *a;
    carry(out);
    negative = out->limb[EXACT_LIMBS - 1] < 0;
    for (int i = 0; negative && i < EXACT_LIMBS; i++)
        out->limb[i] = -out->limb[i];
    carry(out);
    for (*top = EXACT_LIMBS - 1; *top >= 0 && out->limb[*top] == 0; --*top)
        ;
    return negative;
}

double exact_value(const struct exact *a)
{
    struct exact s;
    int top, negative = size_of(a, &s, &top), low = top < 3 ? 0 : top - 3;
    unsigned __int128 v = 0;

    if (top < 0)
        return 0;
    for (int i = top; i >= low; i--)
        v = v << 32 | (uint32_t)s.limb[i];
    for (int i = 0; i < low; i++) /* what lies below only tells which side of a tie it is */
        v |= s.limb[i] != 0;
    return (negative ? -1 : 1) * ldexp((double)v, 32 * low + EXACT_LOWEST);
}

void exact_put(struct buf *b, const struct exact *a)
{
    struct exact s;
    int top, negative = size_of(a, &s, &top), low = 0;

    while (low < POINT && s.limb[low] == 0)
        low++;
    if (top < low)
        top = low;
    buf_printf(b, "%s0x%llx", negative ? "-" : "", (unsigned long long)s.limb[top]);
    for (int i = top - 1; i >= low; i--)
        buf_printf(b, "%08llx", (unsigned long long)s.limb[i]);
    buf_printf(b, "p%d", 32 * (low - POINT));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int exact_get(struct exact *a, const char *s, size_t n)
{
    int negative = n && *s == '-', digit, power;
    const char *end = memchr(s, 'p', n), *p = s + negative;
    char text[8], *stop;
    size_t left = end ? n - (size_t)(end + 1 - s) : 0;

    *a = (struct exact){{0}, 0};
    if (!end || end - p < 3 || p[0] != '0' || p[1] != 'x' || left == 0 || left >= sizeof text)
        return -1;
    memcpy(text, end + 1, left);
    text[left] = '\0';
    power = (int)strtol(text, &stop, 10);
    if (*stop || power > 0 || power < EXACT_LOWEST || power % 32 ||
        (end - p - 2) * 4 + power > 32 * (EXACT_LIMBS - 1 - POINT))
        return -1;
    for (const char *q = end - 1; q > p + 1; q--, power += 4) {
        if ((digit = hex_digit(*q)) < 0)
            return -1;
        a->limb[(power - EXACT_LOWEST) / 32] |= (int64_t)digit << (power - EXACT_LOWEST) % 32;
    }
    for (int i = 0; negative && i < EXACT_LIMBS; i++)
        a->limb[i] = -a->limb[i];
    carry(a);
    return 0;
}

/* Conversions against a second way: the value by ldexp, the nearest by search in the sorted list of all values. */
#include <stdint.h>
#include <stdlib.h>

#include "num/half.h"
#include "num/half_bits.h"
#include "tests/unit/check.h"

/* The value of a code with e exponent and m fraction bits, in double. */
static double value(unsigned code, int e, int m, int bias)
{
    int exponent = (int)(code >> m & ((1u << e) - 1));
    double fraction = (double)(code & ((1u << m) - 1)) / (1 << m);
    double v = exponent ? ldexp(1 + fraction, exponent - bias) : ldexp(fraction, 1 - bias);

    return code >> (e + m) & 1 ? -v : v;
}

static int same(float a, double b)
{
    return (isnan(a) && isnan(b)) || ((double)a == b && !signbit(a) == !signbit(b));
}

/* Rounding of a positive finite x to the nearest of the codes 0 .. top, ties to the even code; beyond gives top or inf.
 * */
static unsigned nearest(double x, int e, int m, int bias, unsigned top, unsigned inf)
{
    unsigned lo = 0, hi = top;
    double step = value(top, e, m, bias) - value(top - 1, e, m, bias);

    if (x >= value(top, e, m, bias))
        return x >= value(top, e, m, bias) + step / 2 ? inf : top;
    while (hi - lo > 1) {
        unsigned mid = (lo + hi) / 2;

        if (value(mid, e, m, bias) <= x)
            lo = mid;
        else
            hi = mid;
    }
    double below = x - value(lo, e, m, bias), above = value(lo + 1, e, m, bias) - x;
    return below < above || (below == above && lo % 2 == 0) ? lo : lo + 1;
}

static unsigned down_f16(float f)
{
    return f16_from_f32(f);
}
static unsigned down_bf16(float f)
{
    return bf16_from_f32(f);
}
static unsigned down_e4m3(float f)
{
    return f8_e4m3_from_f32(f);
}
static unsigned down_e5m2(float f)
{
    return f8_e5m2_from_f32(f);
}

/* Every value, every midpoint between neighbours, and the floats on both sides of each midpoint. */
static void check_down(unsigned (*down)(float), int e, int m, int bias, unsigned top, unsigned inf)
{
    int bad = 0;

    for (unsigned c = 0; c < top; c++) {
        double a = value(c, e, m, bias), b = value(c + 1, e, m, bias);
        float middle = (float)((a + b) / 2); /* exact: one more bit */
        float f[6] = {(float)a,
                      (float)b,
                      middle,
                      nextafterf(middle, 0),
                      nextafterf(middle, INFINITY),
                      (float)(a + (b - a) * .37)};

        for (int i = 0; i < 6; i++) {
            unsigned want = nearest(f[i], e, m, bias, top, inf), sign = 1u << (e + m);

            bad += down(f[i]) != want;
            bad += down(-f[i]) != (want | sign);
        }
    }
    CHECK(bad == 0);
    double last = value(top, e, m, bias), half = (last - value(top - 1, e, m, bias)) / 2;
    CHECK(down((float)last) == top);
    CHECK(down(nextafterf((float)(last + half), 0)) == top);
    CHECK(down((float)(last + half)) == inf);
    CHECK(down(INFINITY) == inf);
    CHECK(down(-INFINITY) == (inf | 1u << (e + m)));
}

int main(void)
{
    int bad = 0;

    for (unsigned h = 0; h < 65536; h++) {
        double want = (h & 0x7c00) != 0x7c00 ? value(h, 5, 10, 15)
                      : h & 0x3ff            ? NAN
                      : h & 0x8000           ? -INFINITY
                                             : INFINITY;

        bad += !same(f16_to_f32((uint16_t)h), want);
        if (!isnan(want))
            bad += f16_from_f32(f16_to_f32((uint16_t)h)) != h;
        else
            bad += f16_from_f32(f16_to_f32((uint16_t)h)) != (h | 0x200);
        want = (h & 0x7f80) != 0x7f80 ? value(h, 8, 7, 127) : h & 0x7f ? NAN : h & 0x8000 ? -INFINITY : INFINITY;
        bad += !same(bf16_to_f32((uint16_t)h), want);
        bad += bf16_from_f32(bf16_to_f32((uint16_t)h)) != (isnan(want) ? h | 0x40 : h);
    }
    CHECK(bad == 0);
    for (unsigned b = 0; b < 256; b++) {
        bad += !same(f8_e4m3_to_f32((uint8_t)b), (b & 0x7f) == 0x7f ? NAN : value(b, 4, 3, 7));
        bad += !same(f8_e5m2_to_f32((uint8_t)b), (b & 0x7c) != 0x7c ? value(b, 5, 2, 15)
                                                 : b & 3            ? NAN
                                                 : b & 0x80         ? -INFINITY
                                                                    : INFINITY);
        bad += !same(f8_e4m3fnuz_to_f32((uint8_t)b), b == 0x80 ? NAN : value(b, 4, 3, 8));
        bad += !same(f8_e5m2fnuz_to_f32((uint8_t)b), b == 0x80 ? NAN : value(b, 5, 2, 16));
        bad += !same(f8_e8m0_to_f32((uint8_t)b), b == 255 ? NAN : ldexp(1, (int)b - 127));
        bad += !same(f6_e2m3_to_f32((uint8_t)(b & 63)), value(b & 63, 2, 3, 1));
        bad += !same(f6_e3m2_to_f32((uint8_t)(b & 63)), value(b & 63, 3, 2, 3));
        bad += !same(f4_e2m1_to_f32((uint8_t)(b & 15)), value(b & 15, 2, 1, 1));
    }
    CHECK(bad == 0);
    CHECK(f4_e2m1_to_f32(7) == 6 && f6_e2m3_to_f32(31) == 7.5f && f6_e3m2_to_f32(31) == 28);
    check_down(down_f16, 5, 10, 15, 0x7bff, 0x7c00);
    check_down(down_bf16, 8, 7, 127, 0x7f7f, 0x7f80);
    check_down(down_e4m3, 4, 3, 7, 0x7e, 0x7e);
    check_down(down_e5m2, 5, 2, 15, 0x7b, 0x7c);
    CHECK(f16_from_f32(NAN) == 0x7e00 && (bf16_from_f32(float_of(0x7f800001)) & 0x7fff) == 0x7fc0);
    CHECK(f8_e4m3_from_f32(NAN) == 0x7f && f8_e5m2_from_f32(NAN) == 0x7f);
    CHECK(f16_from_f32(1e30f) == 0x7c00 && f16_from_f32(1e-30f) == 0 && f16_from_f32(-1e-30f) == 0x8000);
    return DONE();
}

#include "base/real.h"

#include <math.h>

/* ln 2 in two parts; 32 bits in the first, so that times an exponent it is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33

/* pi / 2 in three parts of 33, 33 and 53 bits. */
#define PIO2_A 0x1.921fb544p0
#define PIO2_B 0x1.0b4611a6p-34
#define PIO2_C 0x1.3198a2e037073p-69

/* e^x = 2^k e^r with |r| <= ln 2 / 2; Taylor's series, whose 15th term is below 2^-57 of the sum. */
double real_exp(double x)
{
    double k, r, low, p = 0;

    if (x != x)
        return x;
    if (x > 709.79)
        return INFINITY;
    if (x < -745.2)
        return 0;
    k = floor(x * 1.4426950408889634 + 0.5);
    r = x - k * LN2_HIGH;
    low = k * LN2_LOW;
    r -= low;
    for (int n = 14; n >= 2; n--)
        p = (p + 1) * r / n; /* ends as r/2 + r^2/6 + ... */
    return ldexp(1 + (r + r * p), (int)k);
}

/*
 * x = 2^k m, sqrt(1/2) <= m < sqrt(2). With f = m - 1 (exact) and s = f / (2 + f): log m = f - f^2/2 + s (f^2/2 + R),
 * R = 2 (s^2/3 + s^4/5 + ...) taken to s^22, |s| <= 0.1716. The form is fdlibm's, e_log.c: f carries most of the sum
 * exactly.
 */
static double log_of(double x, double *k)
{
    int power;
    double m = frexp(x, &power), f, s, z, half, r = 0;

    if (m < 0.70710678118654752) {
        m *= 2;
        power--;
    }
    *k = power;
    f = m - 1;
    s = f / (2 + f);
    z = s * s;
    for (int n = 23; n >= 3; n -= 2)
        r = (r + 2.0 / n) * z;
    half = 0.5 * f * f;
    return f - (half - s * (half + r));
}

static double log_edge(double x)
{
    return x == 0 ? -INFINITY : x > 0 ? x : NAN; /* infinity is its own logarithm */
}

double real_log(double x)
{
    double k, l;

    if (!(x > 0) || isinf(x))
        return x != x ? x : log_edge(x);
    l = log_of(x, &k);
    return k * LN2_HIGH + (l + k * LN2_LOW);
}

double real_log2(double x)
{
    double k, l;

    if (!(x > 0) || isinf(x))
        return x != x ? x : log_edge(x);
    l = log_of(x, &k);
    return k + l * 1.4426950408889634;
}

double real_pow(double x, double y)
{
    if (y == 0 || x == 1)
        return 1;
    if (y == 1)
        return x;
    return x < 0 ? NAN : real_exp(y * real_log(x));
}

/* sin (odd) or cos of r, |r| <= pi/4, by Taylor's series. */
static double sin_part(double r)
{
    double z = r * r, p = 0;

    for (int n = 18; n >= 2; n -= 2)
        p = (p + 1) * -z / (n * (n + 1));
    return r + r * p;
}

static double cos_part(double r)
{
    double z = r * r, p = 0;

    for (int n = 17; n >= 3; n -= 2)
        p = (p + 1) * -z / (n * (n + 1)); /* ends as -z/12 + ... */
    return 1 - (0.5 * z + 0.5 * z * p);
}

/* x = k pi/2 + r; the quadrant q = k + shift says which of the two, and its sign. */
static double wave(double x, int shift)
{
    double k = floor(x * 0.63661977236758134 + 0.5), r = ((x - k * PIO2_A) - k * PIO2_B) - k * PIO2_C, y;
    int q = (int)(k - 4 * floor(k / 4)) + shift;

    if (!isfinite(x))
        return NAN;
    y = q & 1 ? cos_part(r) : sin_part(r);
    return q & 2 ? -y : y;
}

double real_cos(double x)
{
    return wave(x, 1);
}

double real_sin(double x)
{
    return wave(x, 0);
}

/* t in [0, 1]. tan(a / 2) = t / (1 + sqrt(1 + t^2)), twice, leaves t below 0.199; then the series, whose 13th term is
 * below 2^-60. */
static double atan_of(double t)
{
    double z, p = 0;

    t /= 1 + sqrt(1 + t * t);
    t /= 1 + sqrt(1 + t * t);
    z = -t * t;
    for (int n = 25; n >= 3; n -= 2)
        p = (p + 1.0 / n) * z;
    return 4 * (t + t * p);
}

/* cos a = x: tan(a / 2) = sqrt((1 - x) / (1 + x)). */
double real_acos(double x)
{
    if (!(x >= -1 && x <= 1))
        return NAN;
    return x < 0 ? 2 * (PIO2_A + PIO2_B) - real_acos(-x) : 2 * atan_of(sqrt((1 - x) / (1 + x)));
}

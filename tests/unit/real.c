/* The twins of libm against libm (long double, whose error is far below theirs), and against digests that no CPU
 * changes. */
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/real.h"
#include "base/rng.h"
#include "tests/unit/check.h"

static double ulps(double got, long double want)
{
    double w = fabs((double)want), ulp = nextafter(w, INFINITY) - w;

    return (double)(fabsl((long double)got - want) / (long double)ulp);
}

#define DIGEST 0x96c9895ddba02dbcULL

static double worst[6];
static double results[60000];

static void note(int which, double off)
{
    if (!(off <= worst[which]))
        worst[which] = off;
}

static void sweep(void)
{
    struct rng r = rng_make(1, "real", 4);
    size_t n = 0;

    for (uint64_t i = 0; i < 10000; i++) {
        double u = rng_unit(r, 2 * i), v = 1400 * rng_unit(r, 2 * i + 1) - 700, x = ldexp(u, (int)(i % 600) - 300);
        double near = 1 + (u - 0.5) / (double)(1 + i % 4096), angle = (u - 0.5) * (i % 2 ? 10 : 2e6);

        note(0, ulps(results[n++] = real_exp(i % 2 ? v : u * 3 - 1), expl(i % 2 ? v : u * 3 - 1)));
        note(1, ulps(results[n++] = real_log(i % 2 ? x : near), logl(i % 2 ? x : near)));
        note(2, ulps(results[n++] = real_log2(i % 2 ? x : near), log2l(i % 2 ? x : near)));
        note(3, ulps(results[n++] = real_pow(u * 10, v / 70), powl(u * 10, v / 70)) / (2 + fabs(v / 70 * log(u * 10))));
        note(4, (double)fabsl(real_cos(angle) - cosl(angle)) * 0x1p52), results[n++] = real_cos(angle);
        CHECK_NEAR(real_acos(2 * u - 1), (double)acosl(2 * u - 1), 1e-15);
        note(5, (double)fabsl(real_sin(angle) - sinl(angle)) * 0x1p52), results[n++] = real_sin(angle);
    }
}

static void edges(void)
{
    CHECK(real_exp(0) == 1 && real_exp(-800) == 0 && isinf(real_exp(800)) && isnan(real_exp(NAN)) &&
          real_exp(-INFINITY) == 0);
    CHECK(real_exp(-745) > 0);
    CHECK(real_log(1) == 0 && real_log(0) == -INFINITY && isnan(real_log(-1)) && isnan(real_log(NAN)) &&
          isinf(real_log(INFINITY)));
    CHECK_NEAR(real_log(5e-324), -744.4400719213812, 2e-13);
    for (int k = -1074; k < 1024; k++)
        CHECK(real_log2(ldexp(1, k)) == k);
    CHECK(real_pow(3, 0) == 1 && real_pow(0, 2) == 0 && isinf(real_pow(0, -1)) && real_pow(7, 1) == 7 &&
          isnan(real_pow(-2, 2)));
    CHECK(real_cos(0) == 1 && real_sin(0) == 0 && isnan(real_sin(INFINITY)) && real_sin(-0.5) == -real_sin(0.5));
    CHECK(real_acos(1) == 0 && real_acos(-1) == 3.141592653589793 && isnan(real_acos(1.1)) && isnan(real_acos(NAN)));
    CHECK_NEAR(real_sin(3.141592653589793), 1.2246467991473532e-16, 1e-30);
}

int main(void)
{
    unsigned long long digest;

    sweep();
    edges();
    printf("worst: exp %.2f log %.2f log2 %.2f pow %.2f (of 2 + |y log x|) ulp, cos %.2f sin %.2f * 2^-52\n", worst[0],
           worst[1], worst[2], worst[3], worst[4], worst[5]);
    CHECK(worst[0] < 1.5 && worst[1] < 1.5 && worst[2] < 2 && worst[3] < 2 && worst[4] < 1 && worst[5] < 1);
    digest = hash64(results, sizeof results);
    CHECK(digest == DIGEST);
    if (digest != DIGEST)
        printf("    digest is 0x%016llx\n", digest);
    return DONE();
}

/* Golden values: a few lines of Python that follow rng.h's words with big integers, and its own math functions. */
#include "base/rng.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static void golden(void)
{
    static const struct {
        uint64_t key, at[3]; /* indices 0, 1, 2^40 */
        double unit;
        uint64_t below10;
        double normal, gumbel;
    } want[] = {
        {0,
         {0x48218226ff3cd4bf, 0xcd73fe3de975ac26, 0xf9f1ced072847e25},
         0x1.2086089bfcf36p-2,
         2,
         0.5160513327761366,
         -0.2364111687124282},
        {0x123456789abcdef0,
         {0xfefed9d01397189c, 0x52e23cc71faf37da, 0xcb5723adca9f65e5},
         0x1.fdfdb3a0272e3p-1,
         9,
         -0.03964248178790549,
         5.5387334417239025},
        {UINT64_MAX,
         {0xf2c27ef86a95b080, 0x9ce41992d31384f9, 0xf1325451b66572a6},
         0x1.e584fdf0d52b7p-1,
         9,
         -0.2473423418910652,
         2.9354809225311924},
    };

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct rng r = {want[i].key};

        CHECK(rng_u64(r, 0) == want[i].at[0] && rng_u64(r, 1) == want[i].at[1]);
        CHECK(rng_u64(r, (uint64_t)1 << 40) == want[i].at[2]);
        CHECK(rng_unit(r, 0) == want[i].unit);
        CHECK(rng_below(r, 0, 10) == want[i].below10);
        CHECK_NEAR(rng_normal(r, 0), want[i].normal, 1e-14);
        CHECK_NEAR(rng_gumbel(r, 0), want[i].gumbel, 1e-14);
    }
}

static void keys_depend_on_seed_and_name(void)
{
    /* This seed mixes to 0, and XXH3-64 of nothing is a published constant. */
    CHECK(rng_make(-0x9e3779b97f4a7c15u, "", 0).key == 0x2d06800538d394c2u);
    CHECK(rng_make(1, "ab", 2).key != rng_make(2, "ab", 2).key);
    CHECK(rng_make(1, "ab", 2).key != rng_make(1, "ac", 2).key);
    CHECK(rng_make(1, "ab", 2).key == rng_make(1, "abc", 2).key);
}

static void looks_uniform(void)
{
    enum { N = 100000, CELLS = 10 };
    struct rng r = rng_make(3, "uniform", 7);
    int count[CELLS] = {0};
    double sum = 0, squares = 0, low = 1, high = 0;

    for (uint64_t i = 0; i < N; i++) {
        double u = rng_unit(r, i), z = rng_normal(r, i);

        low = fmin(low, u), high = fmax(high, u);
        count[rng_below(r, i, CELLS)]++;
        sum += z, squares += z * z;
    }
    CHECK(low > 0 && high < 1 && low < 1e-4 && high > 1 - 1e-4);
    for (int c = 0; c < CELLS; c++)
        CHECK(abs(count[c] - N / CELLS) < 500); /* five standard deviations */
    CHECK_NEAR(sum / N, 0, 5 / sqrt(N));
    CHECK_NEAR(squares / N, 1, 5 * sqrt(2.0 / N));
}

static void many_are_each(void)
{
    struct rng r = rng_make(3, "many", 4);
    double unit[100];

    for (size_t n = 0; n <= 100; n += 11) {
        int same = 1;

        rng_units(r, UINT64_MAX - 40, n, unit);
        for (size_t i = 0; i < n; i++)
            same &= unit[i] == rng_unit(r, UINT64_MAX - 40 + i);
        CHECK(same);
    }
}

int main(void)
{
    many_are_each();
    golden();
    keys_depend_on_seed_and_name();
    looks_uniform();
    return DONE();
}

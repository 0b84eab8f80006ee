/* minhash: the cut into bands against optimal_param of the peers, the estimate against the truth, the wide kernels
 * against plain words. */
#include <stdlib.h>

#include "base/rng.h"
#include "text/minhash.h"
#include "tests/unit/check.h"

static void cut(double t, uint32_t k, uint32_t b, uint32_t r)
{
    uint32_t bands = 0, rows = 0;

    minhash_bands(t, k, &bands, &rows);
    CHECK(bands == b && rows == r);
}

static void plain(const struct minhash *m, uint32_t *sig, const uint32_t *x, size_t n)
{
    for (uint32_t i = 0; i < m->k; i++)
        for (size_t j = 0; j < n; j++)
            if (m->a[i] * x[j] + m->b[i] < sig[i])
                sig[i] = m->a[i] * x[j] + m->b[i];
}

/* Sets of 200 numbers with `same` in common, many of them: the mean error of the estimate, and its square, as theory
 * has them. */
static void estimates(uint32_t same, uint32_t k)
{
    struct minhash m;
    uint32_t x[200], y[200], *a, *b;
    double j = same / (400.0 - same), sum = 0, squares = 0;
    int pairs = 400;

    minhash_init(&m, k, 1);
    a = malloc(m.padded * sizeof *a);
    b = malloc(m.padded * sizeof *b);
    for (int p = 0; p < pairs; p++) {
        struct rng r = rng_make((uint64_t)p, "sets", 4);

        for (uint32_t i = 0; i < 200; i++) {
            x[i] = (uint32_t)rng_u64(r, i);
            y[i] = i < same ? x[i] : (uint32_t)rng_u64(r, 1000 + i);
        }
        minhash_clear(&m, a);
        minhash_clear(&m, b);
        minhash_add(&m, a, x, 77);
        minhash_add(&m, a, x + 77, 123);
        minhash_add(&m, b, y, 200);
        double d = minhash_likeness(a, b, k) - j;

        sum += d;
        squares += d * d;
        if (p == 0) {
            minhash_clear(&m, b);
            plain(&m, b, x, 200);
            CHECK(memcmp(a, b, k * sizeof *a) == 0);
        }
    }
    double var = j * (1 - j) / k;

    CHECK_NEAR(sum / pairs, 0, 4 * sqrt(var / pairs));
    CHECK_NEAR(squares / pairs / var, 1, 0.35); /* 5 standard errors of 400 squares */
    minhash_free(&m);
    free(a);
    free(b);
}

int main(void)
{
    cut(.7, 128, 14, 9), cut(.8, 128, 9, 13), cut(.9, 128, 5, 25), cut(.5, 128, 25, 5);
    cut(.7, 240, 24, 10), cut(.8, 240, 16, 15), cut(.7, 256, 25, 10), cut(.8, 256, 17, 15);
    cut(1, 128, 1, 128);
    CHECK_NEAR(minhash_meet(.8, 14, 8), .924, .0005);
    CHECK_NEAR(minhash_meet(.7, 14, 8), .565, .0005);
    CHECK_NEAR(minhash_meet(.5, 14, 8), .053, .0005);
    CHECK_NEAR(minhash_meet(.8, 20, 13), .677, .0005);
    estimates(180, 128);
    estimates(100, 112);
    estimates(20, 240);
    return DONE();
}

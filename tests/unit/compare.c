/* compare and quad: against plain loops in double. */
#include "tensor/compare.h"

#include <stdlib.h>

#include "base/par.h"
#include "base/rng.h"
#include "la/quad.h"
#include "tests/unit/check.h"

enum { ROWS = 300, COLS = 37 };
static float W[ROWS * COLS], V[ROWS * COLS], D[ROWS * COLS], H[COLS * COLS];

static void fill(void)
{
    struct rng r = rng_make(2, "compare", 7);

    for (uint64_t i = 0; i < ROWS * COLS; i++) {
        W[i] = (float)rng_normal(r, i);
        V[i] = W[i] + 0.01f * (float)rng_normal(r, i + 100000);
    }
    for (int i = 0; i < COLS; i++)
        for (int j = 0; j <= i; j++)
            H[i * COLS + j] = H[j * COLS + i] =
                (i == j) * 2 + 0.1f * (float)rng_normal(r, (uint64_t)(200000 + i * COLS + j));
}

static void distances(void)
{
    struct distance d = {0}, none = {0};
    double aa = 0, dd = 0, ab = 0, bb = 0, max = 0;

    for (int r = 0; r < ROWS; r++)
        distance_add(&d, W + r * COLS, V + r * COLS, D + r * COLS, COLS);
    for (int i = 0; i < ROWS * COLS; i++) {
        double x = W[i], y = V[i];

        aa += x * x, bb += y * y, ab += x * y, dd += (x - y) * (x - y), max = fmax(max, fabs(x - y));
    }
    CHECK(d.n == ROWS * COLS);
    CHECK_NEAR(d.max, max, 1e-7);
    CHECK_NEAR(distance_relative(&d) / sqrt(dd / aa), 1, 1e-6);
    CHECK_NEAR(distance_cosine(&d), ab / sqrt(aa * bb), 1e-12);
    CHECK_NEAR(distance_snr(&d), 10 * log10(aa / dd), 1e-5);
    CHECK(distance_relative(&none) == 0 && isnan(distance_cosine(&none)) && isinf(distance_snr(&none)));
}

static void not_finite(void)
{
    const float a[3] = {NAN, INFINITY, 1}, b[3] = {NAN, INFINITY, 2}, c[3] = {0, 1, 1};
    struct distance same = {0}, other = {0};
    float diff[3];

    distance_add(&same, a, b, diff, 3);
    CHECK(same.max == 1 && same.dd == 1);
    distance_add(&other, a, c, diff, 3);
    CHECK(isinf(other.max));
}

static void outputs(void)
{
    double full = 0, diagonal = 0, one;
    float h[COLS];

    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < COLS; i++)
            for (int j = 0; j < COLS; j++) {
                double t = (double)D[r * COLS + i] * H[i * COLS + j] * D[r * COLS + j];

                full += t;
                diagonal += i == j ? t : 0;
            }
    for (int i = 0; i < COLS; i++)
        h[i] = H[i * COLS + i];
    one = quad_gram(ROWS, COLS, D, H);
    CHECK_NEAR(one / full, 1, 1e-6);
    CHECK_NEAR(quad_diagonal(ROWS, COLS, D, h) / diagonal, 1, 1e-12);
    par_set_jobs(3);
    CHECK(quad_gram(ROWS, COLS, D, H) == one);
    par_set_jobs(1);
}

static void bits(void)
{
    const struct shape s = {2, {2, 3}}, v = {1, {3}};
    const float w[6] = {1, 2, 3, 4, 5, 6}, n[3] = {1, 1, 1};
    struct bundle a, b;
    char text[DIFFERENCE_TEXT];

    bundle_init_dense(&a, "w", &s, DT_F32, w);
    bundle_init_dense(&b, "other name", &s, DT_F32, w);
    CHECK(bundle_differences(&a, &b) == 0);
    CHECK_STR(difference_text(0, text), "same");
    bundle_set_companion(&b, "norm2", &v, n);
    CHECK(bundle_differences(&a, &b) == DIFF_COMPANIONS && bundle_differences(&b, &a) == DIFF_COMPANIONS);
    bundle_set_companion(&a, "norm2", &v, w);
    CHECK(bundle_differences(&a, &b) == DIFF_COMPANIONS);
    bundle_set_companion(&a, "norm2", &v, n);
    b.role = mem_strdup("mlp.up");
    attrs_set_int(&b.more, "k", 1);
    CHECK(bundle_differences(&a, &b) == DIFF_HEADER);
    b.part[1].data[0] ^= 1;
    CHECK_STR(difference_text(bundle_differences(&a, &b), text), "value,header");
    bundle_set_dense(&b, DT_BF16, w);
    CHECK_STR(difference_text(bundle_differences(&a, &b), text), "type,header");
    bundle_add_term(&b, "lowrank");
    CHECK(bundle_differences(&a, &b) & DIFF_TYPE);
    CHECK_STR(difference_text(31, text), "shape,type,value,companions,header");
    bundle_free(&a);
    bundle_free(&b);
}

int main(void)
{
    fill();
    distances();
    not_finite();
    outputs();
    bits();
    return DONE();
}

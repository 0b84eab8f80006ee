/* unit/factor_bias: afm beside a bias: the product is about the mean of the inputs, and the bias takes what the product
 * loses on it. */
#include "base/rng.h"
#include "factor/pass.h"
#include "tests/unit/check.h"

enum { ROWS = 6, COLS = 8, TOKENS = 50 };

static float w[ROWS * COLS], gram[COLS * COLS], mean[COLS], x[TOKENS * COLS], bias[ROWS];

static void fill(void)
{
    struct rng r = rng_make(5, "bias", 4);

    for (int i = 0; i < ROWS * COLS; i++)
        w[i] = (float)rng_normal(r, (uint64_t)i);
    for (int r2 = 0; r2 < ROWS; r2++)
        bias[r2] = (float)r2;
    for (int t = 0; t < TOKENS; t++)
        for (int c = 0; c < COLS; c++) {
            x[t * COLS + c] =
                (float)rng_normal(r, (uint64_t)(1000 + t * COLS + c)) * (float)(1 + c % 3) + 4 * (float)(c % 3 - 1);
            mean[c] += x[t * COLS + c] / TOKENS;
        }
    for (int a = 0; a < COLS; a++)
        for (int b = 0; b < COLS; b++)
            for (int t = 0; t < TOKENS; t++)
                gram[a * COLS + b] += x[t * COLS + a] * x[t * COLS + b] / TOKENS;
}

/* Mean over the tokens of |W x + bias - (V x + c)|^2. */
static double error(const float *v, const float *c)
{
    double sum = 0;

    for (int t = 0; t < TOKENS; t++)
        for (int r = 0; r < ROWS; r++) {
            double d = (double)bias[r] - c[r];

            for (int k = 0; k < COLS; k++)
                d += (double)(w[r * COLS + k] - v[r * COLS + k]) * x[t * COLS + k];
            sum += d * d / TOKENS;
        }
    return sum;
}

/* The error with that method of rank 2, with or without the bias at hand. */
static double run(const char *method, int with_mean, int with_bias, double *measured)
{
    struct factor_pass p = FACTOR_PASS;
    struct bundle b = {0}, c = {0};
    struct factor_tally t;
    float v[ROWS * COLS], add[ROWS];
    struct err e;
    int rc;

    p.method = factor_find(method);
    p.rank = 2;
    bundle_init_dense(&b, "l.weight", &(struct shape){2, {ROWS, COLS}}, DT_F32, w);
    bundle_init_dense(&c, "l.bias", &(struct shape){1, {ROWS}}, DT_F32, bias);
    bundle_set_companion(&b, "gram", &(struct shape){2, {COLS, COLS}}, gram);
    if (with_mean)
        bundle_set_companion(&b, "mean", &(struct shape){1, {COLS}}, mean);
    CHECK(factor_is_bias(&c, &b) && !factor_is_bias(&b, &b));
    rc = factor_loaded(&p, &b, with_bias ? &c : NULL, &t, &e);
    if (!with_mean && with_bias) {
        CHECK(rc == -1 && strstr(e.msg, "mean"));
    } else {
        CHECK(rc == 0 && bundle_rows(&b, 0, ROWS, v, &e) == 0 && bundle_rows(&c, 0, 1, add, &e) == 0);
        *measured = t.measured;
    }
    bundle_free(&b);
    bundle_free(&c);
    return rc == 0 ? error(v, add) : -1;
}

int main(void)
{
    double centred, plain, whiten, share, none, energy = 0;
    float zero[ROWS * COLS] = {0}, offset[ROWS];

    fill();
    centred = run("afm", 1, 1, &share);
    plain = run("afm", 1, 0, &none);
    whiten = run("whiten", 1, 1, &none);
    CHECK(run("afm", 0, 1, &none) == -1);
    CHECK_NEAR(plain, whiten, 1e-3 * whiten); /* without a bias they are the same product */
    CHECK(centred < 0.9 * plain);
    for (int r = 0; r < ROWS; r++) { /* what the best constant in place of the layer leaves */
        offset[r] = bias[r];
        for (int k = 0; k < COLS; k++)
            offset[r] += w[r * COLS + k] * mean[k];
    }
    energy = error(zero, offset);
    CHECK_NEAR(share, centred / energy, 1e-4); /* the report's loss is that of the outputs about their mean */
    return DONE();
}

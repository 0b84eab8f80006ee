/*
 * laws/shrink: what holds for every method of the table.
 *
 *   counts are exact; lots are fair; equal scores go by index; a unit whose inputs are always 0 goes first and costs
 *   nothing; what is removed of a smaller share
 *   is removed of a larger, too; any number of threads gives the same bits; a linear that makes the units has the same
 *   say whatever its scale; the
 *   columns that stay, solved for anew, lose no more than as they were, and nothing where the inputs that went are sums
 *   of those that stay; a bias
 *   keeps the mean of the outputs and loses no more, with the refit about the mean least of all.
 */
#include <stdlib.h>

#include "base/par.h"
#include "base/rng.h"
#include "la/quad.h"
#include "shrink/bias.h"
#include "shrink/refit.h"
#include "shrink/shrink.h"
#include "tests/unit/check.h"

enum { UNITS = 12, WIDTH = 2, N = UNITS * WIDTH, ROWS = 10, TOKENS = 200 };

static float w[ROWS * N], up[UNITS * ROWS], gate[UNITS * ROWS], q[N * ROWS], inputs[ROWS * ROWS], norm2[N], mean[N],
    absmean[N], gram[N * N];
static double given[UNITS];

/* Inputs x; the unit `dead` is never active; the last column is the sum of the first two when tied. */
static void make(int n, int dead, int width, int tied)
{
    struct rng r = rng_make(3, "shrink", 6);
    static double x[TOKENS * N];

    for (int t = 0; t < TOKENS; t++) {
        for (int c = 0; c < n; c++)
            x[t * n + c] =
                c / width == dead
                    ? 0
                    : (rng_normal(r, (uint64_t)(t * n + c)) + (c ? 0.5 * x[t * n + c - 1] : 0)) * (1 + c % 3);
        if (tied)
            x[t * n + n - 1] = x[t * n] + x[t * n + 1];
    }
    for (int i = 0; i < n; i++) {
        double sums[3] = {0};

        for (int t = 0; t < TOKENS; t++) {
            sums[0] += x[t * n + i] * x[t * n + i] / TOKENS;
            sums[1] += x[t * n + i] / TOKENS;
            sums[2] += fabs(x[t * n + i]) / TOKENS;
        }
        norm2[i] = (float)sums[0];
        mean[i] = (float)sums[1];
        absmean[i] = (float)sums[2];
        for (int k = 0; k < n; k++) {
            double s = 0;

            for (int t = 0; t < TOKENS; t++)
                s += x[t * n + i] * x[t * n + k] / TOKENS;
            gram[i * n + k] = (float)s;
        }
    }
    for (int i = 0; i < ROWS * n; i++)
        w[i] = (float)rng_normal(r, 100000 + (uint64_t)i);
    for (int i = 0; i < UNITS * ROWS; i++) {
        up[i] = (float)rng_normal(r, 200000 + (uint64_t)i);
        gate[i] = (float)rng_normal(r, 300000 + (uint64_t)i);
    }
    for (int i = 0; i < N * ROWS; i++)
        q[i] = (float)rng_normal(r, 500000 + (uint64_t)i);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < ROWS; k++)
            inputs[i * ROWS + k] = (float)(i == k ? 2 + i : 1);
    for (int u = 0; u < UNITS; u++)
        given[u] = u == dead ? 0 : 0.1 + fabs(rng_normal(r, 400000 + (uint64_t)u));
}

static struct shrink_job job(unsigned what, uint64_t remove, double *score)
{
    int heads = what == SHRINK_HEADS;

    return (struct shrink_job){what,          UNITS, heads ? WIDTH : 1,
                               ROWS,          w,     {{up, 1}, {gate, 1}, {q, WIDTH}},
                               heads ? 3 : 2, ROWS,  inputs,
                               norm2,         mean,  absmean,
                               gram,          given, score,
                               remove,        2};
}

static int stays(const uint64_t *keep, uint64_t n, uint64_t unit)
{
    for (uint64_t i = 0; i < n; i++)
        if (keep[i] == unit)
            return 1;
    return 0;
}

/* The unit that is never active is not made, either: where the rows that make units count by themselves it need not go
 * first otherwise. */
static void unmake(int unit)
{
    for (int i = 0; i < ROWS; i++)
        up[unit * ROWS + i] = gate[unit * ROWS + i] = 0;
    for (int i = 0; i < WIDTH * ROWS; i++)
        q[unit * WIDTH * ROWS + i] = 0;
}

static void scales(const struct shrink_method *m, unsigned what)
{
    double score[UNITS], again[UNITS];
    struct shrink_job j = job(what, 3, score), k = job(what, 3, again);
    struct err e;

    CHECK(m->apply(&j, &e) == 0);
    for (int i = 0; i < UNITS * ROWS; i++)
        gate[i] *= 8;
    CHECK(m->apply(&k, &e) == 0 && memcmp(score, again, sizeof score) == 0);
    for (int i = 0; i < ROWS; i++)
        gate[3 * ROWS + i] *= 8;
    CHECK(m->apply(&k, &e) == 0 && again[3] > score[3]);
}

static void laws(const struct shrink_method *m, unsigned what)
{
    double score[UNITS], again[UNITS];
    unsigned needs = what == SHRINK_HEADS ? m->needs_heads : m->needs_channels;
    int blind = what == SHRINK_EXPERTS && !m->needs_experts; /* by lot: what is never active need not go first */
    uint64_t keep[UNITS], before[UNITS];
    struct err e;

    make(what == SHRINK_HEADS ? N : UNITS, 7, what == SHRINK_HEADS ? WIDTH : 1, 0);
    if (needs & SHRINK_INPUTS)
        unmake(7);
    for (uint64_t remove = 0; remove < UNITS; remove++) {
        struct shrink_job j = job(what, remove, score), k = job(what, remove, again);

        par_set_jobs(1);
        CHECK(m->apply(&j, &e) == 0 && shrink_choose(&j, keep, &e) == 0);
        par_set_jobs(3);
        CHECK(m->apply(&k, &e) == 0 && memcmp(score, again, sizeof score) == 0);
        for (uint64_t i = 1; i < UNITS - remove; i++)
            CHECK(keep[i] > keep[i - 1] && keep[i] < UNITS);
        CHECK(blind || stays(keep, UNITS - remove, 7) == (remove == 0));
        for (uint64_t i = 0; remove && i < UNITS - remove; i++)
            CHECK(stays(before, UNITS - remove + 1, keep[i]));
        memcpy(before, keep, sizeof before);
    }
    par_set_jobs(1);
    if (needs & SHRINK_MAKERS)
        scales(m, what);
}

/* By lot: another seed or layer, another choice; each unit goes about as often as any other. */
static void lots(void)
{
    double score[UNITS], other[UNITS];
    struct shrink_job j = {.what = SHRINK_EXPERTS, .units = UNITS, .score = score, .remove = UNITS / 2}, k = j;
    uint64_t keep[UNITS];
    int often[UNITS] = {0};
    struct err e;

    k.score = other;
    CHECK(shrink_random.apply(&j, &e) == 0);
    for (int seed = 1; seed < 3; seed++)
        CHECK(opt_set(&shrink_random, "seed", seed == 1 ? "1" : "2", &e) == 0 && shrink_random.apply(&k, &e) == 0 &&
              memcmp(score, other, sizeof score) != 0);
    CHECK(opt_set(&shrink_random, "seed", "0", &e) == 0);
    for (j.layer = 0; j.layer < 1000; j.layer++) {
        CHECK(shrink_random.apply(&j, &e) == 0 && shrink_choose(&j, keep, &e) == 0);
        for (int i = 0; i < UNITS / 2; i++)
            often[keep[i]]++;
    }
    for (int i = 0; i < UNITS; i++)
        CHECK(often[i] > 430 && often[i] < 570); /* 500 +- 4.4 sigma */
}

static void counts(void)
{
    struct shrink_job j = {.units = 5, .remove = 2};
    double same[5] = {1, 1, 1, 1, 1};
    uint64_t keep[5];
    struct err e;

    CHECK(shrink_count(768, 0.2, 1) == 154 && shrink_count(768, 0, 1) == 0 && shrink_count(768, 1, 1) == 767);
    CHECK(shrink_count(6, 0.2, 1) == 1 && shrink_count(2, 0.25, 1) == 1 && shrink_count(2, 0.2, 1) == 0);
    CHECK(shrink_count(768, 0.2, 128) == 128 && shrink_count(768, 0.99, 128) == 640 &&
          shrink_count(100, 0.5, 128) == 0);
    j.score = same;
    CHECK(shrink_choose(&j, keep, &e) == 0 && keep[0] == 2 && keep[1] == 3 && keep[2] == 4);
    same[3] = NAN;
    CHECK(shrink_choose(&j, keep, &e) < 0);
    CHECK_STR(e.msg, "the score of unit 3 of 5 is nan");
}

/* The share of the outputs that is lost when the columns from `stay` on go, refitted and not. */
static void losses(uint64_t stay, double *plain, double *fitted)
{
    static float d[ROWS * N], out[ROWS * N];
    uint64_t keep[N];
    struct err e;

    for (uint64_t i = 0; i < stay; i++)
        keep[i] = i;
    memset(d, 0, sizeof d);
    for (uint64_t r = 0; r < ROWS; r++)
        memcpy(d + r * N + stay, w + r * N + stay, (N - stay) * sizeof *d);
    *plain = quad_gram(ROWS, N, d, gram);
    CHECK(refit_columns(ROWS, N, w, gram, keep, stay, out, &e) == 0);
    for (uint64_t r = 0; r < ROWS; r++)
        for (uint64_t i = 0; i < stay; i++)
            d[r * N + i] = w[r * N + i] - out[r * stay + i];
    *fitted = quad_gram(ROWS, N, d, gram);
}

static void refits(void)
{
    double plain, fitted, last = 0;

    make(N, -1, 1, 0);
    for (uint64_t stay = N - 1; stay > 0; stay--) {
        losses(stay, &plain, &fitted);
        CHECK(fitted < plain && fitted > last);
        last = fitted;
    }
    make(N, -1, 1, 1);
    losses(N - 1, &plain, &fitted);
    CHECK(fitted < 1e-3 * plain); /* the damp alone is left */
}

/* tr(D H D') of D = W - W' where out is W' on the first columns and 0 behind; a bias is told by H about the mean. */
static double loss(const float *out, uint64_t stay, const float *moments)
{
    static float d[ROWS * N];

    memcpy(d, w, sizeof d);
    for (uint64_t r = 0; r < ROWS; r++)
        for (uint64_t i = 0; i < stay; i++)
            d[r * N + i] -= out[r * stay + i];
    return quad_gram(ROWS, N, d, moments);
}

static void biases(void)
{
    enum { STAY = N - 6 };
    static float centred[N * N], plain[ROWS * STAY], fitted[ROWS * STAY], affine[ROWS * STAY];
    uint64_t keep[STAY];
    struct err e;

    make(N, -1, 1, 0);
    for (int i = 0; i < N; i++) { /* inputs that have a mean worth the name */
        double shift = 0.5 + 0.1 * i;

        for (int k = 0; k < N; k++)
            gram[i * N + k] +=
                (float)(shift * (double)mean[k] + (double)mean[i] * (0.5 + 0.1 * k) + shift * (0.5 + 0.1 * k));
    }
    for (int i = 0; i < N; i++)
        mean[i] += (float)(0.5 + 0.1 * i);
    memcpy(centred, gram, sizeof centred);
    bias_centre(N, centred, mean);
    for (uint64_t i = 0; i < STAY; i++)
        keep[i] = i;
    for (uint64_t r = 0; r < ROWS; r++)
        memcpy(plain + r * STAY, w + r * N, STAY * sizeof *plain);
    CHECK(refit_columns(ROWS, N, w, gram, keep, STAY, fitted, &e) == 0 &&
          refit_columns(ROWS, N, w, centred, keep, STAY, affine, &e) == 0);
    CHECK(loss(plain, STAY, centred) < 0.9 * loss(plain, STAY, gram));
    CHECK(loss(affine, STAY, centred) <= 1.0001 * loss(fitted, STAY, centred) &&
          loss(fitted, STAY, centred) <= loss(fitted, STAY, gram));
    for (int k = 0; k < 2; k++) {
        const float *out = k ? affine : plain;
        float *b = bias_lost(ROWS, N, w, mean, &(struct cut){keep, STAY, 1}, out);

        for (int r = 0; r < ROWS; r++) {
            double was = 0, is = (double)b[r], gone = 0;

            for (int c = 0; c < N; c++)
                was += (double)w[r * N + c] * (double)mean[c];
            for (int c = 0; c < STAY; c++)
                is += (double)out[r * STAY + c] * (double)mean[c];
            for (int c = STAY; c < N; c++)
                gone += (double)w[r * N + c] * (double)mean[c];
            CHECK_NEAR(is, was, 1e-5);
            CHECK(k || fabs((double)b[r] - gone) < 1e-5); /* FLAP's: the columns that went, at their mean */
        }
        free(b);
    }
}

int main(void)
{
    counts();
    lots();
    refits();
    biases();
    for (int i = 0; CHECK_ROW(shrink_table[i], name); i++)
        for (unsigned what = 1; what <= SHRINK_EXPERTS; what <<= 1)
            if (shrink_table[i]->what & what)
                laws(shrink_table[i], what);
    return DONE();
}

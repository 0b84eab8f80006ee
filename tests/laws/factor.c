/*
 * laws/factor: what holds for every method of the table.
 *
 *   full rank reproduces the matrix; the loss falls with the rank; predicted loss is measured loss; with H = I and
 *   equal
 *   inputs every method that puts a product in the value's place is svd; whiten loses no more than svd or asvd on the
 *   outputs; a gram of low rank
 *   is no obstacle; an adapter's sum is the weight it came from; monarch of one block is svd; a sparse term beside a
 *   product loses less than the product alone,
 *   and nothing where it may hold all; as many atoms as layers lose nothing, and with each one less the loss grows;
 *   outliers are the largest, as many as asked for; any number of threads gives the same bits;
 *   more rows than columns or fewer, exact or randomized: the predicted loss, the least or next to it, and both factors
 *   of one size.
 */
#include <stdlib.h>

#include "base/par.h"
#include "base/rng.h"
#include "factor/group.h"
#include "la/gemm.h"
#include "la/quad.h"
#include "tests/unit/check.h"
#include "tests/vectors/factor_value.h"

enum { ROWS = 40, COLS = 56, SMALL = 40 };

static double w[ROWS * COLS];
static float gram[COLS * COLS], identity[COLS * COLS], absmean[COLS], ones[COLS];

/* Inputs with strong and weak channels, neighbours alike; tokens of them. */
static void make(int tokens)
{
    struct rng r = rng_make(tokens, "factor", 6);
    float *x = malloc(sizeof *x * (size_t)tokens * COLS);

    for (int i = 0; i < ROWS * COLS; i++)
        w[i] = rng_normal(r, (uint64_t)i);
    for (int t = 0; t < tokens; t++)
        for (int c = 0; c < COLS; c++) {
            double v = rng_normal(r, 100000 + (uint64_t)(t * COLS + c)) * (c % 7 == 0 ? 5 : 0.7);

            x[t * COLS + c] = (float)(c ? v + 0.6 * x[t * COLS + c - 1] : v);
        }
    for (int i = 0; i < COLS; i++) {
        double a = 0;

        for (int j = 0; j < COLS; j++) {
            double s = 0;

            for (int t = 0; t < tokens; t++)
                s += (double)x[t * COLS + i] * x[t * COLS + j];
            gram[i * COLS + j] = (float)(s / tokens);
            identity[i * COLS + j] = i == j;
        }
        for (int t = 0; t < tokens; t++)
            a += fabs((double)x[t * COLS + i]) / tokens;
        absmean[i] = (float)a;
        ones[i] = 1;
    }
    free(x);
}

static uint64_t blocks_of(const struct factor_method *m)
{
    return m->kind == FACTOR_MONARCH ? 4 : 1;
}

struct sizes {
    uint64_t blocks, rank, kept;
};

/* What a method makes of w, and its loss by h. */
static double sized(const struct factor_method *m, struct sizes n, const float *h, const float *size, double *value,
                    double *predicted)
{
    static double b[ROWS * COLS], a[COLS * COLS];
    static float off[ROWS * COLS], all[ROWS * COLS];
    static uint8_t mask[ROWS * COLS];
    float norm2[COLS];
    struct factor_job j = {.name = "law",
                           .rows = ROWS,
                           .cols = COLS,
                           .rank = n.rank,
                           .w = w,
                           .absmean = size,
                           .gram = h,
                           .b = b,
                           .a = a,
                           .norm2 = norm2,
                           .blocks = n.blocks,
                           .kept = n.kept,
                           .mask = m->kind == FACTOR_SPARSE || m->kind == FACTOR_OUTLIERS ? mask : NULL};
    struct err e = {""};

    for (int i = 0; i < COLS; i++)
        norm2[i] = h[i * COLS + i];
    CHECK(m->apply(&j, &e) == 0);
    if (e.msg[0])
        puts(e.msg);
    factor_value(m, &j, value);
    for (int i = 0; i < ROWS * COLS; i++) {
        off[i] = (float)(w[i] - value[i]);
        all[i] = (float)w[i];
    }
    if (predicted)
        *predicted = j.lost;
    return quad_gram(ROWS, COLS, off, h) / quad_gram(ROWS, COLS, all, h);
}

/* Ranks of the whole matrix; monarch's are of a block. */
static double run(const struct factor_method *m, uint64_t rank, const float *h, const float *size, double *value,
                  double *predicted)
{
    uint64_t n = blocks_of(m), most = SMALL / n;

    return sized(m, (struct sizes){n, rank < most ? rank : most, ROWS * 3}, h, size, value, predicted);
}

static void monarch(void)
{
    static double p[ROWS * COLS], q[ROWS * COLS];
    double predicted, loss = sized(factor_find("monarch"), (struct sizes){8, 2, 0}, identity, ones, p, &predicted);

    CHECK_NEAR(loss, predicted, 1e-6);
    sized(factor_find("monarch"), (struct sizes){1, 9, 0}, identity, ones, p, NULL);
    run(factor_find("svd"), 9, identity, ones, q, NULL);
    for (int i = 0; i < ROWS * COLS; i++)
        CHECK_NEAR(p[i], q[i], 1e-6);
}

static void sparse(void)
{
    static float diagonal[COLS * COLS];
    static double p[ROWS * COLS];
    const struct factor_method *m = factor_find("sparse-lowrank");
    double last = 2, predicted;

    for (int i = 0; i < COLS; i++)
        diagonal[i * COLS + i] = gram[i * COLS + i];
    for (uint64_t each = 0; each <= COLS; each += 8) {
        double loss = sized(m, (struct sizes){1, 5, each * ROWS}, diagonal, ones, p, &predicted);

        CHECK_NEAR(loss, predicted, 1e-5);
        CHECK(loss <= last);
        last = loss;
    }
    CHECK_NEAR(last, 0, 1e-9);
    CHECK(sized(m, (struct sizes){1, 5, ROWS}, identity, ones, p, NULL) <
          run(factor_find("svd"), 5, identity, ones, p, NULL));
}

static void atoms(void)
{
    enum { LAYERS = 5 };
    static double atom[LAYERS * COLS * ROWS / LAYERS], c[LAYERS * LAYERS], lost[LAYERS];
    static float layer[LAYERS][ROWS / LAYERS * COLS];
    const float *rows[LAYERS];
    double last = 2;
    struct err e;

    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < ROWS / LAYERS * COLS; i++)
            layer[l][i] = (float)w[l * ROWS / LAYERS * COLS + i];
        rows[l] = layer[l];
    }
    for (uint64_t count = 1; count <= LAYERS; count++) {
        struct factor_atoms f = {LAYERS, ROWS / LAYERS * COLS, count, rows, atom, c, lost};
        double left = 0, all = 0, predicted = 0;

        CHECK(factor_masa_fit(&f, &e) == 0);
        for (uint64_t l = 0; l < LAYERS; l++) {
            double whole = 0;

            for (uint64_t i = 0; i < f.n; i++) {
                double v = layer[l][i];

                whole += v * v;
                for (uint64_t s = 0; s < count; s++)
                    v -= c[l * count + s] * atom[s * f.n + i];
                left += v * v;
            }
            all += whole;
            predicted += lost[l] * whole;
        }
        CHECK_NEAR(left / all, predicted / all, 1e-9);
        CHECK(left / all < last);
        last = left / all;
    }
    CHECK_NEAR(last, 0, 1e-12);
}

static void outliers(void)
{
    static double p[ROWS * COLS];

    for (uint64_t kept = 0; kept <= ROWS * COLS; kept += 320) {
        double least = 1e300, most = 0;
        uint64_t n = 0;

        sized(factor_find("dense-sparse"), (struct sizes){1, 0, kept}, identity, ones, p, NULL);
        for (int i = 0; i < ROWS * COLS; i++) {
            n += p[i] != 0;
            least = p[i] != 0 && fabs(w[i]) < least ? fabs(w[i]) : least;
            most = p[i] == 0 && fabs(w[i]) > most ? fabs(w[i]) : most;
        }
        CHECK(n == kept && least >= most);
    }
}

static void one(const struct factor_method *m)
{
    static double p[ROWS * COLS], q[ROWS * COLS];
    double last = 2, predicted;

    for (uint64_t rank = 1; rank <= SMALL; rank += 3) {
        double loss = run(m, rank, gram, absmean, p, &predicted);

        CHECK(predicted <= last + 1e-12); /* in the method's own norm */
        last = predicted;
        if (m->needs & FACTOR_GRAM && m->kind == FACTOR_REPLACE)
            CHECK_NEAR(loss, predicted, 1e-5);
        if (m->kind == FACTOR_REPLACE && m->needs & FACTOR_GRAM) {
            CHECK(loss <= run(factor_find("svd"), rank, gram, absmean, q, NULL) + 1e-6);
            CHECK(loss <= run(factor_find("asvd"), rank, gram, absmean, q, NULL) + 1e-6);
        }
    }
    run(m, 7, gram, absmean, p, NULL);
    par_set_jobs(3);
    run(m, 7, gram, absmean, q, NULL);
    par_set_jobs(1);
    CHECK(memcmp(p, q, sizeof p) == 0);
    if (m->kind == FACTOR_BESIDE || m->kind == FACTOR_OUTLIERS)
        return;
    run(m, SMALL, gram, absmean, p, NULL);
    for (int i = 0; i < ROWS * COLS; i++)
        CHECK_NEAR(p[i], w[i], 1e-5);
    if (m->kind != FACTOR_REPLACE && m->kind != FACTOR_SPLIT)
        return;
    run(m, 11, identity, ones, p, NULL);
    run(factor_find("svd"), 11, identity, ones, q, NULL);
    for (int i = 0; i < ROWS * COLS; i++)
        CHECK_NEAR(p[i], q[i], 1e-6);
}

/* A matrix of more rows than columns and its like turned, of a rank for which the randomized decomposition is taken
 * unless exact is asked for. */
static void shape(const struct factor_method *m, uint64_t rows, uint64_t cols, const float *size, const float *h)
{
    enum { RANK = 3, MOST = 120 * 72 };
    static double x[MOST], b[MOST], a[MOST], off[MOST];
    static float lost[MOST], all[MOST];
    struct rng r = rng_make(9, "shape", 5);
    double loss[2];
    struct err e;

    for (uint64_t i = 0; i < rows * cols; i++)
        all[i] = (float)(x[i] = rng_normal(r, i));
    for (int exact = 0; exact < 2; exact++) {
        struct factor_job j = {.name = "law",
                               .rows = rows,
                               .cols = cols,
                               .rank = RANK,
                               .w = x,
                               .absmean = size,
                               .gram = h,
                               .b = b,
                               .a = a};

        factor_exact = exact;
        CHECK(m->apply(&j, &e) == 0);
        memcpy(off, x, rows * cols * sizeof *off);
        dgemm_nn(rows, cols, RANK, b, RANK, a, cols, off, cols, KERN_SUB);
        for (uint64_t i = 0; i < rows * cols; i++)
            lost[i] = (float)off[i];
        loss[exact] = quad_gram(rows, cols, lost, h) / quad_gram(rows, cols, all, h);
        CHECK_NEAR(loss[exact], j.lost, 1e-6);
        for (int k = 0; k < RANK; k++) { /* both sides of a triple have the same size, in the norm it was chosen in */
            double to = 0, from = 0;

            for (uint64_t i = 0; i < rows; i++)
                to += b[i * RANK + (uint64_t)k] * b[i * RANK + (uint64_t)k];
            for (uint64_t i = 0; i < cols; i++)
                for (uint64_t q = 0; q < cols; q++)
                    from += a[(uint64_t)k * cols + i] * h[i * cols + q] * a[(uint64_t)k * cols + q];
            CHECK_NEAR(to, from, 1e-5 * to);
        }
    }
    CHECK(loss[1] <= loss[0] * (1 + 1e-6) && loss[0] <= 1.02 * loss[1]);
}

static void shapes(void)
{
    static float h[120 * 120], size[120];

    for (int turned = 0; turned < 2; turned++) {
        uint64_t rows = turned ? 72 : 120, cols = turned ? 120 : 72;

        for (int diagonal = 0; diagonal < 2; diagonal++) /* one that svd and asvd are the best for, too */
            for (int m = diagonal ? 0 : 2; m < 3; m++) {
                static const char *const name[] = {"svd", "asvd", "whiten"};

                for (uint64_t i = 0; i < cols; i++) {
                    size[i] = m == 0 ? 1 : (float)(1 + i % 5);
                    for (uint64_t k = 0; k < cols; k++) {
                        float near = (float)ldexp(1, -abs((int)i - (int)k));

                        h[i * cols + k] = !diagonal ? near : i != k ? 0 : size[i]; /* alpha 1/2 twice */
                    }
                }
                shape(factor_find(name[m]), rows, cols, size, h);
            }
    }
}

int main(void)
{
    static double p[ROWS * COLS];
    struct err e;

    factor_exact = 1;
    CHECK(opt_set(&factor_sparse_lowrank, "rounds", "20", &e) == 0);
    make(300);
    for (int i = 0; CHECK_ROW(factor_table[i], name); i++)
        if (factor_table[i]->apply)
            one(factor_table[i]);
    monarch();
    sparse();
    outliers();
    atoms();
    shapes();
    make(20); /* fewer tokens than channels: a gram of rank 20 */
    for (int i = 0; CHECK_ROW(factor_table[i], name); i++)
        if (factor_table[i]->needs & FACTOR_GRAM && factor_table[i]->kind == FACTOR_REPLACE)
            CHECK_NEAR(run(factor_table[i], 20, gram, absmean, p, NULL), 0, 1e-5);
    CHECK(factor_rank(100, 100, 0.5) == 25 && factor_rank(2, 2, 0.1) == 1);
    return DONE();
}

/*
 * sparse-lowrank: W D ~ S + B A with at most kept / rows numbers in each row of S and B A of the rank asked for, D =
 * diag(mean x^2)^(alpha / 2): by turns B A = the largest triples of W D - S, and S = the largest entries of each row of
 * W D - B A, from S = 0. Zhang and Papyan (2024), OATS, algorithms 1 and 2: alpha 1, 80 rounds, rank kappa keep m n /
 * (m + n) where no rank is given. A decomposition that does not lower the loss further is still the one of the last
 * round, as theirs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pick.h"
#include "factor/factor.h"
#include "la/gemm.h"

static int64_t rounds = 80;
static double alpha = 1;
static const struct opt opts[] = {
    {.name = "alpha", .arg = "A", .kind = OPT_F64, .to = &alpha, .hi = INFINITY, .help = "power of the inputs' size"},
    {.name = "rounds", .arg = "N", .kind = OPT_INT, .to = &rounds, .lo = 1, .hi = 1000000, .help = "turns"},
    FACTOR_EXACT,
    OPT_END};

struct turns {
    uint64_t each; /* numbers in a row of S */
    double *size;  /* [cols]: D */
    double *p;     /* W D */
    double *rest;  /* W D - S, then W D - B A */
    float *key;    /* [cols] */
};

/* mask: the largest |rest| of each row, ties by index. */
static void threshold(const struct factor_job *j, struct turns *t)
{
    for (uint64_t r = 0; r < j->rows; r++) {
        for (uint64_t c = 0; c < j->cols; c++)
            t->key[c] = (float)-fabs(t->rest[r * j->cols + c]);
        pick_smallest(t->key, j->cols, t->each, j->mask + r * j->cols);
    }
}

/* One turn; the square of what is left out. */
static int turn(struct factor_job *j, struct turns *t, double *left, struct err *e)
{
    uint64_t n = j->rows * j->cols;

    if (factor_triples(j, t->rest, t->rest, e) < 0)
        return -1;
    memcpy(t->rest, t->p, n * sizeof *t->rest);
    dgemm_nn(j->rows, j->cols, j->rank, j->b, j->rank, j->a, j->cols, t->rest, j->cols, KERN_SUB);
    threshold(j, t);
    *left = 0;
    for (uint64_t i = 0; i < n; i++)
        *left += j->mask[i] ? 0 : t->rest[i] * t->rest[i];
    return 0;
}

/* rest = W D - S, where S is rest at the mask: at the mask the product, elsewhere the weight. */
static void take_sparse(const struct factor_job *j, struct turns *t)
{
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        t->rest[i] = j->mask[i] ? t->p[i] - t->rest[i] : t->p[i];
}

static int apply(struct factor_job *j, struct err *e)
{
    uint64_t n = j->rows * j->cols;
    struct turns t = {j->kept / j->rows, mem_new(j->cols, sizeof *t.size), mem_new(n, sizeof *t.p),
                      mem_new(n, sizeof *t.rest), mem_new(j->cols, sizeof *t.key)};
    double all = 0, left = 0;
    int rc = factor_column_sizes(j, alpha, t.size, e);

    for (uint64_t i = 0; rc == 0 && i < n; i++) {
        t.rest[i] = t.p[i] = j->w[i] * t.size[i % j->cols];
        all += t.p[i] * t.p[i];
    }
    for (int64_t i = 0; rc == 0 && i < rounds; i++) {
        if (i)
            take_sparse(j, &t);
        rc = turn(j, &t, &left, e);
    }
    for (uint64_t i = 0; rc == 0 && i < j->rank * j->cols; i++)
        j->a[i] /= t.size[i % j->cols];
    j->lost = all > 0 ? left / all : 0;
    free(t.size), free(t.p), free(t.rest), free(t.key);
    return rc;
}

const struct factor_method factor_sparse_lowrank = {.name = "sparse-lowrank",
                                                    .brief = "a sparse term and a product, by turns (OATS)",
                                                    .opts = opts,
                                                    .needs = FACTOR_NORM2,
                                                    .kind = FACTOR_SPARSE,
                                                    .apply = apply,
                                                    .sizes = FACTOR_RANK | FACTOR_KEEP,
                                                    .alpha = &alpha};

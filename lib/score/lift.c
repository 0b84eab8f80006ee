/*
 * lift: |W_r|, W_r the best approximation of W of rank r. The greatest are the paper's principal weights: those worth
 * training, or keeping precise. Liu et al. 2025, LIFT the Veil for the Truth: Principal Weights Emerge after Rank
 * Reduction for Reasoning-Focused Supervised Fine-Tuning. Where r is at most a quarter of the smaller side the
 * decomposition is the randomized one (two power rounds, r / 4 more columns, at least 8), its signs keyed by the
 * tensor's name; where it is not below the smaller side, W_r is W.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "la/gemm.h"
#include "la/svd.h"
#include "score/score.h"

/* p = W_r. */
static int reduce(const struct score_job *j, double *p, uint64_t r, struct err *e)
{
    uint64_t m = j->rows, n = j->cols, least = m < n ? m : n;
    double *u = mem_new(m * r, sizeof *u), *s = mem_new(r, sizeof *s), *v = mem_new(r * n, sizeof *v);
    int rc;

    if (r * 4 <= least)
        rc = rsvd(m, n, p, r, r / 4 > 8 ? r / 4 : 8, 2, rng_make(0, j->name, strlen(j->name)), u, s, v, e);
    else
        rc = svd(m, n, p, r, u, s, v, e);
    for (uint64_t i = 0; rc == 0 && i < m * r; i++)
        u[i] *= s[i % r];
    if (rc == 0)
        dgemm_nn(m, n, r, u, r, v, n, p, n, KERN_SET);
    free(u);
    free(s);
    free(v);
    return rc;
}

static uint64_t rank = 128; /* the paper's */

static const struct opt opts[] = {{'r', "rank", "R", OPT_U64, &rank, "of the approximation", 0, 1, INFINITY}, OPT_END};

static int apply(const struct score_job *j, struct err *e)
{
    uint64_t count = j->rows * j->cols, least = j->rows < j->cols ? j->rows : j->cols;
    double *p = mem_new(count, sizeof *p);
    int rc = 0;

    for (uint64_t i = 0; i < count; i++)
        p[i] = (double)j->w[i];
    if (rank < least)
        rc = reduce(j, p, rank, e);
    for (uint64_t i = 0; rc == 0 && i < count; i++)
        j->score[i] = (float)fabs(p[i]);
    free(p);
    return rc;
}

const struct score_method score_lift = {.name = "lift",
                                        .brief = "|W_r|, of rank r: what is worth training",
                                        .scope = SCORE_BY_TENSOR,
                                        .each = SCORE_WEIGHT,
                                        .whole = 1,
                                        .shifts = 1,
                                        .opts = opts,
                                        .apply = apply};

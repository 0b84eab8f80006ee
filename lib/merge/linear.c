/*
 * linear: out = sum_i w_i m_i, divided by sum_i w_i where normalize says so. With equal weights the uniform soup of
 * Wortsman and others 2022, "Model soups", section 2; with two models and weights 1 - a, a the interpolation of
 * WiSE-FT. Sums are f64 in the order of the operands and rounded once.
 */
#include <stddef.h>

#include "merge/merge.h"
#include "merge/options.h"

#define BLOCK 256 /* a known length, which compilers turn into vectors */

static void block(const struct merge_job *j, double all, uint64_t at, uint64_t n)
{
    double sum[BLOCK];

    for (uint64_t i = 0; i < n; i++)
        sum[i] = j->args->weight[0] * (double)j->model[0][at + i]; /* not from 0, which would lose the sign of -0 */
    for (int k = 1; k < j->models; k++) {
        const float *m = j->model[k] + at;
        double w = j->args->weight[k];

        for (uint64_t i = 0; i < n; i++)
            sum[i] += w * (double)m[i];
    }
    for (uint64_t i = 0; i < n; i++)
        j->out[at + i] = (float)(sum[i] / all);
}

static int apply(const struct merge_job *j, struct err *e)
{
    uint64_t n = j->rows * j->cols;
    double all = 0;

    (void)e;
    for (int k = 0; k < j->models; k++)
        all += j->args->weight[k];
    for (uint64_t i = 0; i < n; i += BLOCK)
        block(j, j->args->normalize ? all : 1, i, n - i < BLOCK ? n - i : BLOCK);
    return 0;
}

static const struct opt opts[] = {MERGE_WEIGHT, MERGE_NORMALIZE, OPT_END};

const struct merge_method merge_linear = {.name = "linear",
                                          .brief = "weighted average",
                                          .opts = opts,
                                          .least = 1,
                                          .unit = MERGE_ROWS,
                                          .normalize = 1,
                                          .apply = apply};

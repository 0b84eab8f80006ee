/*
 * linear: out = sum_i w_i m_i, divided by sum_i w_i where normalize says so. With equal weights the uniform soup of Wortsman and
 * others 2022, "Model soups", section 2; with two models and weights 1 - a, a the interpolation of WiSE-FT.
 * Sums are f64 in the order of the operands and rounded once.
 */
#include <stddef.h>

#include "merge/merge.h"

static int apply(const struct merge_job *j, struct err *e)
{
    double all = 0;

    (void)e;
    for (int k = 0; k < j->models; k++)
        all += j->args->weight[k];
    if (!j->args->normalize)
        all = 1;
    for (uint64_t i = 0; i < j->rows * j->cols; i++) {
        double sum = 0;

        for (int k = 0; k < j->models; k++)
            sum += j->args->weight[k] * (double)j->model[k][i];
        j->out[i] = (float)(sum / all);
    }
    return 0;
}

const struct merge_method merge_linear = {"linear", "weighted average", MERGE_WEIGHT | MERGE_NORMALIZE, 0, 1, 0, MERGE_ROWS,
                                          {.normalize = 1}, apply, NULL};

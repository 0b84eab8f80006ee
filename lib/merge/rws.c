/*
 * rws: operands are the target T, an initial model I, one trained on clean data C, and robust ones R_k. With c = C - I and r_k = R_k - I the
 * signature of R_k is s_k = r_k - (<r_k, c> / <c, c>) c: what it learned beyond C; out = T + alpha sum_k w_k s_k.
 * Cai and others 2023, "Robust weight signatures", section 3.
 */
#include <stddef.h>

#include "merge/merge.h"

/* <r, c> over rows in a fixed order, r and c differences from a */
static double product(const struct merge_job *j, const float *r, const float *c, const float *a)
{
    double sum = 0;

    for (uint64_t i = 0; i < j->rows; i++) {
        double row = 0;

        for (uint64_t k = i * j->cols; k < (i + 1) * j->cols; k++)
            row += ((double)r[k] - (double)a[k]) * ((double)c[k] - (double)a[k]);
        sum += row;
    }
    return sum;
}

static int apply(const struct merge_job *j, struct err *e)
{
    const float *init = j->model[0], *clean = j->model[1];
    double cc = product(j, clean, clean, init);

    (void)e;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->out[i] = j->base[i];
    for (int k = 2; k < j->models; k++) {
        const float *robust = j->model[k];
        double by = cc > 0 ? product(j, robust, clean, init) / cc : 0, w = j->args->alpha * j->args->weight[k];

        for (uint64_t i = 0; i < j->rows * j->cols; i++) {
            double c = (double)clean[i] - (double)init[i], r = (double)robust[i] - (double)init[i];

            j->out[i] = (float)((double)j->out[i] + w * (r - by * c));
        }
    }
    return 0;
}

const struct merge_method merge_rws = {"rws", "what robust models learned beyond a clean one, added to a target", MERGE_WEIGHT | MERGE_ALPHA, 1, 3, 0,
                                       MERGE_TENSOR, {.alpha = 1}, apply, NULL};

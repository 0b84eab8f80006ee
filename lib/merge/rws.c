/*
 * rws: operands are the target T, an initial model I, one trained on clean data C, and robust ones R_k. With c = C - I
 * and r_k = R_k - I the signature of R_k is s_k = r_k - (<r_k, c> / <c, c>) c: what it learned beyond C; out = T +
 * alpha sum_k w_k s_k. Cai and others 2023, "Robust weight signatures", section 3.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "merge/options.h"

static double alpha = 1;

/* <c, c>, and <r_k, c> of each robust model k */
struct products {
    double cc, rc[];
};

static void *begin(const struct merge_job *whole)
{
    return mem_new(1, sizeof(struct products) + (size_t)whole->models * sizeof(double));
}

/* <r, c> is added to sum row by row, r and c differences from a */
static double product(double sum, const struct merge_job *j, const float *r, const float *c, const float *a)
{
    for (uint64_t i = 0; i < j->rows; i++) {
        double row = 0;

        for (uint64_t k = i * j->cols; k < (i + 1) * j->cols; k++)
            row += ((double)r[k] - (double)a[k]) * ((double)c[k] - (double)a[k]);
        sum += row;
    }
    return sum;
}

static void see(void *seen, const struct merge_job *j, int pass)
{
    const float *init = j->model[0], *clean = j->model[1];
    struct products *p = seen;

    (void)pass;
    p->cc = product(p->cc, j, clean, clean, init);
    for (int k = 2; k < j->models; k++)
        p->rc[k] = product(p->rc[k], j, j->model[k], clean, init);
}

static int apply(const struct merge_job *j, struct err *e)
{
    const float *init = j->model[0], *clean = j->model[1];
    const struct products *p = j->seen;

    (void)e;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->out[i] = j->base[i];
    for (int k = 2; k < j->models; k++) {
        const float *robust = j->model[k];
        double by = p->cc > 0 ? p->rc[k] / p->cc : 0, w = alpha * j->args->weight[k];

        for (uint64_t i = 0; i < j->rows * j->cols; i++) {
            double c = (double)clean[i] - (double)init[i], r = (double)robust[i] - (double)init[i];

            j->out[i] = (float)((double)j->out[i] + w * (r - by * c));
        }
    }
    return 0;
}

static const struct merge_survey survey = {1, begin, see, NULL, free};

static const struct opt opts[] = {MERGE_WEIGHT,
                                  {.name = "alpha",
                                   .arg = "A",
                                   .kind = OPT_F64,
                                   .to = &alpha,
                                   .lo = -INFINITY,
                                   .hi = INFINITY,
                                   .help = "factor of the signatures"},
                                  OPT_END};

const struct merge_method merge_rws = {.name = "rws",
                                       .brief = "what robust models learned beyond a clean one, added to a target",
                                       .opts = opts,
                                       .base = 1,
                                       .least = 3,
                                       .unit = MERGE_TENSOR,
                                       .apply = apply,
                                       .survey = &survey};

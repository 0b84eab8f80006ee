/*
 * eva: ranks where they explain most of the inputs' variance. r_k = l_k / sum of l, l the eigenvalues of the gram about
 * the mean, descending; the largest ratios of all tensors get a rank each, until the budget is met; no tensor gets more
 * than rho times the uniform rank. By ranks a tensor may get none; by numbers each has at least one, as it must be
 * something. Paischer et al. 2024, One initialization to rule them all (EVA), section 3.3, rho = 2. There for adapters;
 * to share out the ranks of products is ours. q, k and v, which have one gram, tie by their order.
 */
#include <math.h>
#include <stdlib.h>

#include "alloc/alloc.h"
#include "la/eigh.h"

static double rho = 2;

static const struct opt opts[] = {
    {0, "rho", "F", OPT_F64 | OPT_ABOVE, &rho, "no rank above F times the uniform one", 0, 0, INFINITY}, OPT_END};

static int see(struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    double *h = mem_new(t->cols * t->cols, sizeof *h), sum = 0;
    uint64_t same = alloc_uniform_rank(j, t), small = t->rows < t->cols ? t->rows : t->cols;
    double cap = floor(rho * (same == ALLOC_DENSE ? (double)small : (double)same));
    int rc;

    for (uint64_t i = 0; i < t->cols * t->cols; i++)
        h[i] = v->gram[i] - (double)v->mean[i / t->cols] * (double)v->mean[i % t->cols];
    t->value = mem_new(t->cols, sizeof *t->value);
    rc = eigh(t->cols, h, t->value, 0, NULL, e);
    free(h);
    if (rc < 0)
        return -1;
    for (uint64_t k = 0; k < t->cols / 2; k++) { /* largest first */
        double swap = t->value[k];

        t->value[k] = t->value[t->cols - 1 - k];
        t->value[t->cols - 1 - k] = swap;
    }
    for (uint64_t k = 0; k < t->cols; k++)
        sum += t->value[k] = t->value[k] > 0 ? t->value[k] : 0;
    for (uint64_t k = 0; k < t->cols; k++)
        t->value[k] = sum > 0 ? t->value[k] / sum : 0;
    t->values = cap < (double)small ? (uint64_t)cap : small;
    return 0;
}

static int decide(struct alloc_job *j, struct err *e)
{
    return alloc_top(j, !j->by_rank, e);
}

const struct alloc_method alloc_eva = {.name = "eva",
                                       .brief = "ranks where they explain most of the inputs' variance (EVA)",
                                       .kinds = ALLOC_RANK,
                                       .needs = ALLOC_GRAM | ALLOC_MEAN,
                                       .opts = opts,
                                       .see = see,
                                       .decide = decide};

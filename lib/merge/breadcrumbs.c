/*
 * breadcrumbs: of each model's changes the floor(gamma n) largest go, of the others the floor(density n) largest stay,
 * by tensor or by row; what stays is summed as by task.
 * Davari, Belilovsky 2023, "Model breadcrumbs", section 3.
 */
#include <stddef.h>

#include "merge/delta.h"

static void *begin(const struct merge_job *whole)
{
    struct delta_sieve *s = delta_sieve_new(whole->models);
    uint64_t n = whole->rows * whole->cols;

    for (int k = 0; k < whole->models; k++)
        delta_sieve_set(s, k, n, delta_count(whole->args->gamma, n), delta_count(whole->args->density[k], n));
    return s;
}

static int apply(const struct merge_job *j, struct err *e)
{
    uint64_t n = j->cols;

    (void)e;
    delta_take(j);
    if (!j->args->by_row)
        delta_sieve_trim(j->seen, j);
    for (int k = 0; k < j->models && j->args->by_row; k++)
        for (uint64_t row = 0; row < j->rows; row++)
            delta_trim(j->model[k] + row * n, n, delta_count(j->args->gamma, n), delta_count(j->args->density[k], n));
    delta_sum(j, 0);
    return 0;
}

static const struct merge_survey survey = {2, begin, delta_sieve_see, delta_sieve_next, delta_sieve_free};

const struct merge_method merge_breadcrumbs = {"breadcrumbs",
                                               "neither the largest nor the smallest changes, summed",
                                               MERGE_WEIGHT | MERGE_NORMALIZE | MERGE_DENSITY | MERGE_LAMBDA |
                                                   MERGE_GAMMA | MERGE_SCOPE,
                                               1,
                                               1,
                                               0,
                                               MERGE_ROWS,
                                               {.lambda = 1, .gamma = 0.01},
                                               apply,
                                               NULL,
                                               &survey};

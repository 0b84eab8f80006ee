/*
 * ties: of each model's changes the floor(density n) largest of the tensor stay; at each place the sign of their weighted sum is elected,
 * and what agrees with it is averaged.
 * Yadav and others 2023, "TIES-Merging", algorithm 1.
 */
#include <stddef.h>

#include "base/par.h"
#include "merge/delta.h"

static void trim(void *ctx, size_t k)
{
    const struct merge_job *j = ctx;
    uint64_t n = j->rows * j->cols;

    delta_trim(j->model[k], n, 0, delta_count(j->args->density[k], n));
}

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    delta_take(j);
    par_for((size_t)j->models, trim, (void *)j);
    delta_sum(j, 1);
    return 0;
}

const struct merge_method merge_ties = {"ties", "the largest changes, those of the elected sign", MERGE_WEIGHT | MERGE_NORMALIZE | MERGE_DENSITY | MERGE_LAMBDA,
                                        1, 1, 0, MERGE_TENSOR, {.lambda = 1, .normalize = 1}, apply, NULL};

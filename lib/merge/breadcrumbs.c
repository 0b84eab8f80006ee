/*
 * breadcrumbs: of each model's changes the floor(gamma n) largest go, of the others the floor(density n) largest stay, by tensor or by row; what
 * stays is summed as by task.
 * Davari, Belilovsky 2023, "Model breadcrumbs", section 3.
 */
#include <stddef.h>

#include "merge/delta.h"

static int apply(const struct merge_job *j, struct err *e)
{
    uint64_t all = j->rows * j->cols, n = j->args->by_row ? j->cols : all;

    (void)e;
    delta_take(j);
    for (int k = 0; k < j->models; k++)
        for (uint64_t at = 0; at < all; at += n)
            delta_trim(j->model[k] + at, n, delta_count(j->args->gamma, n), delta_count(j->args->density[k], n));
    delta_sum(j, 0);
    return 0;
}

const struct merge_method merge_breadcrumbs = {
    "breadcrumbs", "neither the largest nor the smallest changes, summed",
    MERGE_WEIGHT | MERGE_NORMALIZE | MERGE_DENSITY | MERGE_LAMBDA | MERGE_GAMMA | MERGE_SCOPE,
    1, 1, 0, MERGE_ROWS, {.lambda = 1, .gamma = 0.01}, apply, NULL};

/*
 * ties: of each model's changes the floor(density n) largest of the tensor stay; at each place the sign of their
 * weighted sum is elected, and what agrees with it is averaged.
 * Yadav and others 2023, "TIES-Merging", algorithm 1.
 */
#include <stddef.h>

#include "merge/delta.h"
#include "merge/options.h"

static void *begin(const struct merge_job *whole)
{
    struct delta_sieve *s = delta_sieve_new(whole->models);
    uint64_t n = whole->rows * whole->cols;

    for (int k = 0; k < whole->models; k++)
        delta_sieve_set(s, k, n, 0, delta_count(whole->args->density[k], n));
    return s;
}

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    delta_take(j);
    delta_sieve_trim(j->seen, j);
    delta_sum(j, 1);
    return 0;
}

static const struct merge_survey survey = {2, begin, delta_sieve_see, delta_sieve_next, delta_sieve_free};

static const struct opt opts[] = {MERGE_WEIGHT, MERGE_NORMALIZE, MERGE_DENSITY, MERGE_LAMBDA, OPT_END};

const struct merge_method merge_ties = {.name = "ties",
                                        .brief = "the largest changes, those of the elected sign",
                                        .opts = opts,
                                        .base = 1,
                                        .least = 1,
                                        .unit = MERGE_TENSOR,
                                        .normalize = 1,
                                        .apply = apply,
                                        .survey = &survey};

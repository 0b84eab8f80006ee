/*
 * dare-ties: each change stays with probability density and is then divided by it; signs are elected and what agrees is
 * summed as by ties. Yu and others 2023, "Language models are super Mario", sections 3.1 and 3.3.
 */
#include <stdlib.h>

#include "merge/delta.h"

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    delta_take(j);
    for (int k = 0; k < j->models; k++) {
        delta_drop(j, k);
        level_apply(j->seen, j, k);
    }
    delta_sum(j, 1);
    return 0;
}

static void see(void *seen, const struct merge_job *j, int pass)
{
    (void)pass;
    level_see(seen, j, delta_drop);
}

static const struct merge_survey survey = {1, level_begin, see, NULL, free};

const struct merge_method merge_dare_ties = {"dare-ties",
                                             "changes kept by chance and scaled up, those of the elected sign",
                                             MERGE_WEIGHT | MERGE_NORMALIZE | MERGE_DENSITY | MERGE_LAMBDA |
                                                 MERGE_RESCALE | MERGE_SEED,
                                             1,
                                             1,
                                             0,
                                             MERGE_ROWS,
                                             {.lambda = 1, .rescale = MERGE_BY_CHANCE},
                                             apply,
                                             NULL,
                                             &survey};

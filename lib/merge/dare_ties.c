/*
 * dare-ties: each change stays with probability density and is then divided by it; signs are elected and what agrees is
 * summed as by ties. Yu and others 2023, "Language models are super Mario", sections 3.1 and 3.3.
 */
#include "merge/delta.h"
#include "merge/options.h"

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    level_merge(j, delta_drop, 1);
    return 0;
}

static const struct opt opts[] = {MERGE_WEIGHT,  MERGE_NORMALIZE, MERGE_DENSITY, MERGE_LAMBDA,
                                  MERGE_RESCALE, MERGE_SEED,      OPT_END};

const struct merge_method merge_dare_ties = {.name = "dare-ties",
                                             .brief = "changes kept by chance and scaled up, those of the elected sign",
                                             .opts = opts,
                                             .base = 1,
                                             .least = 1,
                                             .unit = MERGE_ROWS,
                                             .rescale = MERGE_BY_CHANCE,
                                             .apply = apply,
                                             .survey = &level_survey};

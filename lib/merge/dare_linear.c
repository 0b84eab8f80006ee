/*
 * dare-linear: each change stays with probability density and is then divided by it; what stays is summed as by task.
 * Yu and others 2023, "Language models are super Mario", section 3.1.
 */
#include "merge/delta.h"
#include "merge/options.h"

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    level_merge(j, delta_drop, 0);
    return 0;
}

static const struct opt opts[] = {MERGE_WEIGHT,  MERGE_NORMALIZE, MERGE_DENSITY, MERGE_LAMBDA,
                                  MERGE_RESCALE, MERGE_SEED,      OPT_END};

const struct merge_method merge_dare_linear = {.name = "dare-linear",
                                               .brief = "changes kept by chance and scaled up, summed",
                                               .opts = opts,
                                               .base = 1,
                                               .least = 1,
                                               .unit = MERGE_ROWS,
                                               .rescale = MERGE_BY_CHANCE,
                                               .apply = apply,
                                               .survey = &level_survey};

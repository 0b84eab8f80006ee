/*
 * reap: an expert's score is the mean over the tokens that were sent to it of router weight times norm of its output:
 * the key reap of the linear that ends it. One that saw no token has 0 and goes first.
 * Lasby et al. 2025, REAP the Experts: Why Pruning Prevails for One-Shot MoE Compression: the score of section 4.
 */
#include <string.h>

#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    (void)e;
    memcpy(j->score, j->given, j->units * sizeof *j->score);
    return 0;
}

const struct shrink_method shrink_reap = {.name = "reap",
                                          .brief = "experts whose outputs, weighed by the router, are small (REAP)",
                                          .what = SHRINK_EXPERTS,
                                          .normal = SHRINK_EXPERTS,
                                          .needs_experts = SHRINK_REAP,
                                          .apply = apply};

/*
 * task: out = base + lambda * sum_k w_k (m_k - base).
 * Ilharco and others 2022, "Editing models with task arithmetic", section 2 (addition; a negative weight is their
 * negation).
 */
#include <stddef.h>

#include "merge/delta.h"
#include "merge/options.h"

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    delta_take(j);
    delta_sum(j, 0);
    return 0;
}

static const struct opt opts[] = {MERGE_WEIGHT, MERGE_NORMALIZE, MERGE_LAMBDA, OPT_END};

const struct merge_method merge_task = {.name = "task",
                                        .brief = "base plus the weighted changes of the models",
                                        .opts = opts,
                                        .base = 1,
                                        .least = 1,
                                        .unit = MERGE_ROWS,
                                        .apply = apply};

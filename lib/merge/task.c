/*
 * task: out = base + lambda * sum_k w_k (m_k - base).
 * Ilharco and others 2022, "Editing models with task arithmetic", section 2 (addition; a negative weight is their
 * negation).
 */
#include <stddef.h>

#include "merge/delta.h"

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    delta_take(j);
    delta_sum(j, 0);
    return 0;
}

const struct merge_method merge_task = {"task",
                                        "base plus the weighted changes of the models",
                                        MERGE_WEIGHT | MERGE_NORMALIZE | MERGE_LAMBDA,
                                        1,
                                        1,
                                        0,
                                        MERGE_ROWS,
                                        {.lambda = 1},
                                        apply,
                                        NULL,
                                        NULL};

/*
 * score: the weights of least score go, those that stay keep their bytes. With scores of wanda by row this is Sun et
 * al. 2023, algorithm 1; with magnitude, one-shot magnitude pruning.
 */
#include "prune/prune.h"

static int apply(struct prune_job *j, struct err *e)
{
    (void)e;
    if (j->sieve)
        pattern_mark_rows(j->pattern, j->sieve, j->score, j->rows, j->cols, j->mask);
    else
        pattern_mask_rows(j->pattern, j->score, j->rows, j->cols, j->mask);
    return 0;
}

const struct prune_method prune_score = {
    .name = "score", .brief = "the least of the score companion go", .needs = PRUNE_SCORE, .apply = apply};

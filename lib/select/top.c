/* top: the greatest scores first. key = score. */
#include "select/select.h"

static double key(struct rng r, double score)
{
    (void)r;
    return score;
}

const struct select_method select_top = {
    .name = "top", .brief = "the greatest scores", .needs = SELECT_SCORE, .key = key};

/* top: the greatest scores first. key = score. */
#include "select/select.h"

static double key(const struct select_args *a, struct rng r, double score)
{
    (void)a;
    (void)r;
    return score;
}

const struct select_method select_top = {"top", "the greatest scores", SELECT_SCORE, key, NULL, NULL};

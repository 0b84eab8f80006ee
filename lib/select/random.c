/* random: every record alike; the control for every other method. key = a uniform number of (seed, id). */
#include "select/select.h"

static double key(const struct select_args *a, struct rng r, double score)
{
    (void)a;
    (void)score;
    return rng_unit(r, 0);
}

const struct select_method select_random = {"random", "at random, all alike", 0, key, NULL, NULL};

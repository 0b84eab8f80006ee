/* random: every record alike; the control for every other method. key = a uniform number of (seed, id). */
#include "select/select.h"

static double key(struct rng r, double score)
{
    (void)score;
    return rng_unit(r, 0);
}

static const struct opt opts[] = {SELECT_SEED, OPT_END};

const struct select_method select_random = {
    .name = "random", .brief = "at random, all alike", .opts = opts, .key = key};

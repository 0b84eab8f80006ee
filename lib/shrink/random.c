/* random: experts by lot, keyed by (seed, layer, expert): what the other methods must be better than. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    char name[40];
    struct rng r;

    (void)e;
    snprintf(name, sizeof name, "layer %lld", (long long)j->layer);
    r = rng_make(j->seed, name, strlen(name));
    for (uint64_t u = 0; u < j->units; u++)
        j->score[u] = rng_unit(r, u);
    return 0;
}

const struct shrink_method shrink_random = {
    "random", "experts by lot (--seed)", SHRINK_EXPERTS, SHRINK_EXPERTS, 0, 0, 0, 0, 0, apply};

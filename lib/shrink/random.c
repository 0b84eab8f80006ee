/* random: experts by lot, keyed by (seed, layer, expert): what the other methods must be better than. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "shrink/shrink.h"

static uint64_t seed;

static const struct opt opts[] = {{0, "seed", "N", OPT_U64, &seed, "another number, other experts", 0}, OPT_END};

static int apply(struct shrink_job *j, struct err *e)
{
    char name[40];
    struct rng r;

    (void)e;
    snprintf(name, sizeof name, "layer %lld", (long long)j->layer);
    r = rng_make(seed, name, strlen(name));
    for (uint64_t u = 0; u < j->units; u++)
        j->score[u] = rng_unit(r, u);
    return 0;
}

const struct shrink_method shrink_random = {.name = "random",
                                            .brief = "experts by lot (--seed)",
                                            .what = SHRINK_EXPERTS,
                                            .normal = SHRINK_EXPERTS,
                                            .opts = opts,
                                            .apply = apply};

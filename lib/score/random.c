/*
 * random: uniform in [0, 1), keyed by (seed, tensor name, index of the weight in the tensor): the control that every
 * other method has to beat, and the mask of sparse training from scratch.
 */
#include <string.h>

#include "base/rng.h"
#include "score/score.h"

static uint64_t seed;

static const struct opt opts[] = {{0, "seed", "N", OPT_U64, &seed, "another number, other scores", 0}, OPT_END};

static int apply(const struct score_job *j, struct err *e)
{
    struct rng r = rng_make(seed, j->name, strlen(j->name));

    (void)e;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->score[i] = (float)(rng_u64(r, j->row0 * j->cols + i) >> 40) * 0x1p-24f;
    return 0;
}

const struct score_method score_random = {.name = "random",
                                          .brief = "uniform, by --seed",
                                          .scope = SCORE_BY_TENSOR,
                                          .each = SCORE_WEIGHT,
                                          .opts = opts,
                                          .apply = apply};

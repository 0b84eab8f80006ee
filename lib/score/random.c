/*
 * random: uniform in [0, 1), keyed by (seed, tensor name, index of the weight in the tensor): the control that every
 * other method has to beat, and the mask of sparse training from scratch.
 */
#include <string.h>

#include "base/rng.h"
#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    struct rng r = rng_make(j->seed, j->name, strlen(j->name));

    (void)e;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->score[i] = (float)(rng_u64(r, j->row0 * j->cols + i) >> 40) * 0x1p-24f;
    return 0;
}

const struct score_method score_random = {"random", "uniform, by --seed", 0, SCORE_BY_TENSOR, SCORE_WEIGHT, 0, 0,
                                          apply};

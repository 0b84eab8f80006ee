/*
 * score: by the companion score of the linear that reads the units (attn.o, mlp.down), whatever wscore put there: the mean over a unit's weights, or over its
 * channels. With wanda this is FLAP's WIFN (An et al. 2023, equation 3 with the input's norm); with minitron, Minitron's.
 */
#include <string.h>

#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    (void)e;
    memcpy(j->score, j->given, j->units * sizeof *j->score);
    return 0;
}

const struct shrink_method shrink_score = {"score", "units whose weights or channels have the least of the companion score", SHRINK_HEADS | SHRINK_CHANNELS,
                                           SHRINK_CHANNELS, 0, SHRINK_SCORE, SHRINK_SCORE, 0, apply};

/*
 * score: by the companion score, whatever wscore put there. Heads and channels by that of the linear that reads them
 * (attn.o, mlp.down): the mean over a unit's weights, or over its channels; with wanda this is FLAP's WIFN (An et al.
 * 2023, equation 3 with the input's norm), with minitron Minitron's. Layers by the mean over all weights of their
 * linears; with bi this is drop.
 */
#include <string.h>

#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    (void)e;
    memcpy(j->score, j->given, j->units * sizeof *j->score);
    return 0;
}

const struct shrink_method shrink_score = {.name = "score",
                                           .brief = "layers, heads or channels of the least companion score",
                                           .what = SHRINK_LAYERS | SHRINK_HEADS | SHRINK_CHANNELS,
                                           .normal = SHRINK_CHANNELS,
                                           .needs_layers = SHRINK_SCORE,
                                           .needs_heads = SHRINK_SCORE,
                                           .needs_channels = SHRINK_SCORE,
                                           .apply = apply};

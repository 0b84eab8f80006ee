/*
 * minitron: how large a unit's activations are: of a channel mean |x|; of heads the root of the mean over tokens of
 * |a|^2, a their outputs side by side; of a hidden channel the sum over the norms of all layers of the mean of |LN(x)|.
 * Muralidharan et al. 2024, Compact Language Models via Pruning and Knowledge Distillation, section 2.2, equation 1.
 */
#include <math.h>

#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    (void)e;
    for (uint64_t u = 0; u < j->units; u++) {
        double sum = 0;

        if (j->what == SHRINK_HIDDEN)
            sum = j->given[u];
        else if (j->what == SHRINK_CHANNELS)
            sum = (double)j->absmean[u];
        else
            for (uint64_t k = 0; k < j->width; k++)
                sum += (double)j->norm2[u * j->width + k];
        j->score[u] = j->what == SHRINK_HEADS ? sqrt(sum) : sum;
    }
    return 0;
}

const struct shrink_method shrink_minitron = {.name = "minitron",
                                              .brief = "units whose activations are small (Minitron)",
                                              .what = SHRINK_HEADS | SHRINK_CHANNELS | SHRINK_HIDDEN,
                                              .normal = SHRINK_CHANNELS,
                                              .needs_heads = SHRINK_NORM2,
                                              .needs_channels = SHRINK_ABSMEAN,
                                              .apply = apply};

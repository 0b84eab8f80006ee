/*
 * minitron: how large the activations of each input channel are: mean |x| of MLP channels and of the hidden channels
 * that come from a norm; of heads the root of the mean over tokens of |a|^2, a their output, for each of their
 * channels. Muralidharan et al. 2024, Compact Language Models via Pruning and Knowledge Distillation, section 2.2,
 * equation 1. Means over all tokens, where the paper has l2 over the batch and mean over the sequence.
 */
#include <math.h>

#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    const struct score_known *k = j->known;

    (void)e;
    for (uint64_t c = 0; c < j->cols; c += k->width) {
        double sum = 0;

        for (uint64_t i = c; k->norm2 && i < c + k->width; i++)
            sum += (double)k->norm2[i];
        for (uint64_t i = c; i < c + k->width; i++)
            j->score[i] = k->norm2 ? (float)sqrt(sum) : k->absmean[i];
    }
    return 0;
}

const struct score_method score_minitron = {.name = "minitron",
                                            .brief =
                                                "activations of input channels: mean |x|; of heads their rms length",
                                            .needs = SCORE_UNITS,
                                            .scope = SCORE_BY_TENSOR,
                                            .each = SCORE_COLUMN,
                                            .apply = apply};

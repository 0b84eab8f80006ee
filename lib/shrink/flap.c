/*
 * flap: WIFV, how much an input fluctuates, times what the weight makes of it: S_j = Var(x_j) |W_:j|^2; of heads the
 * mean over their channels. An et al. 2023, Fluctuation-based Adaptive Structured Pruning for Large Language Models,
 * equations 4 and 5. Var is norm2 - mean^2, the variance over all tokens, where the released code takes a running one
 * that leaves out the first batch. The same number of units goes from every layer, so there are no scores to
 * standardise across layers.
 */
#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    uint64_t cols = j->units * j->width;

    (void)e;
    for (uint64_t u = 0; u < j->units; u++) {
        double sum = 0;

        for (uint64_t c = u * j->width; c < (u + 1) * j->width; c++) {
            double var = (double)j->norm2[c] - (double)j->mean[c] * (double)j->mean[c], size = 0;

            for (uint64_t r = 0; r < j->rows; r++)
                size += (double)j->w[r * cols + c] * (double)j->w[r * cols + c];
            sum += var > 0 ? var * size : 0; /* below 0 only by rounding */
        }
        j->score[u] = sum / (double)j->width;
    }
    return 0;
}

const struct shrink_method shrink_flap = {.name = "flap",
                                          .brief = "units whose outputs hardly fluctuate (FLAP)",
                                          .what = SHRINK_HEADS | SHRINK_CHANNELS,
                                          .normal = SHRINK_CHANNELS,
                                          .needs_heads = SHRINK_NORM2 | SHRINK_MEAN,
                                          .needs_channels = SHRINK_NORM2 | SHRINK_MEAN,
                                          .apply = apply};

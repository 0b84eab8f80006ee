/*
 * bi: block influence of the tensor's layer, 1 - mean over tokens of cos(state before it, state after it).
 * Men et al. 2024, ShortGPT, equation 1; Muralidharan et al. 2024 (Minitron), section 2.2.
 */
#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    (void)e;
    *j->score = (float)j->known->bi;
    return 0;
}

const struct score_method score_bi = {.name = "bi",
                                      .brief = "block influence of the layer",
                                      .needs = SCORE_BI,
                                      .scope = SCORE_BY_MODEL,
                                      .each = SCORE_TENSOR,
                                      .apply = apply};

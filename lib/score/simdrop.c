/*
 * simdrop: the influence of the tensor's sub-layer, attention or MLP: 1 - mean over tokens of cos(X, Y), X the state
 * before its norm, Y = X + sublayer(norm(X)). He et al. 2024, What Matters in Transformers? Not All Attention is Needed
 * (LLM-Drop), section 3, layer drop.
 */
#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    (void)e;
    *j->score = (float)j->known->bi;
    return 0;
}

const struct score_method score_simdrop = {.name = "simdrop",
                                           .brief = "influence of the sub-layer, attention or MLP",
                                           .needs = SCORE_BI_SUB,
                                           .scope = SCORE_BY_MODEL,
                                           .each = SCORE_TENSOR,
                                           .apply = apply};

/*
 * drop: a layer's score is its block influence, 1 - the mean over tokens of cos(state before it, state after it).
 * He et al. 2024, What Matters in Transformers? Not All Attention is Needed (LLM-Drop), section 3, block drop; Men et
 * al. 2024, ShortGPT.
 */
#include <string.h>

#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    (void)e;
    memcpy(j->score, j->given, j->units * sizeof *j->score);
    return 0;
}

const struct shrink_method shrink_drop = {.name = "drop",
                                          .brief = "layers whose states come out as they went in (LLM-Drop, ShortGPT)",
                                          .what = SHRINK_LAYERS,
                                          .normal = SHRINK_LAYERS,
                                          .needs_layers = SHRINK_BI,
                                          .apply = apply};

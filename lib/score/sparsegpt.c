/*
 * sparsegpt: W_ij^2 / [H^-1]_jj, what the output loses when this weight alone goes and its row makes up for it; H the
 * damped gram. Frantar and Alistarh 2023, "SparseGPT", equation 3 (LeCun et al. 1989, Hassibi and Stork 1992); so Sun
 * et al. 2023 (Wanda), table 1, write the metric. SparseGPT's algorithm has U_jj^2 there, H^-1 being that of the
 * columns not yet decided: wprune -m sparsegpt does that, and this is the score at its beginning. An input that was
 * never active scores 0.
 */
#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    const float *inverse = j->known->inverse;

    (void)e;
    for (uint64_t r = 0; r < j->rows; r++)
        for (uint64_t c = 0; c < j->cols; c++) {
            double w = (double)j->w[r * j->cols + c];

            j->score[r * j->cols + c] = inverse[c] > 0 ? (float)(w * w / (double)inverse[c]) : 0;
        }
    return 0;
}

const struct score_method score_sparsegpt = {.name = "sparsegpt",
                                             .brief = "W^2 / [H^-1]_jj",
                                             .needs = SCORE_INVERSE,
                                             .scope = SCORE_BY_TENSOR,
                                             .each = SCORE_WEIGHT,
                                             .apply = apply};

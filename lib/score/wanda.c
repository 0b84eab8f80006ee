/*
 * wanda: |W[i][j]| times the root mean square of input channel j.
 * Sun et al. 2023, "A simple and effective pruning approach for large language models", equation 1. The paper has the
 * l2 norm of the channel where we have its root mean square: a factor that all scores of a tensor share, and that does
 * not grow with the number of calibration tokens, so scores of two tensors or runs compare.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    float *rms = mem_new(j->cols, sizeof *rms);

    (void)e;
    for (uint64_t c = 0; c < j->cols; c++)
        rms[c] = sqrtf(j->known->norm2[c]);
    for (uint64_t r = 0; r < j->rows; r++)
        for (uint64_t c = 0; c < j->cols; c++)
            j->score[r * j->cols + c] = fabsf(j->w[r * j->cols + c]) * rms[c];
    free(rms);
    return 0;
}

const struct score_method score_wanda = {.name = "wanda",
                                         .brief = "|W| * sqrt(norm2)",
                                         .needs = SCORE_NORM2,
                                         .scope = SCORE_BY_ROW,
                                         .each = SCORE_WEIGHT,
                                         .apply = apply};

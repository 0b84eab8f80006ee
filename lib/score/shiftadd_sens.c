/*
 * shiftadd-sens: how sensitive a tensor is to few bits: |V|_F std(V)^2, V_ij = W_ij / U_jj, U the upper Cholesky factor
 * of H^-1, H the damped gram. You et al. 2024, ShiftAddLLM: Accelerating Pretrained LLMs via Post-Training
 * Multiplication-Less Reparameterization, section 4.3. std is over all entries, n - 1 below the sum of squares. H is
 * the mean of xx', so all scores differ from those of a sum over tokens by one factor. Inputs that were never active
 * count as 0.
 */
#include <math.h>

#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    const float *pivot = j->known->pivot;
    double n = (double)j->rows * (double)j->cols, sum = 0, squares = 0, spread = 0;

    (void)e;
    for (int pass = 0; pass < 2; pass++)
        for (uint64_t r = 0; r < j->rows; r++)
            for (uint64_t c = 0; c < j->cols; c++) {
                double v = pivot[c] > 0 ? (double)j->w[r * j->cols + c] / (double)pivot[c] : 0;

                if (pass == 0) {
                    sum += v;
                    squares += v * v;
                } else {
                    spread += (v - sum / n) * (v - sum / n);
                }
            }
    *j->score = n > 1 ? (float)(sqrt(squares) * (spread / (n - 1))) : 0;
    return 0;
}

const struct score_method score_shiftadd_sens = {.name = "shiftadd-sens",
                                                 .brief = "sensitivity of the tensor to few bits",
                                                 .needs = SCORE_INVERSE,
                                                 .scope = SCORE_BY_MODEL,
                                                 .each = SCORE_TENSOR,
                                                 .whole = 1,
                                                 .apply = apply};

/* magnitude: |W|. Han et al. 2015, "Learning both weights and connections for efficient neural networks", section 3.1.
 * */
#include <math.h>

#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    (void)e;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->score[i] = fabsf(j->w[i]);
    return 0;
}

const struct score_method score_magnitude = {
    .name = "magnitude", .brief = "|W|", .scope = SCORE_BY_TENSOR, .each = SCORE_WEIGHT, .apply = apply};

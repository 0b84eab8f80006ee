/*
 * lamp: w^2 over the sum of the squares of all weights of the tensor that are not smaller: what removing it costs,
 * relative to what would then still be there; made to be compared across tensors (wprune --scope model).
 * Lee et al. 2021, "Layer-adaptive sparsity for the magnitude-based pruning", equation 1.
 * Equal magnitudes are ordered by index. Sums are f64, from the greatest down. A tensor of zeros scores 0.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/pick.h"
#include "score/score.h"

static int apply(const struct score_job *j, struct err *e)
{
    uint64_t n = j->rows * j->cols;
    uint32_t *order = mem_resize(NULL, n, sizeof *order);
    double sum = 0;

    (void)e;
    for (uint64_t i = 0; i < n; i++)
        j->score[i] = fabsf(j->w[i]);
    pick_sort(j->score, n, order);
    for (uint64_t i = n; i-- > 0;) {
        double square = (double)j->w[order[i]] * j->w[order[i]];

        sum += square;
        j->score[order[i]] = sum > 0 ? (float)(square / sum) : 0;
    }
    free(order);
    return 0;
}

const struct score_method score_lamp = {.name = "lamp",
                                        .brief = "w^2 / sum of the squares not below it",
                                        .scope = SCORE_BY_MODEL,
                                        .each = SCORE_WEIGHT,
                                        .whole = 1,
                                        .apply = apply};

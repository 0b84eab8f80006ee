/*
 * dimap: W^2 over the sum of the squares of all weights of the module that are not smaller: lamp, with a module of a
 * layer (q, k and v; attn.o; the MLP's linears) in place of a tensor. He and Zhou 2024, "Data-independent Module-aware
 * Pruning for Hierarchical Vision Transformers", equation of Imp. Weights of equal size score the same: each has all of
 * them in its sum. A module of zeros scores 0.
 */
#include <math.h>

#include "score/score.h"

/* The first place whose size is not below v. */
static uint64_t place(const struct score_pool *p, float v)
{
    uint64_t low = 0, high = p->n;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (p->size[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int apply(const struct score_job *j, struct err *e)
{
    const struct score_pool *p = j->known->pool;

    (void)e;
    for (uint64_t i = 0; i < j->rows * j->cols; i++) {
        double square = (double)j->w[i] * (double)j->w[i], rest = p->rest[place(p, fabsf(j->w[i]))];

        j->score[i] = rest > 0 ? (float)(square / rest) : 0;
    }
    return 0;
}

const struct score_method score_dimap = {.name = "dimap",
                                         .brief = "w^2 / sum of the squares of the module not below it",
                                         .needs = SCORE_POOL,
                                         .scope = SCORE_BY_MODEL,
                                         .each = SCORE_WEIGHT,
                                         .apply = apply};

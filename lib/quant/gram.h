/*
 * gram: affine codes by the second moments of the inputs: each column that is rounded is made up for by those not yet
 * rounded (la/obs.h). GPTQ: Frantar et al. 2022, arXiv 2210.17323, algorithm 1. weir-methods(7) says where we differ.
 */
#ifndef WEIR_QUANT_GRAM_H
#define WEIR_QUANT_GRAM_H

#include "base/err.h"
#include "quant/quant.h"
#include "quant/units.h"

struct quant_gram_args {
    double damp;        /* share of the gram's mean diagonal added to it */
    int act_order;      /* columns go by descending diagonal; groups are then static */
    int in_order;       /* columns go from left to right; the default is that groups go by their largest diagonal,
                        * descending, and columns within them alike: groups stay whole, so they need not be static */
    uint32_t unit, sub; /* what stays whole: struct levels_kind's; 0: as in_order */
    int static_groups;  /* scales and zeros come from the weights as they were, not as they are when a group is reached
                        * */
};
#define QUANT_GRAM_ARGS                                                                                                \
    {                                                                                                                  \
        .damp = 0.01                                                                                                   \
    }

struct quant_gram {
    struct quant_gram_args args;
    float *U;        /* [cols][cols] */
    uint32_t *order; /* [cols] the columns in the order in which they are rounded, or NULL */
    double damp;     /* that was used */
};

/* What all rows of a tensor need. gram: float[cols][cols]. -1 as obs_factor. Memory: cols^2 floats, while it is made as
 * many doubles. */
int quant_gram_make(struct quant_gram *q, const struct quant_gram_args *args, const float *gram, uint64_t cols,
                    struct err *e);
void quant_gram_free(struct quant_gram *q);

/*
 * Rows coded by the gram. Where columns go in their order and groups are not static, levels are chosen when their
 * columns are reached, by what the sweep loses (METRIC_SWEEP); else all of them before, by into->choose. The more rows
 * at once the faster; how they are cut changes no byte.
 * loss    inout: [rows], what each row loses by the damped gram is added; or NULL
 * Memory: 5 bytes a weight and units_open's.
 */
void quant_sweep_rows(const struct quant_gram *q, const struct quant_into *into, const float *w, uint64_t rows,
                      uint64_t cols, double *loss);

/* The same for affine codes whose levels span their group's weights. */
void quant_gram_rows(const struct quant_gram *q, const struct quant_method *m, const struct quant_affine *a,
                     const float *w, uint64_t rows, uint64_t cols, uint8_t *codes, void *scales, void *zeros);

#endif

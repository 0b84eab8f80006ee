/* weight: a weight of the model as f32. */
#ifndef WEIR_RUN_WEIGHT_H
#define WEIR_RUN_WEIGHT_H

#include "arch/model.h"

struct weight {
    float *w, *bias;    /* w: [rows][cols], row-major; bias: [bias_n]; or NULL */
    int64_t rows, cols; /* of a vector: 1, its length */
    int64_t bias_n;
};

/*
 * Take a loaded bundle as the weight itself, or as its bias. of: its line of the page; where that says plus1=hf and the
 * bundle's name is Hugging Face's, 1 is added.
 * -1: a form that is not known, a NaN (the place is named), a second tensor of that role. Memory: rows * cols floats.
 */
int weight_take(struct weight *to, const struct model *m, const struct arch_weight *of, const struct bundle *b,
                int is_bias, struct err *e);

/* Must it have a bias at this layer: the page's condition says so, or it is a norm whose line has one? (A linear's,
 * without a condition, may have one.) */
int weight_needs_bias(const struct model *m, const struct arch_weight *of, int64_t layer);

void weight_free(struct weight *w);

#endif

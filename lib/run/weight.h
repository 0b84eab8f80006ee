/* weight: a weight of the model: f32, or, for products with rounded activations, a quantized matrix as codes. */
#ifndef WEIR_RUN_WEIGHT_H
#define WEIR_RUN_WEIGHT_H

#include "arch/model.h"
#include "la/gemm8.h"

struct weight {
    float *w, *bias;    /* w: [rows][cols], row-major; bias: [bias_n]; or NULL */
    struct gemm8 q8;    /* q8.code is set instead of w */
    int64_t rows, cols; /* of a vector: 1, its length */
    int64_t bias_n;
};

/* Matrices that are blocks of ggml are multiplied with activations of 8 bits; how many were, and how many, though
 * quantized, are of other kinds (type: the last of them) and stay with f32. */
struct rounding {
    int64_t done, left;
    char type[64];
};

/*
 * Take a loaded bundle as the weight itself, or as its bias. of: its line of the page; where that says plus1=hf and the
 * bundle's name is Hugging Face's, 1 is added. q8: in and out, or NULL: activations stay f32.
 * -1: a form that is not known, a NaN (the place is named), a second tensor of that role. Memory: rows * cols
 * floats, or bytes.
 */
int weight_take(struct weight *to, const struct model *m, const struct arch_weight *of, const struct bundle *b,
                int is_bias, struct rounding *q8, struct err *e);

/* Rows [r0, r0 + n) of a loaded bundle as a matrix. */
int weight_rows(struct weight *to, const struct bundle *b, uint64_t r0, uint64_t n, struct rounding *q8, struct err *e);

/* y[m][rows] = x[m][cols] w' */
void weight_mul(const struct weight *w, int64_t m, const float *x, float *y);

static inline int weight_is(const struct weight *w)
{
    return w->w || w->q8.code;
}

/* Must it have a bias at this layer: the page's condition says so, or it is a norm whose line has one? (A linear's,
 * without a condition, may have one.) */
int weight_needs_bias(const struct model *m, const struct arch_weight *of, int64_t layer);

void weight_free(struct weight *w);

#endif

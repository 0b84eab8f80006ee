/* bias: what the outputs of a linear lose on the mean of its inputs, put into its bias. */
#ifndef WEIR_SHRINK_BIAS_H
#define WEIR_SHRINK_BIAS_H

#include "arch/axes.h"
#include "shrink/cut.h"

/* Bundles of a layer that are held together: b[n], owned. */
struct held {
    struct bundle *b;
    int n;
};

/* May a bias of the group's closing linear be written where there is none? The number of the configuration that says
 * so, with which all linears of the layer that ask for it get biases; NULL: no, or linears outside of the group ask for
 * it, too. */
const char *bias_number(const struct walk *w, const struct axes_group *g);

/*
 * b = W mean - W' mean_K, float[rows] (free()): with it the mean of the outputs is what it was. With W' = W_K it is W_R
 * mean_R, the sum over the columns that went: An et al. 2023, FLAP, section 3.4.
 * w     in: float[rows][cols]. mean in: float[cols]
 * cut   columns that stay. out in: float[rows][columns left], W'
 * Sums in double.
 */
float *bias_lost(uint64_t rows, uint64_t cols, const float *w, const float *mean, const struct cut *cut,
                 const float *out);

/* Second moments about the mean: gram - mean mean', in place. gram inout: float[n][n]. What a linear with a free bias
 * can lose is told by these. */
void bias_centre(uint64_t n, float *gram, const float *mean);

/*
 * Add to the bias of the group's closing linear. Where there is none it is made, of the type of the weight, behind the
 * weight, and the makers get biases of zeros, since the configuration knows only all or none.
 * h       inout: holds the closing weight and, where there are none, the makers; its array may move
 * expert  of the weight, or -1
 * add     in: float[rows of the weight]
 * -1: a bias that is there has another size, a weight whose name does not say '.weight'.
 */
int bias_add(struct held *h, const struct axes_group *g, int64_t expert, const float *add, struct err *e);

/* The bundle of a role and expert; -1: it is not held. */
int held_find(const struct held *h, const char *role, int64_t expert);

#endif

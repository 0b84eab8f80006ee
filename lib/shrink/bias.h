/* bias: what the outputs of a linear lose on the mean of its inputs, put into its bias. */
#ifndef WEIR_SHRINK_BIAS_H
#define WEIR_SHRINK_BIAS_H

#include "arch/arch.h"
#include "run/feed.h"
#include "shrink/cut.h"

/* May biases of role ("attn.o", "mlp.down") be written where there are none? The key of arch's configuration that says so, with which all linears of
 * attention or the MLP get biases; or NULL. */
const char *bias_key(const struct arch *a, const char *role);

/*
 * b = W mean - W' mean_K, float[rows] (free()): with it the mean of the outputs is what it was. With W' = W_K it is W_R mean_R, the sum over the columns
 * that went: An et al. 2023, FLAP, section 3.4.
 * w     in: float[rows][cols]. mean in: float[cols]
 * cut   columns that stay. out in: float[rows][columns left], W'
 * Sums in double.
 */
float *bias_lost(uint64_t rows, uint64_t cols, const float *w, const float *mean, const struct cut *cut, const float *out);

/* Second moments about the mean: gram - mean mean', in place. gram inout: float[n][n]. What a linear with a free bias can lose is told by these. */
void bias_centre(uint64_t n, float *gram, const float *mean);

/*
 * Add to the bias of a role in a layer. Where there is none it is made, of the type of the weight, behind the weight, and the linears beside it (attn.q, k, v;
 * mlp.gate, up) get biases of zeros, since the configuration knows only all or none.
 * f    inout: the layer; its array may move
 * add  in: float[rows of the weight]
 * -1: the architecture has no place for it, a bias that is there has another size, a weight whose name does not end in ".weight".
 */
int bias_add(struct feed *f, const struct arch *a, const char *role, const float *add, struct err *e);

#endif

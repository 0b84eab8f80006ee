/* quad: how much an error of a weight changes the layer's output, from the second moments of its input. */
#ifndef WEIR_LA_QUAD_H
#define WEIR_LA_QUAD_H

#include <stddef.h>

/*
 * tr(E H E'): rows * cols of output error, summed over the tokens that H stands for, divided by their number.
 * E     in: float[rows][cols], the change of the weight (or the weight itself)
 * H     in: float[cols][cols], X'X / tokens
 * Cost: 2 rows cols^2 operations by gemm. Memory: 256 rows. The same result for any number of threads.
 */
double quad_gram(size_t rows, size_t cols, const float *E, const float *H);

/* The same with only H's diagonal: h[cols], the mean of x^2 of each input. */
double quad_diagonal(size_t rows, size_t cols, const float *E, const float *h);

#endif

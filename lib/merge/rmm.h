/* rmm: the arithmetic, for tests and for the method. */
#ifndef WEIR_MERGE_RMM_H
#define WEIR_MERGE_RMM_H

#include <stdint.h>

#include "base/err.h"

/*
 * X[len][n] ~ M C for one position: M the p first left singular vectors of X, C = M'X.
 * x      in: n vectors float[len], each `step` floats from element to element
 * basis  out: p vectors float[len], likewise laid out; zeros where X has fewer than p directions
 * coef   out: float[p][n]
 * p      at most n. -1: X holds infinities. Cost: n^2 len. Cholesky-free: the Gram matrix of X in f64, its
 *        eigenvectors.
 */
int rmm_fit(int n, uint64_t len, uint64_t step, const float *const *x, int p, float *const *basis, float *coef,
            struct err *e);

#endif

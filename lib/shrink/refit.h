/* refit: the columns that stay make up for those that went, by least squares on the inputs. */
#ifndef WEIR_SHRINK_REFIT_H
#define WEIR_SHRINK_REFIT_H

#include <stdint.h>

#include "base/err.h"

#define REFIT_DAMP                                                                                                     \
    1e-4 /* share of the gram's mean diagonal added to it; 10 times as much is tried until it can be factored */

/*
 * U of H + damp = U'U, upper, in double[n][n] (free). gram in: float[n][n]. NULL: no damp up to 1 helps, or the gram is
 * zero or not finite. Cost n^3/3 a try.
 */
double *refit_damped(uint64_t n, const float *gram, struct err *e);

/*
 * W' of least tr((W - W' E) H (W - W' E)'), E picking the columns that stay: W' = W_K + W_R H_RK (H_KK + damp)^-1.
 * rows, cols  of w
 * w       in: float[rows][cols]
 * gram    in: float[cols][cols]
 * keep    in: stay columns, ascending
 * out     out: float[rows][stay]
 * -1 as refit_damped. Cost stay^3/3 + 2 rows cols stay. Memory: doubles, stay^2 + (rows + stay) cols.
 */
int refit_columns(uint64_t rows, uint64_t cols, const float *w, const float *gram, const uint64_t *keep, uint64_t stay,
                  float *out, struct err *e);

#endif

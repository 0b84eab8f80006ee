/* house: Householder reflections, one and in blocks (compact WY: Schreiber and Van Loan 1989). For qr.c and eigh.c. */
#ifndef WEIR_LA_HOUSE_H
#define WEIR_LA_HOUSE_H

#include <stddef.h>

/*
 * The reflection I - tau v v' that takes x to beta e_0.
 * x     in: double[n], n > 0; out: v, with v[0] = 1
 * beta  out: -sign(x[0]) |x|, or x[0] with tau = 0 when the rest of x is zero
 * Returns tau. Golub and Van Loan, algorithm 5.1.1, with LAPACK's sign.
 */
double house_make(size_t n, double *x, double *beta);

/*
 * T of the product H_0 H_1 ... H_{b-1} = I - V'T V.
 * V    in: double[b][ldv], reflection i in row i, zeros (or its 1) where it begins; len columns
 * tau  in: double[b]
 * T    out: double[b][b], upper, zeros below
 */
void house_block(size_t b, size_t len, const double *V, size_t ldv, const double *tau, double *T);

/*
 * Rows x of X become Hx, H = H_0 ... H_{b-1} = I - V'TV (or H'x when inverse).
 * X in and out: double[rows][ldx], len columns. Memory: 2 rows b doubles while it runs.
 */
void house_apply(size_t rows, size_t len, double *X, size_t ldx, size_t b, const double *V, size_t ldv, const double *T,
                 int inverse);

#endif

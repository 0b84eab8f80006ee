/* ql: eigenvalues, and vectors where wanted, of a symmetric tridiagonal matrix by the implicit QL method. For eigh.c
 * and dc.c. */
#ifndef WEIR_LA_QL_H
#define WEIR_LA_QL_H

#include <stddef.h>

/*
 * T = sum over i of w[i] Z[i] Z[i]'.
 * n  rows
 * d  in: double[n], the diagonal; out: w, ascending
 * e  in: double[n], e[i] beside d[i] and d[i+1], e[n-1] not read; all destroyed.
 * zero  magnitudes of e up to this are taken for zero: all together they change no eigenvalue by more than twice as
 *       much
 * Z  out: double[n][ld], row i the unit eigenvector of w[i]; or NULL
 * Returns n, or the index of an eigenvalue that did not come in 60 sweeps.
 * Cost about 25 n^2 operations, and 6 n^3 for the vectors: for small n only.
 * Source: Bowdler et al. (1968), the QR and QL algorithms for symmetric matrices.
 */
size_t ql(size_t n, double *d, double *e, double zero, double *Z, size_t ld);

#endif

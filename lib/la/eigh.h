/* eigh: eigenvalues and eigenvectors of a symmetric matrix, in double. Own code, so that every machine gives the same
 * bits. */
#ifndef WEIR_LA_EIGH_H
#define WEIR_LA_EIGH_H

#include <stddef.h>

#include "base/err.h"

/*
 * A = sum over i of w[i] Z[i] Z[i]'.
 * n    at least 1
 * A    in: double[n][n], the upper triangle is read; destroyed
 * w    out: double[n], ascending
 * top  how many eigenvectors are wanted: those of the `top` largest eigenvalues
 * Z    out: double[top][n]; row i is the unit eigenvector of w[n - top + i]. Not NULL unless top is 0.
 * Returns 0, or -1: A holds a NaN or an infinity ("value 17 is nan"), or an eigenvalue did not come in 60 sweeps
 * ("eigenvalue 3 of 512 ..."). |A z - w z| <= c n eps |A|; |ZZ' - I| <= c n eps. Small eigenvalues have that absolute
 * error, not a relative one. Any thread count, instruction set and compiler: same bits. Any top but 0: the same w and
 * the same last rows; w of top 0 may differ from it by the error above, being found in another way.
 * Cost about 4n^3/3 (tridiag.h) + 4n^3/3 (dc.h; a quarter of it where top is small, 0 where it is 0) + 6 top n^2,
 * nearly all of it products of matrices. Memory: dc's, 0 where top is 0.
 * Source: tridiag.h; dc.h; where top is 0, ql.h.
 */
int eigh(size_t n, double *A, double *w, size_t top, double *Z, struct err *e);

#endif

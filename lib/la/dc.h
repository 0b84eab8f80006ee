/* dc: eigenvalues and eigenvectors of a symmetric tridiagonal matrix by divide and conquer. For eigh.c. */
#ifndef WEIR_LA_DC_H
#define WEIR_LA_DC_H

#include <stddef.h>

#include "base/err.h"

/*
 * T = sum over i of w[i] z_i z_i'.
 * n    at least 1
 * d    in: double[n], T's diagonal; out: w, ascending. T's largest element is between 2^-20 and 2^20, unless T is 0.
 * off  in: double[n], off[i] beside d[i] and d[i+1], off[n-1] not read
 * top  how many eigenvectors are wanted, at least 1: those of the largest eigenvalues
 * Z    out: double[top][n], row i the unit eigenvector of w[n - top + i]; the last rows of what a larger top gives
 * Returns 0, or -1: an eigenvalue of a leaf did not come ("eigenvalue 3 of 512 ...").
 * |T z - w z| <= c n eps |T|; |ZZ' - I| <= c n eps, both whatever the spectrum.
 * Any thread count, instruction set and compiler: same bits.
 * Cost 4n^3/3 operations of matrix products for all vectors, a quarter of it for few (the last merge makes only those),
 * and about 100 n^2; less where the halves share eigenvalues or hardly touch. Memory: n^2 doubles, 3n^2/2 where they
 * share all, + 512 n. Source: Cuppen (1981); Gu and Eisenstat (1995), SIAM J. Matrix Anal. Appl. 16, 172, deflation and
 * orthogonality.
 */
int dc(size_t n, double *d, const double *off, size_t top, double *Z, struct err *e);

#endif

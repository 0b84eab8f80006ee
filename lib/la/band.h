/* band: a symmetric matrix to a band by reflections, in products of matrices. For tridiag.c. */
#ifndef WEIR_LA_BAND_H
#define WEIR_LA_BAND_H

#include <stddef.h>

#include "num/kern.h"

/*
 * A = Q B Q', B zero where |i - j| > KERN_BAND.
 * A    in: double[n][n], upper triangle; out: B on the diagonal and above, beyond it the reflections: row i's from
 *      column i + KERN_BAND on, where its first element, 1, is not written. The lower triangle is neither read nor
 *      written
 * tau  out: double[n], 0 where there is no reflection
 * Cost 4n^3/3. Memory: 240 n doubles. Source: Bischof, Lang and Sun 2000, "A framework for symmetric band reduction",
 * §3, the first step.
 */
void band_make(size_t n, double *A, double *tau);

/* Rows of Z [rows][n], eigenvectors of B, become eigenvectors of A. Cost 2 rows n^2. */
void band_back(size_t n, const double *A, const double *tau, size_t rows, double *Z);

#endif

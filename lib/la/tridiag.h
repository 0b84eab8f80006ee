/* tridiag: a symmetric matrix to tridiagonal form by reflections, A = Q T Q'. For eigh.c. */
#ifndef WEIR_LA_TRIDIAG_H
#define WEIR_LA_TRIDIAG_H

#include <stddef.h>

#include "base/err.h"

/*
 * Divide the upper triangle of A [n][n] by the power of two next to its largest magnitude, so that squares stay in
 * range. scale out: that power (1 for a zero matrix). Returns 0, or -1 when an element is not finite.
 */
int tridiag_scale(size_t n, double *A, double *scale, struct err *e);

/*
 * A    in: double[n][n], upper triangle; out: the reflections, in both triangles
 * d    out: double[n], T's diagonal. e out: double[n], its neighbours, e[n-1] = 0. tau out: double[n], for tridiag_back
 * In two steps, by a band of KERN_BAND (band.h, chase.h): nearly all of it is products of matrices, where the direct
 * way reads 8/6 n^3 bytes. Cost 4n^3/3 + 350 n^2.
 */
void tridiag(size_t n, double *A, double *d, double *e, double *tau);

/* Rows of Z [rows][n], eigenvectors of T, become eigenvectors of A. Cost 6 rows n^2. */
void tridiag_back(size_t n, const double *A, const double *tau, size_t rows, double *Z);

#endif

/* chase: a symmetric band matrix to tridiagonal form by reflections of KERN_BAND rows. For tridiag.c. */
#ifndef WEIR_LA_CHASE_H
#define WEIR_LA_CHASE_H

#include <stddef.h>

#include "num/kern.h"

/*
 * B = Q T Q'.
 * A    in: double[n][n], B on the diagonal and above, within KERN_BAND of it. out: its lower triangle holds the
 *      reflections: those of sweep s, which act on columns s + 1 on, KERN_BAND each, one after the other in row n - 1 -
 *      s; tau stands in place of each one's first element, 1
 * d    out: double[n], T's diagonal. e out: double[n], its neighbours, e[n-1] = 0
 * Cost 7 n^2 KERN_BAND, on one thread. Memory: 144 n doubles.
 * Source: Bischof, Lang and Sun 2000, §3, the second step; Haidar, Ltaief and Dongarra 2011, "Parallel reduction to
 * condensed forms for symmetric eigenvalue problems", §5, blocks of a bulge instead of its columns.
 */
void chase_make(size_t n, double *A, double *d, double *e);

/* Rows of Z [rows][n], eigenvectors of T, become eigenvectors of B. Cost 4 rows n^2, half of it on the zeros about
 * slanted blocks. Memory: 190 n doubles. */
void chase_back(size_t n, const double *A, size_t rows, double *Z);

#endif

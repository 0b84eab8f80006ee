/*
 * secular: eigenvalues and eigenvectors of D + rho z z', D diagonal: the core of a divide and conquer merge. For dc.c.
 *
 * The eigenvalues are the roots of f(x) = 1/rho + sum over j of z[j]^2 / (d[j] - x), one above each pole d[j]. A root
 * is held as its distance from the nearest pole, so that every d[j] - x is right to a few eps; x alone would not do.
 * Source: Gu and Eisenstat (1995), SIAM J. Matrix Anal. Appl. 16, 172; Borges and Gragg (1993) for the iteration.
 */
#ifndef WEIR_LA_SECULAR_H
#define WEIR_LA_SECULAR_H

#include <stddef.h>

/*
 * n    poles, at least 1
 * d    double[n+1]: ascending, gaps well above eps |d|; d[n] is above d[n-1] by 3 rho
 * z2   double[n+1]: z[j]^2, their sum at most 1 (and a few eps), none below eps^2; z2[n] = 0
 * rho  above 0
 */
struct secular {
    size_t n;
    const double *d, *z2;
    double rho;
};

/*
 * Root i, between d[i] and d[i+1]: d[*near] + *off, *near one of i and i+1 (i for the last).
 * |f| is then of the size of the rounding in its sums. Always ends: a bracket is kept, and halved where the iteration
 * does not gain. Cost about 4 passes over the poles, of one division each.
 */
void secular_root(const struct secular *s, size_t i, size_t *near, double *off);

#define SECULAR_RUN 64 /* most elements of z at a call */

/*
 * The z for which the computed roots are exact, by Loewner's formula: vectors made of it are orthogonal to eps, however
 * close the roots are (Gu and Eisenstat, eq. 3.3). Elements from .. to of z: in, the given z; out, the new one, of the
 * same sign, up to one common factor. near[n], off[n]: all roots.
 */
void secular_weights(const struct secular *s, const size_t *near, const double *off, size_t from, size_t to, double *z);

/* u[n]: the unit eigenvector of the root pole + off, elements z[j] / (d[j] - root) in the order of d and z, which may
 * be any. */
void secular_vector(size_t n, const double *d, const double *z, double pole, double off, double *u);

#endif

/* whiten: the root of a gram, safe when it is singular. */
#ifndef WEIR_FACTOR_WHITEN_H
#define WEIR_FACTOR_WHITEN_H

#include <stdint.h>

#include "base/err.h"

/* S of S S' = H + d I, either U' (U upper, by Cholesky) or Z' diag(root) (by eigenvectors). */
struct whiten {
    uint64_t n;
    double *m;    /* [n][n]: U, or Z with eigenvectors as rows */
    double *root; /* [n]: roots of the eigenvalues; NULL for U */
    double damp;  /* d, in units of the mean of H's diagonal */
};

/*
 * Make S. d begins at 1e-9 of the mean of the diagonal and grows tenfold to 1e-5 until Cholesky succeeds; a gram that
 * rounding has made more indefinite than that goes by eigenvectors, eigenvalues below 1e-6 of the largest raised to it.
 * So S always has an inverse and directions that the calibration never saw are kept last, not dropped at random. Cost
 * n^3/3, or eigh's.
 * -1: a NaN, or a gram whose diagonal is 0.
 */
int whiten_make(struct whiten *s, uint64_t n, const float *gram, struct err *e);
void whiten_free(struct whiten *s);

void whiten_apply(const struct whiten *s, uint64_t rows, const double *w,
                  double *p);                                       /* p = w S; [rows][n], no aliasing */
void whiten_undo(const struct whiten *s, uint64_t rank, double *a); /* a = a S^-1 in place; [rank][n] */

#endif

/* dc_merge: one step of divide and conquer: of two solved halves, the solution of the whole. For dc.c. */
#ifndef WEIR_LA_DC_MERGE_H
#define WEIR_LA_DC_MERGE_H

#include <stddef.h>

/*
 * Two solved halves T1 = Z1' D1 Z1 and T2 = Z2' D2 Z2 become the solution of [T1 0; 0 T2] + rho v v', z = [Z1 0; 0 Z2]
 * v. A row that z does not reach, or can be turned not to reach, is an eigenvector already and dropped from the
 * problem; the rest is kept.
 */
struct dc_halves {
    size_t n, half; /* rows; those of the left half, 0 < half < n */
    double *d;      /* in: [n], D1 and D2, each ascending; out: the eigenvalues, ascending */
    double *z;      /* [n], of length 1; destroyed */
    double rho;     /* at least 0 */
    double
        small; /* elements of the matrix that are no larger are taken for zero: some eps times the largest of all T */
    double *P; /* in: [n][ld]: rows of Z1 in columns 0 .. half, below them rows of Z2 in columns 0 .. n - half */
    size_t ld;
    size_t top; /* eigenvectors wanted: of the largest eigenvalues */
    double *Z;  /* out: [top][ldz], as dc's; may be P */
    size_t ldz;
};

/* Cost: 2 top (n1 k1 + n2 k2) operations, k1 and k2 the kept rows with elements in each half, and about 60 k^2. */
void dc_merge(const struct dc_halves *h);

#endif

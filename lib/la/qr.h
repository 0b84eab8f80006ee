/*
 * qr: orthonormal bases and least squares, in double, row-major. Householder reflections in blocks of 32 on la/gemm:
 * the same bits for any thread count, instruction set and compiler. Entries between 1e-150 and 1e150 in magnitude, or
 * zero.
 */
#ifndef WEIR_LA_QR_H
#define WEIR_LA_QR_H

#include <stddef.h>

#include "base/err.h"

/*
 * A = QR.
 * A   in: double[m][n], m >= n; out: Q, orthonormal columns (also when A has dependent ones)
 * R   out: double[n][n], upper, zeros below; may be NULL
 * Returns 0, or -1: m < n, or A has a NaN or an infinity. |A - QR| and |Q'Q - I| <= c m n eps.
 * Cost 4 m n^2 - 4n^3/3. Memory: A once more. Source: Golub and Van Loan, 4th ed., §5.2.
 */
int qr(size_t m, size_t n, double *A, double *R, struct err *e);

/*
 * X that makes |A X - B| least.
 * A   in: double[m][n], m >= n; destroyed
 * B   in: double[m][k]
 * X   out: double[n][k]
 * Returns 0, or -1: as qr, or B is not finite, or column j of A depends on those before it (R[j][j] below m eps max
 * |R|).
 */
int lstsq(size_t m, size_t n, size_t k, double *A, const double *B, double *X, struct err *e);

/* 0 when every one of n values is finite, else -1 and "value 17 is nan". */
int all_finite(size_t n, const double *x, struct err *e);

/* B[n][m] = A[m][n]' */
void transpose(size_t m, size_t n, const double *A, double *B);

#endif

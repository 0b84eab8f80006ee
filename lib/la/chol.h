/*
 * chol: symmetric positive definite matrices and triangular ones, in double, row-major, all in place.
 * ld* is the distance between rows. "Upper": elements with column >= row; the rest is neither read nor written unless
 * said. Every function halves its problem until it is a block of 32 and does the rest with la/gemm, so results are the
 * same for any thread count, instruction set and compiler. Errors are backward stable: |A - U'U| <= c n eps |A|.
 * Source: Golub and Van Loan, Matrix Computations, 4th ed., §4.2; recursive blocking by Gustavson (1997).
 */
#ifndef WEIR_LA_CHOL_H
#define WEIR_LA_CHOL_H

#include <stddef.h>

#include "base/err.h"

/*
 * A = U'U.
 * A       in: double[n][lda], upper, symmetric positive definite; out: U, upper with a positive diagonal
 * pivot   out: on failure the row of the first pivot that is not positive and finite; may be NULL
 * Returns 0, or -1 with e "pivot 17 of 512 is -0.003, not positive" (A is then half factored). NaN and infinities end
 * so too. A caller that damps adds to the diagonal of a fresh copy and tries again. Cost n^3/3.
 */
int chol(size_t n, double *A, size_t lda, size_t *pivot, struct err *e);

/*
 * U = the upper Cholesky factor of A^-1 (A^-1 = U'U), which GPTQ and SparseGPT walk row by row; no inverse is formed.
 * A   in: double[n][n], both triangles equal; out: U, zeros below the diagonal
 * Errors as chol's, on the matrix with rows and columns reversed: pivot counts from the last row. Cost 2n^3/3.
 */
int chol_inverse_upper(size_t n, double *A, size_t *pivot, struct err *e);

/* A^-1 from U (A = U'U), in place, both triangles. U double[n][n]. Cost 4n^3/3. Memory: n^2 doubles while it runs. */
void chol_inverse(size_t n, double *U);

/*
 * A = L L' + R: the first `rank` steps of Cholesky's factorization, each on the largest pivot that is left (of equals
 * the first).
 * A     in: float[n][n], symmetric positive semidefinite; only rows of pivots and the diagonal are read
 * L     out: float[n][rank]; columns from the returned number on are 0
 * rest  out: float[n], the diagonal of R, >= 0; 0 where it is below 3e-5 of A's, which is no more than what rounding
 *       leaves
 * Returns how many steps there were: rank, or fewer where nothing is left. Cost n rank^2. Memory: n (rank + 1) doubles.
 * Source: Harbrecht, Peters and Schneider 2012, "On the low-rank approximation by the pivoted Cholesky decomposition".
 */
size_t chol_pivoted(size_t n, const float *A, size_t rank, float *L, float *rest);

/* Solve A X = B in place, given U of A = U'U. B double[n][m]. Cost 2n^2 m. */
void chol_solve(size_t n, size_t m, const double *U, size_t ldu, double *B, size_t ldb);

/* Solve U'X = B, UX = B (B double[n][m]) and XU = B, XU' = B (B double[m][n]), each in place. U has no zero on its
 * diagonal. n^2 m. */
void tri_solve_ut(size_t n, size_t m, const double *U, size_t ldu, double *B, size_t ldb);
void tri_solve_u(size_t n, size_t m, const double *U, size_t ldu, double *B, size_t ldb);
void tri_solve_right_u(size_t m, size_t n, const double *U, size_t ldu, double *B, size_t ldb);
void tri_solve_right_ut(size_t m, size_t n, const double *U, size_t ldu, double *B, size_t ldb);

/* U = U^-1, upper, in place. Cost n^3/3. */
void tri_inverse_u(size_t n, double *U, size_t ldu);

#endif

/*
 * gemm: matrix products, row-major, on the kernels of num/kern.
 *
 * The definition, for every shape, thread count, instruction set and compiler: with k cut into blocks of 256, each
 * output is
 *     C (=, +=, -=) sum over p of block 0, then += (or -=) the sum over block 1, ...
 * every inner sum taken in ascending p, multiply and add rounded separately. So a row of C does not depend on how many
 * rows are computed at once. The error is at most (256 + k/256) eps * |A||B| (float eps 2^-24, double 2^-53).
 * ld* is the distance between rows in elements. C overlaps neither A nor B. NaN and infinities flow through as IEEE has
 * them. Threads: par_for's; a call inside a par_for runs on its own thread.
 * Cost: 2mnk operations, near the machine's peak when m and n are above a hundred; packing is an extra pass over A and
 * B, so m = 1 costs as much as m = 8. Memory: 1.2 MiB (double: 2.4 MiB) for each thread.
 * Source: Goto and van de Geijn (2008), the packed panels; Van Zee and van de Geijn (2015), the one micro-kernel.
 */
#ifndef WEIR_LA_GEMM_H
#define WEIR_LA_GEMM_H

#include <stddef.h>

#include "num/kern.h"

#define GEMM_BLOCK 256 /* the k of a partial sum; part of the definition */

/* C[m][n] (how) A[m][k] B[n][k]': activations [tokens][in] times weights [out][in]. */
void gemm_nt(size_t m, size_t n, size_t k, const float *A, size_t lda, const float *B, size_t ldb, float *C, size_t ldc,
             enum kern_store how);
/* C[m][n] (how) A[m][k] B[k][n] */
void gemm_nn(size_t m, size_t n, size_t k, const float *A, size_t lda, const float *B, size_t ldb, float *C, size_t ldc,
             enum kern_store how);
/* C[m][n] (how) A[k][m]' B[k][n] */
void gemm_tn(size_t m, size_t n, size_t k, const float *A, size_t lda, const float *B, size_t ldb, float *C, size_t ldc,
             enum kern_store how);

/* The same in double. */
void dgemm_nt(size_t m, size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C,
              size_t ldc, enum kern_store how);
void dgemm_nn(size_t m, size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C,
              size_t ldc, enum kern_store how);
void dgemm_tn(size_t m, size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C,
              size_t ldc, enum kern_store how);

/* The same for a C known to be symmetric, [n][n]: only elements on and above the diagonal are written. */
void dsyrk_nt(size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C, size_t ldc,
              enum kern_store how);
void dsyrk_tn(size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C, size_t ldc,
              enum kern_store how);

void syrk_tn(size_t n, size_t k, const float *A, size_t lda, const float *B, size_t ldb, float *C, size_t ldc,
             enum kern_store how);

/* The upper triangle of C [n][n] copied over the lower. */
void dsym_mirror(size_t n, double *C, size_t ldc);

/*
 * G += X'X, for the second moments of activations.
 * cols    columns of X, rows and columns of G
 * tokens  rows of X, at least 1
 * X       in: float[tokens][ldx]
 * G       in and out: double[cols][cols], upper triangle only (the lower is neither read nor written; gram_finish fills
 * it) Blocks of 256 tokens are summed in float as gemm does and added to G in double, in order: the error of an element
 * is at most 256 * 2^-24 * sum |x_i x_j|, whatever the count of tokens; typically 1e-6 relative on the diagonal. Blocks
 * begin at each call, so a caller that wants the same bits cuts its tokens into calls the same way (calls of a multiple
 * of 256 tokens compose). Cost: tokens * cols^2 operations. Memory: 8 KiB for each column while it runs.
 */
void gram_add(size_t cols, size_t tokens, const float *X, size_t ldx, double *G);

/* G *= scale, lower triangle from the upper. */
void gram_finish(size_t cols, double *G, double scale);

#endif

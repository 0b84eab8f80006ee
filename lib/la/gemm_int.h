/* gemm_int: what gemm.c, gram.c and the engines share. */
#ifndef WEIR_LA_GEMM_INT_H
#define WEIR_LA_GEMM_INT_H

#include <stddef.h>

#include "num/kern.h"

#define PACK_ROWS 192     /* rows of A packed at a time: 256 k of them fill a quarter of a 1 MiB L2 */
#define WORTH_THREADS 8e6 /* multiplications below which starting threads (30 us) costs more than it saves */
#define TILE_MAX 384      /* elements of the largest tile of any build */

/* How an operand lies: the distance of neighbours along the output's axis, and along k. One of them is 1. */
struct axes {
    size_t row, col;
};

/* C [m][n] (how) the product of A and B over k. upper: only elements on and above the diagonal are stored. mb, nb,
 * tasks_n: how C is cut, set by gemm.c. */
#define GEMM_JOB(ELEM)                                                                                                 \
    {                                                                                                                  \
        size_t m, n, k, mb, nb, tasks_n;                                                                               \
        const ELEM *A, *B;                                                                                             \
        struct axes a, b;                                                                                              \
        ELEM *c;                                                                                                       \
        size_t ldc;                                                                                                    \
        enum kern_store how;                                                                                           \
        int upper;                                                                                                     \
    }
struct gemm_job GEMM_JOB(float);
struct dgemm_job GEMM_JOB(double);

/* A block of C by the own kernels, on this thread. kn: whose tiles (kern_get(), or kern_bf16 with k of pairs). */
void gemm_block(const struct gemm_job *w, const struct kern *kn, size_t i0, size_t j0, size_t rows, size_t cols);
void dgemm_block(const struct dgemm_job *w, const struct kern *kn, size_t i0, size_t j0, size_t rows, size_t cols);

/* rows x k elements at src as panels out[ceil(rows / r)][k][r], short panels padded with zeros. */
void gemm_pack(const float *src, struct axes x, size_t rows, size_t k, size_t r, float *out);
void dgemm_pack(const double *src, struct axes x, size_t rows, size_t k, size_t r, double *out);

static inline size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

static inline size_t count_of(size_t n, size_t step)
{
    return (n + step - 1) / step;
}

#endif

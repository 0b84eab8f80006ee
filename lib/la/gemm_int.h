/* gemm_int: what gemm.c and gram.c share. */
#ifndef WEIR_LA_GEMM_INT_H
#define WEIR_LA_GEMM_INT_H

#include <stddef.h>

#define PACK_ROWS 192     /* rows of A packed at a time: 256 k of them fill a quarter of a 1 MiB L2 */
#define WORTH_THREADS 8e6 /* multiplications below which starting threads (30 us) costs more than it saves */
#define TILE_MAX 384      /* elements of the largest tile of any build */

/* How an operand lies: the distance of neighbours along the output's axis, and along k. One of them is 1. */
struct axes {
    size_t row, col;
};

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

#include "la/fast_bf16.h"

#include <stdlib.h>

#include "base/mem.h"
#include "num/kern_bf16.h"

/* rows x k elements at src as pairs of bf16 along k, lying as they lay. */
static float *pairs(const float *src, struct axes *x, size_t rows, size_t k)
{
    size_t half = count_of(k, 2), by = x->col == 1 ? x->row : x->col;
    float *to = mem_resize(NULL, rows * half + 1, sizeof *to);

    if (x->col == 1) {
        for (size_t i = 0; i < rows; i++)
            kern_bf16_along(src + i * by, k, to + i * half);
        *x = (struct axes){half, 1};
    } else {
        for (size_t p = 0; p < half; p++)
            kern_bf16_across(src + 2 * p * by, 2 * p + 1 < k ? src + (2 * p + 1) * by : NULL, rows, to + p * rows);
        *x = (struct axes){1, rows};
    }
    return to;
}

void fast_bf16_gemm(const struct gemm_job *w, size_t i0, size_t j0, size_t rows, size_t cols)
{
    struct gemm_job half = *w;
    float *A = pairs(w->A + i0 * w->a.row, &half.a, rows, w->k), *B = pairs(w->B + j0 * w->b.row, &half.b, cols, w->k);

    half.A = A;
    half.B = B;
    half.k = count_of(w->k, 2);
    half.c = w->c + i0 * w->ldc + j0;
    gemm_block(&half, kern_bf16(), 0, 0, rows, cols);
    free(A), free(B);
}

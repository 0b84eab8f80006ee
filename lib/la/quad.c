#include "la/quad.h"

#include <stdlib.h>

#include "base/mem.h"
#include "la/gemm.h"

#define SLAB 256

double quad_gram(size_t rows, size_t cols, const float *E, const float *H)
{
    float *EH = mem_new(SLAB * cols, sizeof *EH);
    double sum = 0;

    for (size_t r = 0; r < rows; r += SLAB) {
        size_t n = rows - r < SLAB ? rows - r : SLAB;

        gemm_nn(n, cols, cols, E + r * cols, cols, H, cols, EH, cols, KERN_SET);
        for (size_t i = 0; i < n; i++)
            sum += kern_dotd(EH + i * cols, E + (r + i) * cols, cols);
    }
    free(EH);
    return sum;
}

double quad_diagonal(size_t rows, size_t cols, const float *E, const float *h)
{
    double sum = 0;

    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            sum += (double)h[c] * E[r * cols + c] * E[r * cols + c];
    return sum;
}

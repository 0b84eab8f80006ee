/* factor_value: the matrix that a factor_job's results stand for, in double. */
#ifndef WEIR_TESTS_FACTOR_VALUE_H
#define WEIR_TESTS_FACTOR_VALUE_H

#include "factor/factor.h"
#include "la/gemm.h"

static void monarch_value(const struct factor_job *j, double *out)
{
    uint64_t n = j->blocks, width = j->cols / n;

    for (uint64_t row = 0; row < j->rows; row++)
        for (uint64_t col = 0; col < j->cols; col++) {
            uint64_t k = col / width, i = col % width;

            out[row * j->cols + col] = 0;
            for (uint64_t t = 0; t < j->rank; t++)
                out[row * j->cols + col] +=
                    j->b[row * n * j->rank + k * j->rank + t] * j->a[((k * n + row % n) * j->rank + t) * width + i];
        }
}

/* out: [rows][cols] */
static void factor_value(const struct factor_method *m, const struct factor_job *j, double *out)
{
    if (m->kind == FACTOR_MONARCH) {
        monarch_value(j, out);
        return;
    }
    if (j->rank)
        dgemm_nn(j->rows, j->cols, j->rank, j->b, j->rank, j->a, j->cols, out, j->cols, KERN_SET);
    for (uint64_t i = 0; j->mask && i < j->rows * j->cols; i++)
        if (m->kind == FACTOR_SPARSE)
            out[i] = j->mask[i] ? j->w[i] : out[i];
        else
            out[i] = j->mask[i] ? j->w[i] : 0; /* the sparse term alone */
}

#endif

/* la: what the tests of linear algebra share. */
#ifndef WEIR_TESTS_LA_H
#define WEIR_TESTS_LA_H

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "la/gemm.h"
#include "tests/unit/check.h"

static inline double *mat(size_t m, size_t n, const char *name)
{
    struct rng r = rng_make(3, name, strlen(name));
    double *A = mem_new(m * n + 1, sizeof *A);

    for (size_t i = 0; i < m * n; i++)
        A[i] = rng_normal(r, i);
    return A;
}

static inline double *copy_of(size_t n, const double *A)
{
    return memcpy(mem_new(n + 1, sizeof *A), A, n * sizeof *A);
}

/* The largest difference of two arrays. NaN gives NaN. */
static inline double apart(size_t n, const double *A, const double *B)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++)
        if (!(fabs(A[i] - B[i]) <= worst))
            worst = fabs(A[i] - B[i]);
    return worst;
}

/* The largest element of A'A - I for A[m][n]. */
static inline double skewness(size_t m, size_t n, const double *A)
{
    double *G = mem_new(n * n + 1, sizeof *G), worst;

    dgemm_tn(n, n, m, A, n, A, n, G, n, KERN_SET);
    for (size_t i = 0; i < n; i++)
        G[i * n + i] -= 1;
    double *zero = mem_new(n * n + 1, sizeof *zero);
    worst = apart(n * n, G, zero);
    free(G), free(zero);
    return worst;
}

#endif

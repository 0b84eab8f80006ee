/*
 * engine: who multiplies and factors. Every product and factorization of la/ goes through la_engine: the own code,
 * whose bits are the same on every machine, until fast_use puts OpenBLAS and LAPACK in its place (fast.h). Only la/
 * calls these rows; others call gemm.h, chol.h, eigh.h.
 */
#ifndef WEIR_LA_ENGINE_H
#define WEIR_LA_ENGINE_H

#include <stddef.h>

#include "base/err.h"
#include "la/gemm_int.h"

struct engine {
    size_t rows, cols; /* the largest block of C for one call; gemm.c cuts a product in such blocks, one a thread */
    void (*gemm)(const struct gemm_job *w, size_t i0, size_t j0, size_t rows, size_t cols);
    void (*dgemm)(const struct dgemm_job *w, size_t i0, size_t j0, size_t rows, size_t cols);
    void (*gram)(size_t cols, size_t tokens, const float *X, size_t ldx, double *G);   /* as gram_add */
    int (*chol)(size_t n, double *A, size_t lda, size_t *pivot);                       /* as chol */
    void (*tri_inverse)(size_t n, double *U, size_t ldu);                              /* as tri_inverse_u */
    int (*eigh)(size_t n, double *A, double *w, size_t top, double *Z, struct err *e); /* as eigh; A is finite, its
                                                                                              largest element near 1 */
};

extern const struct engine *la_engine;
extern const struct engine la_own;

/* la_own's rows, in gram.c, chol.c and eigh.c. */
void gram_own(size_t cols, size_t tokens, const float *X, size_t ldx, double *G);
int chol_own(size_t n, double *A, size_t lda, size_t *pivot);
void tri_inverse_own(size_t n, double *U, size_t ldu);
int eigh_own(size_t n, double *A, double *w, size_t top, double *Z, struct err *e);

#endif

#include "la/engine.h"

static void own_gemm(const struct gemm_job *w, size_t i0, size_t j0, size_t rows, size_t cols)
{
    gemm_block(w, kern_get(), i0, j0, rows, cols);
}

static void own_dgemm(const struct dgemm_job *w, size_t i0, size_t j0, size_t rows, size_t cols)
{
    dgemm_block(w, kern_get(), i0, j0, rows, cols);
}

const struct engine la_own = {
    .rows = 768,
    .cols = 960,
    .gemm = own_gemm,
    .dgemm = own_dgemm,
    .gram = gram_own,
    .chol = chol_own,
    .tri_inverse = tri_inverse_own,
    .eigh = eigh_own,
};

const struct engine *la_engine = &la_own;

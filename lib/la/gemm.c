#include "la/gemm.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/engine.h"

#define RUN 8 /* panels packed side by side */

typedef float vec32 __attribute__((vector_size(16), aligned(4), may_alias));
typedef double vec64 __attribute__((vector_size(16), aligned(8), may_alias));

static inline void turn(const float *from, size_t row, float *to, size_t r)
{
    vec32 a = *(const vec32 *)from, b = *(const vec32 *)(from + row), c = *(const vec32 *)(from + 2 * row),
          d = *(const vec32 *)(from + 3 * row);
    vec32 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);

    *(vec32 *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(vec32 *)(to + r) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(vec32 *)(to + 2 * r) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(vec32 *)(to + 3 * r) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

static inline void dturn(const double *from, size_t row, double *to, size_t r)
{
    vec64 a = *(const vec64 *)from, b = *(const vec64 *)(from + row);

    *(vec64 *)to = __builtin_shufflevector(a, b, 0, 2);
    *(vec64 *)(to + r) = __builtin_shufflevector(a, b, 1, 3);
}

#define ELEM float
#define VEC vec32
#define QUAD 4
#define X(name) name
#define K_MR mr
#define K_NR nr
#define K_TILE gemm32
#include "la/gemm_body.h"

#undef ELEM
#undef VEC
#undef QUAD
#undef X
#undef K_MR
#undef K_NR
#undef K_TILE
#define ELEM double
#define VEC vec64
#define QUAD 2
#define X(name) d##name
#define K_MR dmr
#define K_NR dnr
#define K_TILE gemm64
#include "la/gemm_body.h"

void syrk_tn(size_t n, size_t k, const float *A, size_t lda, const float *B, size_t ldb, float *C, size_t ldc,
             enum kern_store how)
{
    run(&(struct gemm_job){.m = n,
                           .n = n,
                           .k = k,
                           .a = {1, lda},
                           .b = {1, ldb},
                           .A = A,
                           .B = B,
                           .c = C,
                           .ldc = ldc,
                           .how = how,
                           .upper = 1});
}

void dsyrk_nt(size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C, size_t ldc,
              enum kern_store how)
{
    drun(&(struct dgemm_job){.m = n,
                             .n = n,
                             .k = k,
                             .a = {lda, 1},
                             .b = {ldb, 1},
                             .A = A,
                             .B = B,
                             .c = C,
                             .ldc = ldc,
                             .how = how,
                             .upper = 1});
}

void dsyrk_tn(size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C, size_t ldc,
              enum kern_store how)
{
    drun(&(struct dgemm_job){.m = n,
                             .n = n,
                             .k = k,
                             .a = {1, lda},
                             .b = {1, ldb},
                             .A = A,
                             .B = B,
                             .c = C,
                             .ldc = ldc,
                             .how = how,
                             .upper = 1});
}

void dsym_mirror(size_t n, double *C, size_t ldc)
{
    const size_t block = 32; /* both blocks stay in the first-level cache */

    for (size_t i0 = 0; i0 < n; i0 += block)
        for (size_t j0 = i0; j0 < n; j0 += block)
            for (size_t i = i0; i < n && i < i0 + block; i++)
                for (size_t j = j0 > i ? j0 : i + 1; j < n && j < j0 + block; j++)
                    C[j * ldc + i] = C[i * ldc + j];
}

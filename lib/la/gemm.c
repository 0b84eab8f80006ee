#include "la/gemm.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm_int.h"

#define ELEM float
#define X(name) name
#define K_MR mr
#define K_NR nr
#define K_TILE gemm32
#include "la/gemm_body.h"

#undef ELEM
#undef X
#undef K_MR
#undef K_NR
#undef K_TILE
#define ELEM double
#define X(name) d##name
#define K_MR dmr
#define K_NR dnr
#define K_TILE gemm64
#include "la/gemm_body.h"

void dsyrk_nt(size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C, size_t ldc,
              enum kern_store how)
{
    drun(&(struct djob){.m = n, .n = n, .k = k, .a = {lda, 1}, .b = {ldb, 1}, .A = A, .B = B, .c = C, .ldc = ldc,
                        .how = how, .upper = 1});
}

void dsyrk_tn(size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C, size_t ldc,
              enum kern_store how)
{
    drun(&(struct djob){.m = n, .n = n, .k = k, .a = {1, lda}, .b = {1, ldb}, .A = A, .B = B, .c = C, .ldc = ldc,
                        .how = how, .upper = 1});
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

#include "num/kern_bf16.h"

#include <string.h>

#include "num/half_bits.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>

#define MR 8
#define NV 3
#define LANES 16

static void tile(size_t k, const float *a, const float *b, float *c, size_t ldc, enum kern_store how)
{
    __m512 sum[MR][NV];

    for (int i = 0; i < MR; i++)
        for (int j = 0; j < NV; j++)
            sum[i][j] = _mm512_setzero_ps();
    for (size_t p = 0; p < k; p++, a += MR, b += NV * LANES) {
        __m512bh row[NV];

#pragma GCC unroll 8
        for (int j = 0; j < NV; j++)
            row[j] = (__m512bh)_mm512_loadu_ps(b + j * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < MR; i++) {
            __m512bh x = (__m512bh)_mm512_set1_ps(a[i]);

#pragma GCC unroll 8
            for (int j = 0; j < NV; j++)
                sum[i][j] = _mm512_dpbf16_ps(sum[i][j], x, row[j]);
        }
    }
    for (int i = 0; i < MR; i++)
        for (int j = 0; j < NV; j++) {
            float *at = c + (size_t)i * ldc + j * LANES;
            __m512 old = how == KERN_SET ? _mm512_setzero_ps() : _mm512_loadu_ps(at);

            _mm512_storeu_ps(at, how == KERN_SUB ? _mm512_sub_ps(old, sum[i][j]) : _mm512_add_ps(old, sum[i][j]));
        }
}

const struct kern kern_pairs = {.name = "bf16", .mr = MR, .nr = NV * LANES, .gemm32 = tile};
#endif

static float pair(float low, float high)
{
    return float_of((uint32_t)brain_down(high) << 16 | brain_down(low));
}

void kern_bf16_along(const float *x, size_t k, float *to)
{
    size_t p = 0;

#if defined(__AVX512BF16__)
    for (; p + LANES <= k / 2; p += LANES)
        _mm512_storeu_ps(to + p,
                         (__m512)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 2 * p + LANES), _mm512_loadu_ps(x + 2 * p)));
#endif
    for (; p < k / 2; p++)
        to[p] = pair(x[2 * p], x[2 * p + 1]);
    if (k % 2)
        to[k / 2] = pair(x[k - 1], 0);
}

void kern_bf16_across(const float *x, const float *y, size_t n, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = pair(x[i], y ? y[i] : 0);
}

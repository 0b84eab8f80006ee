/* 8-bit products with 256-bit vectors. */
#if defined(__x86_64__)
#include <immintrin.h>
#define TABLE int8_avx2
#define NAME "avx2"
#define LANES 8
#define MR 4
#define NV 1
#define MADD(a, b) ((vi)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#include "num/int8_body.h"
#else
typedef int int8_avx2_is_for_x86_64;
#endif

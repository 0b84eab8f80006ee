/* 8-bit products with 512-bit vectors. */
#if defined(__x86_64__)
#include <immintrin.h>
#define TABLE int8_avx512
#define NAME "avx512"
#define LANES 16
#define MR 6
#define NV 2
#define MADD(a, b) ((vi)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#include "num/int8_body.h"
#else
typedef int int8_avx512_is_for_x86_64;
#endif

/* 8-bit products with 512-bit vectors and instructions for them (AVX-512 VNNI). */
#if defined(__x86_64__)
#include <immintrin.h>
#define TABLE int8_vnni
#define NAME "vnni"
#define LANES 16
#define MR 6
#define NV 2
#define QUAD(sum, w, x) ((vi)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(w), (__m512i)(x)))
#include "num/int8_body.h"
#else
typedef int int8_vnni_is_for_x86_64;
#endif

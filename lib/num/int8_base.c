/* 8-bit products in plain C: the definition. */
#define TABLE int8_base
#define NAME "base"
#define LANES 4
#define MR 4
#define NV 2
#define MADD(a, b) (((a)&0xffff) * ((vi)((vu)(b) << 16) >> 16) + ((a) >> 16) * ((b) >> 16)) /* a: halves below 2^15 */
#include "num/int8_body.h"

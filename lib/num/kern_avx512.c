/* The kernels with 512-bit vectors. */
#if defined(__x86_64__)
#define TABLE kern_avx512
#define NAME "avx512"
#define W 16
#define MR 8
#define NV 3
#define DMR 8
#define DNV 3
#define TILE32 8, 48
#define TILE64 8, 24
#include "num/kern_body.h"
#else
typedef int kern_avx512_is_for_x86_64;
#endif

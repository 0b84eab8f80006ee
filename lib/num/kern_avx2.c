/* The kernels with 256-bit vectors. */
#if defined(__x86_64__)
#define TABLE kern_avx2
#define NAME "avx2"
#define W 8
#define MR 6
#define NV 2
#define DMR 6
#define DNV 2
#define TILE32 6, 16
#define TILE64 6, 8
#include "num/kern_body.h"
#else
typedef int kern_avx2_is_for_x86_64;
#endif

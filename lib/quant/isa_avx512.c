/* The inner loops of quant with 512-bit vectors. */
#if defined(__x86_64__)
#define TABLE quant_isa_avx512
#define LANES 16
#include "quant/isa_body.h"
#else
typedef int quant_isa_avx512_is_for_x86_64;
#endif

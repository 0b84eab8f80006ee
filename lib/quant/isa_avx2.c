/* The inner loops of quant with 256-bit vectors. */
#if defined(__x86_64__)
#define TABLE quant_isa_avx2
#define LANES 8
#include "quant/isa_body.h"
#else
typedef int quant_isa_avx2_is_for_x86_64;
#endif

/* The inner loops of quant with vectors that every machine has, or that the compiler splits. */
#define TABLE quant_isa_base
#define LANES 4
#include "quant/isa_body.h"

#include "quant/isa.h"

#include <string.h>

#include "num/kern.h"

extern const struct quant_isa quant_isa_base;
#if defined(__x86_64__)
extern const struct quant_isa quant_isa_avx2, quant_isa_avx512;
#endif

const struct quant_isa *quant_isa(void)
{
#if defined(__x86_64__)
    const char *name = kern_get()->name;

    if (strcmp(name, "avx512") == 0)
        return &quant_isa_avx512;
    if (strcmp(name, "avx2") == 0)
        return &quant_isa_avx2;
#endif
    return &quant_isa_base;
}

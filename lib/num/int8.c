#include "num/int8.h"

#include <string.h>

#include "num/kern.h"

extern const struct int8_kern int8_base;
#if defined(__x86_64__)
extern const struct int8_kern int8_avx2, int8_avx512, int8_vnni;
#endif

const struct int8_kern *int8_find(const char *name)
{
#if defined(__x86_64__)
    if (strcmp(name, "vnni") == 0)
        return kern_find("avx512") && __builtin_cpu_supports("avx512vnni") ? &int8_vnni : NULL;
    if (strcmp(name, "avx512") == 0)
        return kern_find(name) ? &int8_avx512 : NULL;
    if (strcmp(name, "avx2") == 0)
        return kern_find(name) ? &int8_avx2 : NULL;
#endif
    return strcmp(name, "base") == 0 ? &int8_base : NULL;
}

const struct int8_kern *int8_get(void)
{
    const char *name = kern_get()->name;
    const struct int8_kern *vnni = strcmp(name, "avx512") == 0 ? int8_find("vnni") : NULL;

    return vnni ? vnni : int8_find(name);
}

#include "num/kern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "num/kern_bf16.h"

#if defined(__x86_64__)
extern const struct kern kern_avx2, kern_avx512, kern_pairs;
#endif

static const struct kern *chosen;

const struct kern *kern_find(const char *name)
{
#if defined(__x86_64__)
    if (strcmp(name, "avx512") == 0 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return &kern_avx512;
    if (strcmp(name, "avx2") == 0 && __builtin_cpu_supports("avx2"))
        return &kern_avx2;
#endif
    return strcmp(name, "base") == 0 ? &kern_base : NULL;
}

const struct kern *kern_bf16(void)
{
#if defined(__x86_64__)
    if (kern_find("avx512") && __builtin_cpu_supports("avx512bf16"))
        return &kern_pairs;
#endif
    return NULL;
}

static const struct kern *choose(void)
{
    const char *names[] = {"avx512", "avx2", "base"}, *want = getenv("WEIR_KERNEL");
    const struct kern *k = NULL;

    if (want && *want) {
        if (!(k = kern_find(want)))
            die("WEIR_KERNEL is '%s', which is not one of base, avx2, avx512 or not in this CPU", want);
        return k;
    }
    for (size_t i = 0; !k && i < 3; i++)
        k = kern_find(names[i]);
    return k;
}

/* Threads that come here at once choose alike, so the race is harmless and needs no lock. */
const struct kern *kern_get(void)
{
    const struct kern *k = __atomic_load_n(&chosen, __ATOMIC_RELAXED);

    if (!k) {
        k = choose();
        __atomic_store_n(&chosen, k, __ATOMIC_RELAXED);
    }
    return k;
}

void kern_rmsnorm(const float *x, const float *w, float *y, size_t n, double eps)
{
    float r = (float)(1 / sqrt(kern_sumsq(x, n) / (double)n + eps));

    kern_scale(r, x, y, n);
    if (w)
        kern_mul(y, w, y, n);
}

void kern_layernorm(const float *x, const float *w, const float *b, float *y, size_t n, double eps)
{
    float mean = (float)(kern_sum(x, n) / (double)n);
    double var;

    for (size_t i = 0; i < n; i++)
        y[i] = x[i] - mean;
    var = kern_sumsq(y, n) / (double)n;
    kern_scale((float)(1 / sqrt(var + eps)), y, y, n);
    kern_mul(y, w, y, n);
    if (b)
        kern_add(y, b, y, n);
}

#include "base/rng.h"

#include <math.h>

#include "base/hash.h"
#include "base/real.h"
#include "base/wide.h"

/* Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators": the output function of SplitMix64. */
INNER uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct rng rng_make(uint64_t seed, const void *name, size_t len)
{
    return (struct rng){hash64_seed(name, len, mix(seed + 0x9e3779b97f4a7c15u))};
}

uint64_t rng_u64(struct rng r, uint64_t index)
{
    return mix(r.key ^ mix((index + 1) * 0x9e3779b97f4a7c15u));
}

double rng_unit(struct rng r, uint64_t index)
{
    return ((double)(rng_u64(r, index) >> 12) + 0.5) * 0x1p-52;
}

WIDE void rng_units(struct rng r, uint64_t index, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ((double)(mix(r.key ^ mix((index + i + 1) * 0x9e3779b97f4a7c15u)) >> 12) + 0.5) * 0x1p-52;
}

uint64_t rng_below(struct rng r, uint64_t index, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)rng_u64(r, index) * n) >> 64);
}

double rng_normal(struct rng r, uint64_t index)
{
    double u = rng_unit(r, 2 * index), v = rng_unit(r, 2 * index + 1);

    return sqrt(-2 * real_log(u)) * real_cos(6.283185307179586477 * v);
}

double rng_gumbel(struct rng r, uint64_t index)
{
    return -real_log(-real_log(rng_unit(r, index)));
}

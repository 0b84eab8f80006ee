/* rng: counter-based random numbers keyed by (seed, name, index): no state, so shards, order and threads change
 * nothing. */
#ifndef WEIR_BASE_RNG_H
#define WEIR_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t key;
};

/* The stream of numbers of one name (a tensor, a record id) under one seed. name need not end in NUL. */
struct rng rng_make(uint64_t seed, const void *name, size_t len);

uint64_t rng_u64(struct rng r, uint64_t index); /* uniform bits: SplitMix64's finalizer twice over key and index */
double rng_unit(struct rng r, uint64_t index);  /* uniform in (0, 1), 53 bits, never 0 or 1 */
void rng_units(struct rng r, uint64_t index, size_t n,
               double *out); /* rng_unit of n indices from this on; several times as fast */
uint64_t rng_below(struct rng r, uint64_t index,
                   uint64_t n);                  /* 0 .. n-1, by the high word of a product; bias below n / 2^64 */
double rng_normal(struct rng r, uint64_t index); /* N(0, 1) by Box and Muller (1958) from words 2i and 2i+1 */
double rng_gumbel(struct rng r, uint64_t index); /* -ln(-ln u) */

#endif

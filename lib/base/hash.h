/* hash: XXH3 (xxhash), the only hash in weir but where a peer's format fixes another. */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash64(const void *p, size_t n); /* XXH3-64, seed 0 */
uint64_t hash64_seed(const void *p, size_t n, uint64_t seed);

struct hash128 {
    uint64_t hi, lo;
};
struct hash128 hash128(const void *p, size_t n); /* XXH3-128, seed 0 */

/* Incremental XXH3-64, equal to hash64 of all bytes added. */
struct hasher;
struct hasher *hasher_new(void);
void hasher_reset(struct hasher *h);
void hasher_add(struct hasher *h, const void *p, size_t n);
uint64_t hasher_value(const struct hasher *h);
struct hash128 hasher_value128(const struct hasher *h); /* equal to hash128 of the same */
void hasher_free(struct hasher *h);

#endif

#include "base/hash.h"

#include <stdlib.h>
#define XXH_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL /* short strings are hashed by the million; the values are the same */
#include <xxhash.h>

#include "base/mem.h"

struct hasher {
    XXH3_state_t state;
};

uint64_t hash64(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}

uint64_t hash64_seed(const void *p, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

struct hash128 hash128(const void *p, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(p, n);

    return (struct hash128){h.high64, h.low64};
}

struct hasher *hasher_new(void)
{
    struct hasher *h = mem_new(1, sizeof *h);

    XXH3_64bits_reset(&h->state);
    return h;
}

void hasher_reset(struct hasher *h)
{
    XXH3_64bits_reset(&h->state);
}

void hasher_add(struct hasher *h, const void *p, size_t n)
{
    XXH3_64bits_update(&h->state, p, n);
}

uint64_t hasher_value(const struct hasher *h)
{
    return XXH3_64bits_digest(&h->state);
}

struct hash128 hasher_value128(const struct hasher *h)
{
    XXH128_hash_t v = XXH3_128bits_digest(&h->state); /* both widths share their state and its beginning */

    return (struct hash128){v.high64, v.low64};
}

void hasher_free(struct hasher *h)
{
    free(h);
}

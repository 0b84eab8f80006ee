/* sum: the checksums of frames. Private to wire: the only place but base/hash that includes xxhash.h. */
#ifndef WEIR_WIRE_SUM_H
#define WEIR_WIRE_SUM_H

#define XXH_STATIC_LINKING_ONLY
#include <string.h>
#include <xxhash.h>

#include "wire/frame.h"

#define CHUNK_SUM_HEAD 17 /* part u32, row u64, codec u8, stored u32: little endian */

static inline void sum_put(uint8_t *p, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* A record's: kind, one zero byte, body. */
static inline uint64_t sum_record(XXH3_state_t *h, const char *kind, const void *body, size_t n)
{
    XXH3_64bits_reset(h);
    XXH3_64bits_update(h, kind, strlen(kind) + 1);
    XXH3_64bits_update(h, body, n);
    return XXH3_64bits_digest(h);
}

/* A chunk's begins with what its header says; the payload follows. */
static inline void sum_chunk_begin(XXH3_state_t *h, const struct frame_chunk *c)
{
    uint8_t b[CHUNK_SUM_HEAD];

    sum_put(b, c->part, 4);
    sum_put(b + 4, c->row, 8);
    b[12] = c->codec;
    sum_put(b + 13, c->stored, 4);
    XXH3_64bits_reset(h);
    XXH3_64bits_update(h, b, sizeof b);
}

/* The digest of a segment: over the checksums of its frames in order, 8 bytes each, little endian. */
static inline void sum_digest_add(XXH3_state_t *digest, uint64_t checksum)
{
    uint8_t b[8];

    sum_put(b, checksum, 8);
    XXH3_64bits_update(digest, b, sizeof b);
}

#endif

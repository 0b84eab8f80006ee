/* codec: how the payload of a chunk is stored. weir(5), CODECS. */
#ifndef WEIR_WIRE_CODEC_H
#define WEIR_WIRE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum codec {
    CODEC_RAW,     /* the bytes themselves */
    CODEC_ZSTD,    /* one zstd frame that states its content size */
    CODEC_SPLIT,   /* u8 width, then one zstd frame of all first bytes of the elements, then all second bytes ...: read
                  * only */
    CODEC_BITMASK, /* u8 width, u32 LE count, mask of ceil(count/8) bytes (LSB first; 1: any bit of the element set),
                    * the elements set */
    CODEC_TURNED,  /* u8 width, u8 turn, then as CODEC_SPLIT of elements whose bits are turned left by so many places */
    CODEC_COUNT
};

#define CODEC_PEEK 18                 /* so many first bytes of a payload always tell the decoded size */
#define CODEC_DECODED_MAX (64u << 20) /* bytes; more is refused before decoding */

/*
 * The decoded size of a payload, from its first bytes.
 * first   in: the first min(stored, CODEC_PEEK) bytes
 * stored  the payload's length
 * size    out: at most CODEC_DECODED_MAX
 * 0, or -1: unknown codec, no content size, a size over the limit.
 */
int codec_size(int codec, const uint8_t *first, uint64_t stored, uint64_t *size, struct err *e);

/*
 * Decode a payload of n bytes into dst, which has room for exactly size bytes (from codec_size). 0 or -1.
 * room  what the next call may use again, so that pages are not asked for anew; one for each thread
 * Memory: a second copy of the decoded bytes for CODEC_SPLIT and CODEC_TURNED. Safe to call from several threads.
 */
int codec_decode(int codec, const uint8_t *p, size_t n, uint8_t *dst, size_t size, struct buf *room, struct err *e);

/*
 * Store n bytes (at most CODEC_DECODED_MAX) by the codec asked for, or raw where that would not be smaller.
 * codec  any but CODEC_SPLIT, which CODEC_TURNED took the place of: that is stored raw
 * width  bytes of an element, 1 to 8: what TURNED and BITMASK cut by; TURNED of other widths than 2, 4 and 8 is ZSTD
 * level  of zstd
 * out    out: replaced by the payload; left empty when the answer is CODEC_RAW: the payload is p itself
 * Returns the codec used. The same bytes for the same arguments and zstd version. Safe to call from several threads.
 */
int codec_encode(int codec, int level, int width, const uint8_t *p, size_t n, struct buf *out);

#endif

/* planes: elements cut across, so that bits which are alike come together before zstd. weir(5), CODECS 2 and 4. */
#ifndef WEIR_WIRE_PLANES_H
#define WEIR_WIRE_PLANES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/*
 * Store the elements p[n], `width` (2, 4 or 8) bytes each: every element's bits are turned left by some places, then
 * all first bytes go into one zstd frame, then all second bytes ... (codec 4). One turn takes a float's sign from above
 * its exponent; three share exponent and first bits of the fraction out so that no byte holds a code that is far from a
 * whole number of bits, which is what zstd's Huffman codes lose by. By how many is tried on a sample.
 * level  of zstd. Up to 3 its quickest search is taken, for matches of 7 bytes at least: shorter ones are chance, and
 *        cost more than the bytes. Above, the level's own is tried too, and what is smaller is kept.
 * out    out: replaced by the payload
 * Result 0, or -1 when it is not smaller than n. Memory: n and the bound of zstd for n, twice where two are tried.
 */
int planes_encode(int level, int width, const uint8_t *p, size_t n, struct buf *out);

/* zstd alone, for elements of one byte: both searches are tried, at any level. As above. */
int planes_encode_bytes(int level, const uint8_t *p, size_t n, struct buf *out);

/* Elements from their planes[size], turned back by turn (below 8 * width); width is 1 to 8, with a turn 2, 4 or 8, and
 * divides size. */
void planes_join(const uint8_t *planes, size_t size, size_t width, unsigned turn, uint8_t *dst);

#endif

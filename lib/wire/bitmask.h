/* bitmask: elements as a mask and those that are set; zeros take a bit. weir(5), CODECS. */
#ifndef WEIR_WIRE_BITMASK_H
#define WEIR_WIRE_BITMASK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define BITMASK_HEAD 5 /* width, count */

/* The count that a payload of at least BITMASK_HEAD bytes states. */
uint32_t bitmask_count(const uint8_t *p);

/*
 * Append the payload of the elements p[n], `width` (1 to 8) bytes each, to the empty out; n is a multiple of width, and
 * the count below 2^32. 0, or -1 when the payload would not be smaller than n: out is then as it was.
 */
int bitmask_encode(int width, const uint8_t *p, size_t n, struct buf *out);

/*
 * Decode a payload of n bytes, of which the head has been checked, into dst[width * count]. 0, or -1: the mask does not
 * fit, has bits behind its end, or is not of as many elements as the payload holds, or an element set is zero.
 */
int bitmask_decode(const uint8_t *p, size_t n, uint8_t *dst, struct err *e);

#endif

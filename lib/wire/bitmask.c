#include "wire/bitmask.h"

#include <string.h>

#include "base/wide.h"

uint32_t bitmask_count(const uint8_t *p)
{
    return (uint32_t)p[1] | (uint32_t)p[2] << 8 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 24;
}

/*
 * The loops below are the same text for each width that weights have, where it is a constant and an element moves as
 * one number, and for the others. None has a branch for an element: at half zeros every second would be guessed wrong.
 */
#define EACH_WIDTH(w, call)                                                                                            \
    switch (w) {                                                                                                       \
    case 1:                                                                                                            \
        call(1);                                                                                                       \
        break;                                                                                                         \
    case 2:                                                                                                            \
        call(2);                                                                                                       \
        break;                                                                                                         \
    case 4:                                                                                                            \
        call(4);                                                                                                       \
        break;                                                                                                         \
    case 8:                                                                                                            \
        call(8);                                                                                                       \
        break;                                                                                                         \
    default:                                                                                                           \
        call(w);                                                                                                       \
    }

INNER uint8_t is_set(const uint8_t *p, size_t width)
{
    uint64_t v = 0;
    uint32_t v4;
    uint16_t v2;

    if (width == 2)
        return memcpy(&v2, p, 2), v2 != 0;
    if (width == 4)
        return memcpy(&v4, p, 4), v4 != 0;
    memcpy(&v, p, width);
    return v != 0;
}

#define BLOCK 256 /* elements looked at together; a multiple of 8 */

/* Bit i of byte i / 8 for count (at most BLOCK) elements, whose answers go to set: eight bytes of 0 or 1 are brought
 * together by one product. How many are 1. */
INNER size_t put_mask(const uint8_t *p, size_t count, size_t width, uint8_t *set, uint8_t *mask)
{
    size_t ones = 0;

    memset(set + count / 8 * 8, 0, 8);
    for (size_t i = 0; i < count; i++)
        set[i] = is_set(p + i * width, width);
    for (size_t i = 0; i < count; i += 8) {
        uint64_t all;

        memcpy(&all, set + i, 8);
        mask[i / 8] = (uint8_t)(all * 0x0102040810204080u >> 56);
        ones += all * 0x0101010101010101u >> 56;
    }
    return ones;
}

/* Mask and elements set, as far as they stay below `most` bytes; one element more may be written. The bytes of
 * elements, or most. */
INNER size_t put(const uint8_t *p, size_t count, size_t width, uint8_t *mask, uint8_t *values, size_t most)
{
    uint8_t set[BLOCK + 8], *to = values;

    for (size_t at = 0; at < count; at += BLOCK, p += BLOCK * width) {
        size_t some = count - at < BLOCK ? count - at : BLOCK;

        if ((size_t)(to - values) + put_mask(p, some, width, set, mask + at / 8) * width >= most)
            return most;
        for (size_t i = 0; i < some; i++) {
            memcpy(to, p + i * width, width);
            to += set[i] * width;
        }
    }
    return (size_t)(to - values);
}

WIDE int bitmask_encode(int width, const uint8_t *p, size_t n, struct buf *out)
{
    size_t w = (size_t)width, count = n / w, head = BITMASK_HEAD + (count + 7) / 8, most, got = 0;
    uint8_t *to = buf_space(out, n + BITMASK_HEAD + w);
    uint8_t first[BITMASK_HEAD] = {(uint8_t)width, (uint8_t)count, (uint8_t)(count >> 8), (uint8_t)(count >> 16),
                                   (uint8_t)(count >> 24)};

    if (head >= n)
        return -1;
    most = n - head;
    memcpy(to, first, sizeof first);
#define PUT(W) got = put(p, count, W, to + BITMASK_HEAD, to + head, most)
    EACH_WIDTH(w, PUT)
    if (got == most)
        return -1;
    out->len += head + got;
    return 0;
}

/* Elements set from their places in value[ones]; behind the last, which is never passed, all is zero. */
INNER void scatter(const uint8_t *mask, size_t count, const uint8_t *value, size_t ones, size_t width, uint8_t *dst)
{
    const uint8_t *end = value + ones * width;
    size_t i = 0;

    for (; i < count && value < end; i++, dst += width) {
        uint64_t bit = mask[i / 8] >> (i % 8) & 1, v = 0;

        memcpy(&v, value, width);
        v &= 0 - bit;
        memcpy(dst, &v, width);
        value += bit * width;
    }
    memset(dst, 0, (count - i) * width);
}

/* The first of value[ones] that is zero, or ones. */
INNER size_t find_zero(const uint8_t *value, size_t ones, size_t width)
{
    size_t i = 0, zeros = 0;

    for (size_t k = 0; k < ones; k++)
        zeros += !is_set(value + k * width, width);
    while (zeros && is_set(value + i * width, width))
        i++;
    return zeros ? i : ones;
}

/* The place of the element that bit number `nth` of those set stands for. */
static size_t place_of(const uint8_t *mask, size_t nth)
{
    size_t i = 0;

    for (;; i++)
        if (mask[i / 8] >> (i % 8) & 1 && nth-- == 0)
            return i;
}

WIDE int bitmask_decode(const uint8_t *p, size_t n, uint8_t *dst, struct err *e)
{
    size_t width = p[0], count = bitmask_count(p), mask_bytes = (count + 7) / 8, ones = 0, zero = 0;
    const uint8_t *mask = p + BITMASK_HEAD, *value = mask + mask_bytes;

    if (n - BITMASK_HEAD < mask_bytes)
        return err_set(e, "mask of %zu elements does not fit a payload of %zu bytes", count, n);
    for (size_t i = 0; i < mask_bytes; i++)
        ones += (size_t)__builtin_popcount(mask[i]);
    if (count % 8 && mask[mask_bytes - 1] >> (count % 8))
        return err_set(e, "mask of %zu elements has bits set behind its end", count);
    if (n - BITMASK_HEAD - mask_bytes != ones * width)
        return err_set(e, "mask has %zu elements set of %zu bytes each, the payload holds %zu bytes of values", ones,
                       width, n - BITMASK_HEAD - mask_bytes);
#define FIND_ZERO(W) zero = find_zero(value, ones, W)
    EACH_WIDTH(width, FIND_ZERO)
    if (zero < ones)
        return err_set(e, "element %zu is zero though its mask bit is set", place_of(mask, zero));
#define SCATTER(W) scatter(mask, count, value, ones, W, dst)
    EACH_WIDTH(width, SCATTER)
    return 0;
}

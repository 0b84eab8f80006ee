#include "wire/bitmask.h"

#include <string.h>

#include "base/wide.h"

uint32_t bitmask_count(const uint8_t *p)
{
    return (uint32_t)p[1] | (uint32_t)p[2] << 8 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 24;
}

/*
 * The loops below are the same text for each width that weights have, where it is a constant and an element moves as one number, and for the others.
 * None has a branch for an element: at half zeros every second would be guessed wrong.
 */
#define EACH_WIDTH(w, call) \
    switch (w) { \
    case 1: call(1); break; \
    case 2: call(2); break; \
    case 4: call(4); break; \
    case 8: call(8); break; \
    default: call(w); \
    }

INNER uint8_t is_set(const uint8_t *p, size_t width)
{
    uint64_t v = 0;

    memcpy(&v, p, width);
    return v != 0;
}

/* Bit i of byte i / 8: eight answers of a byte each, brought together by one product. */
INNER size_t put_mask(const uint8_t *p, size_t count, size_t width, uint8_t *mask)
{
    size_t ones = 0, i = 0;

    for (; i + 8 <= count; i += 8, p += 8 * width) {
        uint8_t set[8];
        uint64_t all;

        for (size_t k = 0; k < 8; k++)
            set[k] = is_set(p + k * width, width);
        memcpy(&all, set, 8);
        mask[i / 8] = (uint8_t)(all * 0x0102040810204080u >> 56);
        ones += all * 0x0101010101010101u >> 56;
    }
    if (i < count)
        mask[i / 8] = 0;
    for (; i < count; i++, p += width) {
        mask[i / 8] |= (uint8_t)(is_set(p, width) << i % 8);
        ones += is_set(p, width);
    }
    return ones;
}

/* The elements set, one after another; up to one element behind the last is written too. */
INNER void gather(const uint8_t *p, size_t count, size_t width, uint8_t *to)
{
    for (size_t i = 0; i < count; i++, p += width) {
        memcpy(to, p, width);
        to += is_set(p, width) ? width : 0;
    }
}

WIDE int bitmask_encode(int width, const uint8_t *p, size_t n, struct buf *out)
{
    size_t w = (size_t)width, count = n / w, mask_bytes = (count + 7) / 8, ones = 0;
    uint8_t *to = buf_space(out, n + BITMASK_HEAD + mask_bytes + w);
    uint8_t head[BITMASK_HEAD] = {(uint8_t)width, (uint8_t)count, (uint8_t)(count >> 8), (uint8_t)(count >> 16), (uint8_t)(count >> 24)};

    memcpy(to, head, sizeof head);
#define MASK(W) ones = put_mask(p, count, W, to + BITMASK_HEAD)
    EACH_WIDTH(w, MASK)
    if (BITMASK_HEAD + mask_bytes + ones * w >= n)
        return -1;
#define GATHER(W) gather(p, count, W, to + BITMASK_HEAD + mask_bytes)
    EACH_WIDTH(w, GATHER)
    out->len += BITMASK_HEAD + mask_bytes + ones * w;
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
        return err_set(e, "mask has %zu elements set of %zu bytes each, the payload holds %zu bytes of values", ones, width,
                       n - BITMASK_HEAD - mask_bytes);
#define FIND_ZERO(W) zero = find_zero(value, ones, W)
    EACH_WIDTH(width, FIND_ZERO)
    if (zero < ones)
        return err_set(e, "element %zu is zero though its mask bit is set", place_of(mask, zero));
#define SCATTER(W) scatter(mask, count, value, ones, W, dst)
    EACH_WIDTH(width, SCATTER)
    return 0;
}

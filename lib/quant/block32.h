/* block32: what q4_0 to q5_1 have in common: blocks of 32, one half (and a second, the low) each, codes of 4 or 5 bits.
 * */
#ifndef WEIR_QUANT_BLOCK32_H
#define WEIR_QUANT_BLOCK32_H

#include <stdint.h>
#include <string.h>

#include "num/half_bits.h"

/*
 * Encode as quant.h says. Layout: d, low (asymmetric), the fifth bits as one word (nmax over 15), 16 bytes of nibbles,
 * the low one of byte j being element j, the high one element j + 16.
 * nmax  symmetric: 8 or 16, codes 0 .. 2 nmax - 1 less nmax; asymmetric: 15 or 31
 */
void block32_sym(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out);
void block32_asym(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out);

/* Codes of half a block: a loop over bytes gcc 12 packs one by one. */
typedef uint8_t block32_half __attribute__((vector_size(16)));

/* The bytes of one block; returns where the next begins. low is written when asym, fifth bits when five. */
static inline __attribute__((always_inline)) uint8_t *block32_put(uint8_t *to, float d, float low, int asym, int five,
                                                                  const uint8_t *restrict q)
{
    block32_half codes[2];
    uint16_t half = half_down(d);

    memcpy(to, &half, 2);
    to += 2;
    if (asym) {
        half = half_down(low);
        memcpy(to, &half, 2);
        to += 2;
    }
    if (five) {
        uint32_t high = 0;

        for (int j = 0; j < 32; j++)
            high |= (uint32_t)(q[j] >> 4) << j;
        memcpy(to, &high, 4);
        to += 4;
    }
    memcpy(&codes[0], q, 16);
    memcpy(&codes[1], q + 16, 16);
    codes[0] = (codes[0] & 15) | codes[1] << 4;
    memcpy(to, &codes[0], 16);
    return to + 16;
}

#endif

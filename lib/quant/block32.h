/* block32: what q4_0 to q5_1 have in common: blocks of 32, one half (and a second, the low) each, codes of 4 or 5 bits.
 * */
#ifndef WEIR_QUANT_BLOCK32_H
#define WEIR_QUANT_BLOCK32_H

#include <stdint.h>

/*
 * Encode as quant.h says. Layout: d, low (asymmetric), the fifth bits as one word (nmax over 15), 16 bytes of nibbles,
 * the low one of byte j being element j, the high one element j + 16.
 * nmax  symmetric: 8 or 16, codes 0 .. 2 nmax - 1 less nmax; asymmetric: 15 or 31
 */
void block32_sym(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out);
void block32_asym(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out);

#endif

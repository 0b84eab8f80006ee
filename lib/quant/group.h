/* group: loops over the weights of one group that methods share. */
#ifndef WEIR_QUANT_GROUP_H
#define WEIR_QUANT_GROUP_H

#include <stdint.h>

/* The least and the largest of n values (n > 0), in any order the same. */
void group_range(const float *w, uint64_t n, float *min, float *max);

/* codes = round(w / scale) + zero, limited to [0, top]; ties to even. A scale of 0 gives the code nearest to zero for
 * all. */
void group_code(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes);

/* The same for GROUP_EACH weights that have a scale and a zero each (all whole), and the values that the codes stand
 * for. */
#define GROUP_EACH 16
void group_code_each(const float *w, const float *scale, const float *zero, int top, uint8_t *codes, float *values);

/* codes = round(w / scale + zero), limited: for zeros that are not whole. */
void group_code_shifted(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes);

/* One round of hqq over a group: the mean |error| with this zero, and the zero that the next round tries. Sixteen
 * partial sums, of elements l, l + 16 ..., then added in order. */
float group_turn(const float *w, uint64_t n, float scale, float zero, float top, float beta, float *next);

#endif

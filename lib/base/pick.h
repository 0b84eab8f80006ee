/* pick: the k least of n values, ties broken by index, so that a choice is the same however it is computed. */
#ifndef WEIR_BASE_PICK_H
#define WEIR_BASE_PICK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Mark the k smallest of v.
 * v     in: float[n], no NaN (NaN sorts last); n up to SIZE_MAX
 * mark  out: uint8_t[n], 1 for the k smallest by (value, index), else 0
 * k     at most n
 * Cost O(n) (radix selection on 4 passes of 256 or 65536 bins), no memory but the bins.
 */
void pick_smallest(const float *v, size_t n, size_t k, uint8_t *mark);

/* The value of rank k (0-based) among v in increasing order. n > k. O(n). */
float pick_kth(const float *v, size_t n, size_t k);

/* Indices sorted by (value ascending, index ascending). order: uint32_t[n]. O(n). */
void pick_sort(const float *v, size_t n, uint32_t *order);

#endif

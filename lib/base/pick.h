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
 * Cost O(n): at best one pass that holds the candidates which a sample leaves, and one that marks; at worst four. 40
 * KiB of stack.
 */
void pick_smallest(const float *v, size_t n, size_t k, uint8_t *mark);

/* pick_smallest in each group of `of` values. n: a multiple of `of`, which is at least 1; k: at most `of`. Groups of 4
 * and 8 go by vectors. */
void pick_groups(const float *v, size_t n, size_t of, size_t k, uint8_t *mark);

/* The value of rank k (0-based) among v in increasing order. n > k. O(n). */
float pick_kth(const float *v, size_t n, size_t k);

/* Indices sorted by (value ascending, index ascending). order: uint32_t[n], n below 2^32. O(n), 16 bytes of memory a
 * value. */
void pick_sort(const float *v, size_t n, uint32_t *order);

/*
 * The k smallest of values that pass by more than once and are never held together (a whole model's scores): two passes
 * that count, one that marks. The same values must come in the same order in each; ties go to the first that came.
 *
 *     s = pick_sieve_new();
 *     for (pass = 0; pass < 2; pass++) { pick_sieve_count(s, v, n) for every piece; pick_sieve_next(s, k); }
 *     pick_sieve_mark(s, v, n, mark) for every piece; free(s);
 *
 * pick_sieve_next ends a counting pass; k is read at the end of the first, when pick_sieve_seen is the whole count.
 * Memory 512 KiB whatever the count; exact.
 */
struct pick_sieve;
struct pick_sieve *pick_sieve_new(void); /* free() */
void pick_sieve_count(struct pick_sieve *s, const float *v, size_t n);
uint64_t pick_sieve_seen(const struct pick_sieve *s);
void pick_sieve_next(struct pick_sieve *s, uint64_t k);
void pick_sieve_mark(struct pick_sieve *s, const float *v, size_t n, uint8_t *mark);

#endif

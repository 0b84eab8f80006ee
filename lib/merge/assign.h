/* assign: the linear assignment problem. */
#ifndef WEIR_MERGE_ASSIGN_H
#define WEIR_MERGE_ASSIGN_H

#include <stddef.h>

/*
 * The permutation that makes sum_i gain[i][to[i]] greatest.
 * gain   in: double[n][n], finite. to out: size_t[n]
 * Returns the sum. Among equal optima the one that rows taken in ascending order, columns in ascending order, find
 * first. Cost O(n^3), in the worst case. Memory: 5 n words. Source: Jonker and Volgenant 1987: shortest augmenting
 * paths with potentials.
 */
double assign_best(size_t n, const double *gain, size_t *to);

#endif

/* delta: task vectors, the changes of each model from the base: what task, ties, dare, della and breadcrumbs share. */
#ifndef WEIR_MERGE_DELTA_H
#define WEIR_MERGE_DELTA_H

#include "base/rng.h"
#include "merge/merge.h"

/* model[k] becomes model[k] - base, in f32. */
void delta_take(const struct merge_job *j);

/*
 * out = base + lambda * sum_k w_k d_k, the sum divided by sum_k w_k with normalize (where that is above 1e-8).
 * agree   1: at each place only those count whose w_k d_k has the sign of the whole sum (0 counts as plus; a change of
 *         0 agrees with none), in both sums: Yadav and others 2023, "TIES-Merging", steps 2 and 3
 * Sums are f64 in the order of the operands and rounded once.
 */
void delta_sum(const struct merge_job *j, int agree);

/* floor(share * n), where a product within 1e-9 of a whole number counts as it. */
uint64_t delta_count(double share, uint64_t n);

/* In d[n] the `top` largest magnitudes become 0, of the others the `keep` largest stay, the rest becomes 0; the higher
 * index is the larger of equals. Memory: 5 bytes an element. */
void delta_trim(float *d, uint64_t n, uint64_t top, uint64_t keep);

/*
 * The same for a tensor that passes by slabs (merge.h, survey): two passes count magnitudes exactly, then
 * delta_sieve_trim trims a slab as delta_trim would the whole. Memory: 512 KiB for each model, twice that with a top.
 */
struct delta_sieve;
struct delta_sieve *delta_sieve_new(int models);
void delta_sieve_set(struct delta_sieve *s, int model, uint64_t n, uint64_t top, uint64_t keep);
void delta_sieve_see(void *sieve, const struct merge_job *some, int pass);
void delta_sieve_next(void *sieve, int pass);
void delta_sieve_trim(struct delta_sieve *s, const struct merge_job *j); /* j's models are changes by now */
void delta_sieve_free(void *sieve);

/* The random numbers of model k of this tensor: word i belongs to element i. */
struct rng delta_rng(const struct merge_job *j, int k);

/* Each change of model k stays with probability density[k], and is rescaled as the arguments say. */
void delta_drop(const struct merge_job *j, int k);

/*
 * MERGE_BY_L1: what stays of each model's changes is scaled so that their L1 norm over the tensor is what it was;
 * nothing is done where one of the two is below 1e-7. The norms are those of all rows, so they are a survey's: begin
 * gives NULL where no L1 norm is kept.
 */
struct level;
void *level_begin(const struct merge_job *whole);
/* drop: what apply does to a model's changes in some rows. Memory: the rows once more. */
void level_see(struct level *l, const struct merge_job *some, void (*drop)(const struct merge_job *j, int k));
/* apply of methods that drop by chance: changes are taken, dropped, brought to their level and summed (elect: those of
 * the elected sign). */
void level_merge(const struct merge_job *j, void (*drop)(const struct merge_job *j, int k), int elect);
extern const struct merge_survey level_survey;                             /* of those that drop by delta_drop */
void level_apply(const struct level *l, const struct merge_job *j, int k); /* l NULL: nothing */

#endif

/*
 * acc: statistics of many numbers in one pass and constant memory. Sums are taken in a fixed order over blocks of
 * ACC_BLOCK values, so a result depends on the values and their order only: not on how they were cut into calls, nor
 * on the number of threads.
 */
#ifndef WEIR_NUM_ACC_H
#define WEIR_NUM_ACC_H

#include <stddef.h>
#include <stdint.h>

/* A running sum with its lost low part (Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
 * Summen", algorithm IV): error about one unit in the last place whatever the number of terms. {0} is empty. */
struct sum {
    double s, c;
};
void sum_add(struct sum *a, double x);
double sum_value(const struct sum *a);

/* Count, mean, and the sums of the 2nd to 4th power of (x - mean). {0} is empty. */
struct moments {
    uint64_t n;
    double mean, m2, m3, m4;
};

/* Those of v[n], all finite: two passes in double, eight lanes added in a fixed tree. O(n), no memory. */
void moments_of(struct moments *m, const float *v, size_t n);

/* a becomes the moments of both sets (Pebay 2008, SAND2008-6212, equations 2.1 and 3.1 of pairwise update; Chan et al.
 * 1979 for the first two). Not associative in the last digits: merge in a fixed order. */
void moments_merge(struct moments *a, const struct moments *b);

/* Of the population (divided by n). NaN where they are not defined: no values, or no spread for the last two. */
double moments_variance(const struct moments *m);
double moments_skewness(const struct moments *m);
double moments_kurtosis(const struct moments *m); /* 3 for a normal distribution */

/* Sum of v[i]^2 in double, eight lanes added in a fixed tree; for the norm of a row. */
double acc_squares(const float *v, size_t n);

#define ACC_BLOCK 4096

struct acc; /* moments, extremes, norms and a sketch of the distribution of one tensor */

/* What acc_finish returns. Only finite values count; min and max are NaN when there are none. */
struct acc_stats {
    struct moments m;   /* m.n: finite values */
    uint64_t zeros;     /* of both signs */
    uint64_t nonfinite; /* infinities and NaNs, left out of all else */
    double min, max;
    double l1, squares; /* sum of |x|, sum of x^2 */
};

/* Empty. 4 MiB for each of par_jobs() threads. Free with acc_free. */
struct acc *acc_new(void);
void acc_free(struct acc *a);
void acc_reset(struct acc *a); /* empty again */

/* Add v[n], any values. Works on par_jobs() threads. O(n). */
void acc_add(struct acc *a, const float *v, size_t n);

/* The statistics so far; valid until the next call on a. No acc_add may follow before acc_reset. */
const struct acc_stats *acc_finish(struct acc *a);

/* Add the values that from has seen to those of a; both are finished afterwards. */
void acc_merge(struct acc *a, struct acc *from);

/*
 * The least |x| that at least q * n of the finite values do not exceed, 0 < q <= 1 (nearest rank, no interpolation);
 * NaN when there are none. From the sketch: a count for each sign, exponent and upper 10 of the 23 fraction bits. So it
 * is exact when all values are representable in BF16, F16 or an 8-bit float, and else within 2^-11 of the true
 * quantile's size. O(2^18). a is finished.
 */
double acc_abs_quantile(const struct acc *a, double q);

/* Counts of the finite values in n equal bins over [lo, hi], lo < hi; the last is closed, and values outside go to the
 * nearest. Values are taken from the sketch, so one within 2^-11 of its size from an edge may be counted beside it,
 * never in the exact case. */
void acc_histogram(const struct acc *a, double lo, double hi, uint64_t *count, size_t n);

#endif

/*
 * stats: how the numbers of many records are distributed: count, extremes, exact sums of values and squares, and a
 * histogram. Nothing is rounded away that adding could notice, so that merging is associative and commutative to the
 * bit. In a stream a record of kind stat named "texts" (weir(5)).
 */
#ifndef WEIR_TEXT_STATS_H
#define WEIR_TEXT_STATS_H

#include "num/exact.h"
#include "record/text.h"

#define STATS_NAME "texts"
#define STATS_FIELDS_MAX 1000
#define STATS_DEFAULT "bytes,chars,words,lines,letters,digits,upper,spaces,signs"

/* Values by their sign, exponent and 7 upper bits of the fraction: v counts at the number of that form next to it on
 * the side of 0, which is v for whole numbers to 255 and within 1/128 of it elsewhere. */
struct stats_bin {
    double from;
    uint64_t n;
};

double stats_bin_of(double v);

struct stats_field {
    char *name;
    uint64_t n;      /* records that have it */
    double min, max; /* when n > 0 */
    struct exact sum, squares;
    struct stats_bin *bin; /* by from, ascending */
    uint32_t bins, cap;
};

struct stats {
    uint64_t records;
    struct stats_field *field; /* by name, as strcmp orders */
    int fields, words;         /* words: some field needs them */
};

/* names: separated by commas, each what record_number knows. {0} has no fields. About 2.3 KiB a field, 16 bytes a bin.
 * */
void stats_init(struct stats *s, const char *names);
void stats_free(struct stats *s);
/* A record without one of the fields, or with one that is not finite, counts for the others. */
void stats_add(struct stats *s, const struct record *r);
/* to += from: the fields of both; one that only one side knows has the values of that side. -1: a count is beyond 2^63
 * - 1, or there are more fields than STATS_FIELDS_MAX. */
int stats_merge(struct stats *to, const struct stats *from, struct err *e);

double stats_mean(const struct stats_field *f);
double stats_sd(const struct stats_field *
                    f); /* of the population: from the exact sums, in double. Both may be beyond a double: not finite */
/* The bin of rank ceil (q n), 0 < q <= 1, but not below min nor above max. n > 0. */
double stats_quantile(const struct stats_field *f, double q);

int stats_write(struct writer *out, const struct stats *s, struct err *e);
/* As a line of JSON, with mean, sd (where they are finite) and quantiles, which reading passes over. */
int stats_put_line(struct buf *b, const struct stats *s, struct err *e);
/* Add everything of that kind in a file; as feat_read. */
int stats_read(struct stats *to, const char *path, struct err *e);

#endif

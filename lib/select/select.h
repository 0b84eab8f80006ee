/*
 * select: in what order texts are chosen. One file a method, one row in select.def. A method either gives each record a
 * key by itself (then any number of records will do), or orders a whole set that is held in memory.
 */
#ifndef WEIR_SELECT_SELECT_H
#define WEIR_SELECT_SELECT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "base/opt.h"
#include "base/rng.h"
#include "text/ngram.h"

/* What a method needs, as bits. */
enum {
    SELECT_SCORE = 1,
    SELECT_VECTOR = 2,
    SELECT_CLUSTER = 4,
    SELECT_LENGTHS = 8 /* of vectors matter: they come as given */
};

/* How one of a set was drawn, of methods that sample it by key = log_p + Gumbel. */
struct select_draw {
    double value, log_p, key; /* value: what log_p is made of */
};

/* What several methods have as options, as given; one for all methods. What one has alone stands in its file. */
struct select_params {
    uint64_t seed;
    const char *cluster, *vector; /* meta keys; vector NULL: hashed n-grams of the text */
    uint64_t dims;
};
#define SELECT_PARAMS                                                                                                  \
    {                                                                                                                  \
        .dims = 256                                                                                                    \
    }
extern struct select_params select_params;

/* clang-format off */
#define SELECT_SEED \
    {.name = "seed", .arg = "N", .kind = OPT_U64, .to = &select_params.seed, .hi = INFINITY, \
     .help = "of what is random"}
#define SELECT_BY_CLUSTER \
    {.name = "cluster", .arg = "KEY", .kind = OPT_STRING, .to = &select_params.cluster, \
     .help = "the meta key that names a record's cluster"}
#define SELECT_VECTORS \
    {.name = "vector", .arg = "KEY", .kind = OPT_STRING, .to = &select_params.vector, \
     .help = "the meta key with a record's numbers (default: hashed n-grams of its text)"}, \
    {.name = "dims", .arg = "N", .kind = OPT_U64, .to = &select_params.dims, .lo = 1, .hi = NGRAM_BUCKETS_MAX, \
     .help = "numbers in a vector of hashed n-grams"}
/* clang-format on */

/* A set, in an order that depends on its records only (by the hash of their ids). */
struct select_set {
    size_t n, d;
    const float *x;          /* [n][d], rows of length 1 or 0 unless SELECT_LENGTHS; with SELECT_VECTOR */
    const double *score;     /* [n], with SELECT_SCORE; else zeros */
    const uint32_t *cluster; /* [n], numbers below clusters, with SELECT_CLUSTER */
    size_t clusters;
    const struct rng *rng;    /* [n], of the seed and the record's id */
    size_t want;              /* at most so many will be asked for */
    uint32_t *order;          /* out: the chosen, the first one first; room for n */
    size_t ordered;           /* out: how many, min(want, n) at least */
    struct select_draw *draw; /* out: [n], by methods that have `as`; or NULL: not wanted */
};

struct select_method {
    const char *name, *brief;
    const struct opt *opts;
    unsigned needs;
    double (*key)(struct rng r, double score);         /* the greater the sooner; not NaN. Or NULL */
    int (*order)(struct select_set *s, struct err *e); /* or NULL; one of both */
    const double *temperature; /* its option's value, by which it and the report divide scores; NULL: 1 */
    const char *as;            /* it samples and fills in draws: what their values are called as scores. Or NULL */
};

#define METHOD(n) extern const struct select_method select_##n;
#include "select/select.def"
#undef METHOD

extern const struct select_method *const select_table[]; /* ends with NULL */
const struct select_method *select_find(const char *name);

/* Indices 0 .. n-1 by (key descending, index ascending), into order. For methods that rank a set by one number. NaN is
 * not let in. */
void select_by_key(const double *key, size_t n, uint32_t *order);

#endif

/*
 * select: in what order texts are chosen. One file a method, one row in select.def. A method either gives each record a
 * key by itself (then any number of records will do), or orders a whole set that is held in memory.
 */
#ifndef WEIR_SELECT_SELECT_H
#define WEIR_SELECT_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

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

struct select_args {
    uint64_t seed;
    double temperature; /* sample: > 0 */
    double alpha;       /* ucb: weight of what is not yet known */
};

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
    unsigned needs;
    double (*key)(const struct select_args *a, struct rng r,
                  double score); /* the greater the sooner; not NaN. Or NULL */
    int (*order)(const struct select_args *a, struct select_set *s, struct err *e); /* or NULL; one of both */
    const char *as; /* it samples and fills in draws: what their values are called as scores. Or NULL */
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

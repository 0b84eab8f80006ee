/*
 * prune: methods that choose the weights to zero, and may change those that stay. One file a method, one row in
 * prune.def. Scores are no business of this family: a job that needs them gets them.
 */
#ifndef WEIR_PRUNE_PRUNE_H
#define WEIR_PRUNE_PRUNE_H

#include <stdint.h>

#include "base/opt.h"
#include "base/pick.h"
#include "prune/factor.h"
#include "prune/pattern.h"

/* What a method needs, as bits; PRUNE_COMPANION: what a scorer needs that reads the companion score. */
enum { PRUNE_SCORE = 1, PRUNE_NORM2 = 2, PRUNE_MEAN = 4, PRUNE_GRAM = 8, PRUNE_COMPANION = 16 };

#define PRUNE_INPUTS (PRUNE_NORM2 | PRUNE_MEAN | PRUNE_GRAM) /* those that tell of inputs */

struct prune_method;

struct prune_job {
    const struct pattern *pattern;
    const struct prune_method *init; /* of a method that has one: whose mask it begins with */
    struct pick_sieve *sieve;        /* in/out: scopes tensor and model, both counting passes done; else NULL */
    uint64_t row0;                   /* index of the first of these rows in the tensor */
    uint64_t rows, cols;
    float *w; /* inout: [rows][cols], no NaN; a method that compensates changes it; where mask is 1 it says nothing
            * afterwards */
    const float *score;                /* [rows][cols] with PRUNE_SCORE; these are NULL unless the method needs them */
    const float *norm2;                /* [cols] mean of x^2 */
    const float *mean;                 /* [cols] mean of x */
    const float *gram;                 /* [cols][cols] X'X / n */
    const struct prune_factor *factor; /* the method's; NULL: a method that has one makes it */
    uint8_t *mask;                     /* out: [rows][cols], 1 where the weight is to be zero */
};

struct prune_method {
    const char *name, *brief;
    const struct opt *opts; /* its own (struct opt_owner), or NULL */
    unsigned needs;         /* PRUNE_* */
    int whole;   /* 1: by scope tensor the job must hold all rows of the tensor; by row, or N:M, rows need no others */
    int changes; /* 1: weights that stay may change; 0: they keep their bytes */
    const char *const *init; /* the name of the method whose mask it begins with; NULL: of none */
    /* What it makes of the gram once for all rows of a tensor, or NULL. Arguments as of prune_factor_make. */
    int (*factor)(struct prune_factor *f, size_t cols, const float *gram, struct err *e);
    int (*takes)(const struct pattern *, struct err *e); /* 0, or -1: it has no such pattern; NULL: it has all */
    int (*apply)(struct prune_job *,
                 struct err *e); /* 0, or -1 and a sentence without the tensor's name; of a pattern that it takes */
};

#define METHOD(n) extern const struct prune_method prune_##n;
#include "prune/prune.def"
#undef METHOD

extern const struct prune_method *const prune_table[];   /* ends with NULL */
const struct prune_method *prune_find(const char *name); /* NULL when unknown */

#endif

/*
 * merge: several models into one. One file a method, one row in merge.def.
 *
 * A method sees some rows of one tensor in all models at once. Reading order: merge.h, linear.c, delta.h (what the
 * methods of task vectors share), ties.c, operand.h, pass.h (one tensor through a method). Joins that compute nothing:
 * join.h.
 */
#ifndef WEIR_MERGE_MERGE_H
#define WEIR_MERGE_MERGE_H

#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"

/* What makes up for changes that chance left out. */
enum merge_rescale {
    MERGE_AS_IS,
    MERGE_BY_CHANCE, /* each is divided by its probability of being kept */
    MERGE_BY_L1      /* all are scaled so that the sum of |change| over the tensor is what it was */
};

/* What several methods have as options (options.h). */
struct merge_args {
    double *weight, *density; /* one for each model (without the base) */
    int normalize;            /* yes or no */
    enum merge_rescale rescale;
    double lambda;
    uint64_t seed;
};

/* How much of a tensor a method must see at once: any rows, each by itself; or all of it, if only by way of a survey.
 * */
enum merge_unit { MERGE_ROWS, MERGE_TENSOR };

struct merge_job {
    const struct merge_args *args;
    const char *name; /* the tensor's: keys random numbers */
    uint64_t row0;    /* index of the first of these rows in the tensor */
    uint64_t rows, cols;
    int models;        /* without the base */
    const float *base; /* [rows][cols], or NULL when the method has none */
    float **model;     /* models times [rows][cols]: scratch when the method has read them */
    float *out;        /* [rows][cols]; overlaps none of these */
    void *seen;        /* what the survey found: of a method that has one, of the whole tensor */
};

/*
 * What a method must know of all rows before it can merge some: orders, norms. Rows pass in order, by slabs, once for
 * each pass; slabs are no matter for what comes out. So a tensor is read passes + 1 times and never held.
 */
struct merge_survey {
    int passes;
    void *(*begin)(const struct merge_job *whole);                   /* rows and columns of the tensor; no data yet */
    void (*see)(void *seen, const struct merge_job *some, int pass); /* some's models are not changed */
    void (*next)(void *seen, int pass);                              /* a pass has ended; or NULL */
    void (*end)(void *seen);
};

struct merge_pass;
struct writer;

struct merge_method {
    const char *name, *brief;
    const struct opt *opts;
    int base;        /* 1: the first operand is the base, and no model */
    int least, most; /* models; most 0: any number */
    enum merge_unit unit;
    const int *by_row; /* or NULL; MERGE_ROWS: its option's value, 0 asks for all rows, as MERGE_BY_L1 does */
    int normalize;     /* where nothing is given, as rescale */
    enum merge_rescale rescale;
    int (*check)(const struct merge_args *, int models, struct err *e); /* what options say together; or NULL */
    int (*apply)(const struct merge_job *, struct err *e); /* 0, or -1 and a sentence without the tensor's name */
    /* For methods that must see the whole model, or write other shapes: all operands at once, instead of a loop over
     * tensors (pass.h). apply is then what the method makes of a model of one tensor, or NULL where that is nothing. */
    int (*run)(struct merge_pass *, struct writer *, struct err *e);
    const struct merge_survey *survey; /* or NULL: apply of MERGE_TENSOR gets all rows at once */
};

#define METHOD(id) extern const struct merge_method merge_##id;
#include "merge/merge.def"
#undef METHOD

extern const struct merge_method *const merge_table[];   /* ends with NULL */
const struct merge_method *merge_find(const char *name); /* NULL when unknown */

/* The survey that must come before rows are merged, or NULL. */
const struct merge_survey *merge_surveys(const struct merge_method *m, const struct merge_args *a);

/* 1 when the job must hold all rows of the tensor. */
int merge_whole(const struct merge_method *m, const struct merge_args *a);

/* The parameters of that many models against the method's ranges: 0, or -1 naming the parameter and both values. */
int merge_check(const struct merge_method *m, const struct merge_args *a, int models, struct err *e);

/*
 * Merge the rows of a job, over par_jobs() threads when the method goes by rows; the same bytes for any number of them.
 * Where a survey comes first and job->seen is NULL, these are all rows, and the survey is made here; else slabs come in
 * order.
 * -1: the method's own error, or the result holds a NaN (infinities that meet), named by row and column.
 */
int merge_rows(const struct merge_method *m, const struct merge_job *job, struct err *e);

#endif

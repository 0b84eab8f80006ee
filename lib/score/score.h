/*
 * score: how much weights matter: a number of at least 0, the greater the dearer, for each weight, for each input
 * channel or for the whole tensor. One file a method, one row in score.def. A method sees the rows of one tensor, and
 * of its neighbours only what score_known holds.
 */
#ifndef WEIR_SCORE_SCORE_H
#define WEIR_SCORE_SCORE_H

#include <stdint.h>

#include "base/opt.h"
#include "score/known.h"

/* Among which scores the method's paper seeks the least; wprune's default. In the order of wprune's scopes. */
enum score_scope { SCORE_BY_ROW = 1, SCORE_BY_TENSOR, SCORE_BY_MODEL };

/* What one number is about. The companion score is [rows][cols], [1][cols] or [1][1]: a 1 stands for all. */
enum score_each { SCORE_WEIGHT, SCORE_COLUMN, SCORE_TENSOR };

/* Rows of one tensor, and what is known beside them. */
struct score_job {
    const char *name; /* the tensor's: keys random numbers, names the place in messages */
    uint64_t row0;    /* index of the first of these rows in the tensor */
    uint64_t rows, cols;
    const float *w;                  /* in: [rows][cols] */
    const struct score_known *known; /* in: what the method needs is there; NULL when it needs nothing */
    float *score;                    /* out: not aliased with w */
};

struct score_method {
    const char *name, *brief;
    const struct opt *opts; /* its own (struct opt_owner), or NULL */
    unsigned needs;         /* SCORE_* of known.h */
    enum score_scope scope;
    enum score_each each;
    int whole;  /* 1: the job must hold all rows of the tensor */
    int shifts; /* 1: zeroing some weights changes the order of the others, so pruning twice is not pruning once */
    int (*apply)(const struct score_job *,
                 struct err *e); /* fills job->score: [rows][cols], [cols] or [1]; w holds no NaN. 0, or -1 */
};

#define METHOD(n) extern const struct score_method score_##n;
#include "score/score.def"
#undef METHOD

extern const struct score_method *const score_table[];   /* ends with NULL */
const struct score_method *score_find(const char *name); /* NULL when unknown */

/* How many numbers a tensor of this size gets. */
uint64_t score_count(const struct score_method *m, uint64_t rows, uint64_t cols);

/*
 * Scores of the rows of a job, over par_jobs() threads when the method goes by rows and weights: score_count(m, rows,
 * cols) numbers. Result 0, or -1 when a weight or a score is NaN (the sentence has row and column, not the tensor's
 * name), a method that orders the whole tensor is given more than 2^32 - 1 weights, or what the method says.
 * Cost O(rows * cols), lamp O(n) with 20 bytes a weight more, lift that of la/svd.h; the same bytes for any number of
 * threads.
 */
int score_values(const struct score_method *m, const struct score_job *job, struct err *e);

/* As score_values, a number for each weight: score is [rows][cols], where one for a channel or the tensor is repeated.
 * */
int score_rows(const struct score_method *m, const struct score_job *job, struct err *e);

/* 0, or -1 at the first NaN of v[rows][cols]: "WHAT [row, col] is NaN", counting rows from row0. */
int score_check(const char *what, const float *v, uint64_t row0, uint64_t rows, uint64_t cols, struct err *e);

#endif

/*
 * score: how much each weight matters: one number of at least 0 a weight, the greater the dearer.
 * One file a method, one row in score.def. A method sees the rows of one tensor, never its neighbours.
 */
#ifndef WEIR_SCORE_SCORE_H
#define WEIR_SCORE_SCORE_H

#include <stdint.h>

#include "base/err.h"

enum { SCORE_NORM2 = 1 }; /* companions that a method needs, as bits */

/* Among which scores the method's paper seeks the least; wprune's default. In the order of wprune's scopes. */
enum score_scope { SCORE_BY_ROW = 1, SCORE_BY_TENSOR, SCORE_BY_MODEL };

/* Rows of one tensor, and what is known of its inputs. */
struct score_job {
    const char *name;   /* the tensor's: keys random numbers, names the place in messages */
    uint64_t seed;
    uint64_t row0;      /* index of the first of these rows in the tensor */
    uint64_t rows, cols;
    const float *w;     /* in: [rows][cols] */
    const float *norm2; /* in: [cols], mean of x^2 of each input channel; NULL unless the method needs it */
    float *score;       /* out: [rows][cols], not aliased with w */
};

struct score_method {
    const char *name, *brief;
    unsigned needs;                          /* SCORE_* */
    enum score_scope scope;
    int whole;                               /* 1: the job must hold all rows of the tensor */
    void (*apply)(const struct score_job *); /* fills job->score; w holds no NaN */
};

#define METHOD(n) extern const struct score_method score_##n;
#include "score/score.def"
#undef METHOD

extern const struct score_method *const score_table[]; /* ends with NULL */
const struct score_method *score_find(const char *name); /* NULL when unknown */

/*
 * Scores of the rows of a job, over par_jobs() threads when the method goes by rows.
 * Result 0, or -1 when a weight or a score is NaN (the sentence has row and column, not the tensor's name) or a method
 * that orders the whole tensor is given more than 2^32 - 1 weights.
 * Cost O(rows * cols), lamp O(n) with 20 bytes a weight more; the same bytes for any number of threads.
 */
int score_rows(const struct score_method *m, const struct score_job *job, struct err *e);

/* 0, or -1 at the first NaN of v[rows][cols]: "WHAT [row, col] is NaN", counting rows from row0. */
int score_check(const char *what, const float *v, uint64_t row0, uint64_t rows, uint64_t cols, struct err *e);

#endif

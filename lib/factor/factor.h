/*
 * factor: methods that write a matrix as a product of two thin ones, W ~ B A, or as what is near to one. One file a
 * method, one row in factor.def.
 *
 * Those of a product, but for eva, are one idea: take the largest singular triples of W S and undo S, W S ~ U s V', B =
 * U s^1/2, A = s^1/2 V' S^-1. They differ in S, which says what inputs look like: where |x S^-1| is white, the loss on
 * real inputs is least.
 */
#ifndef WEIR_FACTOR_FACTOR_H
#define WEIR_FACTOR_FACTOR_H

#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"

enum {
    FACTOR_ABSMEAN = 1,
    FACTOR_GRAM = 2,
    FACTOR_NORM2 = 4,
    FACTOR_MEAN = 8,
    FACTOR_BIAS = 16
};                                         /* companions a method needs, as bits; NORM2 only where alpha is
                                                        * not 0; BIAS: mean only where the layer has a bias, which takes
                                                        * what is lost on it */
enum { FACTOR_RANK = 1, FACTOR_KEEP = 2 }; /* what sizes may be given */

/* What becomes of the value. */
enum factor_kind {
    FACTOR_REPLACE, /* the product takes its place */
    FACTOR_SPLIT,  /* product and what is left of it, dense: the sum is the value; the product is what an adapter trains
                   * */
    FACTOR_BESIDE, /* the value stays and the product, which is 0 (B = 0), stands beside it */
    FACTOR_MONARCH,  /* l and r of form monarch, in b and a */
    FACTOR_SPARSE,   /* the product and, where mask is 1, what it leaves of the value */
    FACTOR_OUTLIERS, /* the value where mask is 1, sparse; where it is 0, dense */
    FACTOR_MIX       /* weights of several layers together: no apply, see group.h */
};

struct factor_job {
    const char *name;          /* the tensor's: keys the random signs of rsvd */
    uint64_t rows, cols, rank; /* 1 <= rank <= min(rows, cols) */
    const double *w;           /* in: [rows][cols], finite */
    const float *absmean;      /* in: [cols] mean |x|, with FACTOR_ABSMEAN; else NULL */
    const float *gram;         /* in: [cols][cols] X'X / tokens, with FACTOR_GRAM; else NULL */
    double *b, *a;             /* out: [rows][rank], [rank][cols] */
    double lost;               /* out: predicted share of |W S|^2 that is left out, 0 to 1 */
    const float *norm2;        /* in: [cols] mean x^2, with FACTOR_NORM2; else NULL */
    uint64_t
        blocks; /* of monarch, dividing rows and cols; b is [rows][blocks rank], a [blocks blocks rank][cols / blocks]
                 * */
    uint64_t kept;     /* numbers of the sparse term */
    uint8_t *mask;     /* out: [rows][cols], of FACTOR_SPARSE and FACTOR_OUTLIERS */
    const float *mean; /* in: [cols] mean x, with FACTOR_MEAN, and with FACTOR_BIAS where there is a bias; else NULL */
};

struct factor_method {
    const char *name, *brief;
    const struct opt *opts;
    unsigned needs; /* FACTOR_* companions */
    enum factor_kind kind;
    int (*apply)(struct factor_job *, struct err *e); /* 0, or -1 and a sentence without the tensor's name */
    unsigned sizes;      /* FACTOR_RANK and FACTOR_KEEP: which can be given, and 0 for one of the two but not both */
    const double *alpha; /* with FACTOR_NORM2: its option's value, the power of the inputs' size: 0 needs none */
    uint64_t (*blocks)(uint64_t rows, uint64_t cols); /* of FACTOR_MONARCH: how many, which need not divide them */
};

#define METHOD(n) extern const struct factor_method factor_##n;
#include "factor/factor.def"
#undef METHOD

extern const struct factor_method *const factor_table[];   /* ends with NULL */
const struct factor_method *factor_find(const char *name); /* NULL when unknown */

/* For the option rows of methods that go through factor_triples, and a table of it alone. */
extern int factor_exact;
#define FACTOR_EXACT                                                                                                   \
    {                                                                                                                  \
        .name = "exact", .kind = OPT_FLAG, .to = &factor_exact,                                                        \
        .help = "the full decomposition also where a randomized one is faster"                                         \
    }
extern const struct opt factor_exact_opts[];

/*
 * The largest triples of P [rows][cols] = W S: P ~ U s V', b = U s^1/2, a = s^1/2 V', and job->lost = 1 - sum s_i^2 /
 * |P|^2.
 * W  in: where factor_of_w(job), which is rows <= cols, a is s^-1/2 U'W, the same as s^1/2 V' S^-1 without S^-1; else
 * the caller takes S^-1 to it. May be P Exact: by the eigenvectors of P P' or P'P, whichever is smaller; b a is a
 * projection, of W on its left or of P on its right, whatever their rounding. Randomized (six power rounds, half the
 * rank more columns, at least 8) where the rank is at most a sixteenth of the smaller side and exact is not asked for:
 * lost is then what this product loses, above the least possible: of 1024 x 1024 normal numbers, whose spectrum falls
 * as slowly as any, by 0.26 to 0.33 % of it at ranks 16 to 64, in a tenth to a third of the time. Same bits everywhere.
 * Memory and cost: la/eigh.h, la/svd.h.
 */
int factor_triples(struct factor_job *job, const double *P, const double *W, struct err *e);
int factor_of_w(const struct factor_job *job);

/* h [cols][cols] = the gram in double; less mean mean', where the job has a mean: the covariance. */
void factor_moment(const struct factor_job *job, double *h);

/* s[cols]: the inputs' root mean squares to the power alpha, none below 1e-6 of the largest; 1 where norm2 is NULL. */
int factor_column_sizes(const struct factor_job *job, double alpha, double *s, struct err *e);

/* Largest rank whose factors hold at most the share keep of the matrix's numbers: floor(keep m n / (m + n)), at least
 * 1. */
uint64_t factor_rank(uint64_t rows, uint64_t cols, double keep);

#endif

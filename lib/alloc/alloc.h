/*
 * alloc: how much of a budget each tensor gets. One file a method, one row in alloc.def.
 *
 * A method sees every chosen tensor once, in the order of the stream, and notes what it has to know; then it decides
 * for all of them. What is shared out is one of three kinds:
 *
 *   sparsity  the share of each tensor's weights that goes; the weights that go are target * all weights
 *   type      one of a list of types for each tensor; the bytes are at most target
 *   rank      of the product in each tensor's place; its numbers are at most target * all numbers, and a matrix whose
 *   product would hold as many numbers
 *             as it has stays dense. Or, counted by ranks (adapters): the ranks are at most target * tensors
 *
 * Ties go by the order of the stream. Sums are f64 in a fixed order; no method depends on the number of threads.
 */
#ifndef WEIR_ALLOC_ALLOC_H
#define WEIR_ALLOC_ALLOC_H

#include <stdint.h>

#include "base/opt.h"
#include "tensor/bundle.h"

enum alloc_kind { ALLOC_SPARSITY = 1, ALLOC_TYPE = 2, ALLOC_RANK = 4 };

/* What a method must have of a tensor, as bits. ALLOC_ANGLE: its layer's, from mcalib --parts bi; ALLOC_INPUTS: gram
 * and norm2 where they are there. */
enum { ALLOC_WEIGHTS = 1, ALLOC_NORM2 = 2, ALLOC_MEAN = 4, ALLOC_GRAM = 8, ALLOC_ANGLE = 16, ALLOC_INPUTS = 32 };

#define ALLOC_DENSE UINT64_MAX /* a rank: the tensor stays as it is */

/* A thing that a tensor can become. */
struct alloc_point {
    uint64_t choice; /* which type; which rank */
    double cost;     /* bytes; numbers or ranks; weights that stay */
    double loss;     /* predicted: what the tensor's outputs lose, as a share or as energy */
};

struct alloc_tensor {
    char *name;
    char role[32]; /* "" when there is none */
    int64_t layer; /* or -1 */
    uint64_t rows, cols;
    double angle; /* of its layer, NaN when not known */
    int group;    /* tensors that get the same share; the method's */

    double score;  /* the method's: of the tensor or its group */
    double *value; /* the method's: [values], free() */
    uint64_t values;
    struct alloc_point *point; /* [points] by ascending cost */
    int points;
    double whole;  /* the energy of its outputs that losses are shares of */
    double factor; /* of its losses in the sum of all */

    double share;    /* decided: the sparsity */
    uint64_t choice; /* decided: the type; the rank, 0 or ALLOC_DENSE */
    double loss;     /* of the decision, predicted; NaN where the method predicts none */
};

/* A loaded tensor, while a method sees it. */
struct alloc_view {
    struct bundle *b;
    const float *w;            /* [rows][cols], finite; NULL unless the method reads weights */
    const float *norm2, *mean; /* [cols] or NULL */
    const float *gram;         /* [cols][cols] or NULL */
};

struct alloc_job;

/* What becomes of a tensor in a type of the list: bytes, and unless share is NULL, what is lost of its outputs' energy
 * and that energy. */
typedef int alloc_try(const struct alloc_job *j, struct bundle *b, uint64_t type, double *bytes, double *lost,
                      double *whole, struct err *e);

struct alloc_job {
    enum alloc_kind kind;
    double target;  /* see above: a share of weights; bytes; a share of numbers, or a rank */
    int by_rank;    /* rank: the budget counts ranks */
    uint64_t types; /* of the list */
    alloc_try *try; /* type: how a type is measured; the family of types is not this one */
    void *ctx;      /* its own */

    const char *const *type; /* type: names of the list */

    struct alloc_tensor *t;
    int n;
    double sum, bound; /* of alloc_knapsack: the sum of factor * loss, and what no choice within the budget is below */
    void *state;       /* the method's own between see and decide; free() */
};

struct alloc_method {
    const char *name, *brief;
    const struct opt *opts;      /* its own (struct opt_owner), or NULL */
    unsigned kinds;              /* ALLOC_SPARSITY ... as bits */
    unsigned needs;              /* ALLOC_WEIGHTS ... */
    const char *const *measured; /* types: where losses were written that are read instead of weights, or NULL */
    const char *const *losses; /* where its points are to be written (alloc_losses_put): a path, or NULL there; or NULL:
                                * it measures none */
    int (*see)(struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v,
               struct err *e); /* or NULL; t is the last of j->t */
    int (*decide)(struct alloc_job *j, struct err *e);
    /* each 0, or -1 and a sentence; see's is without the tensor's name */
};

#define METHOD(n) extern const struct alloc_method alloc_##n;
#include "alloc/alloc.def"
#undef METHOD

extern const struct alloc_method *const alloc_table[];   /* ends with NULL */
const struct alloc_method *alloc_find(const char *name); /* NULL when unknown */
void alloc_free(struct alloc_job *j);

/* The tensor next in j->t: named, of that shape; the rest is zeros but for NaN in angle and loss, and a factor of 1. */
struct alloc_tensor *alloc_add(struct alloc_job *j, const char *name, uint64_t rows, uint64_t cols);

/* What the methods share. */

double alloc_weights(const struct alloc_tensor *t);

/* Largest rank whose product holds at most the share keep of the matrix's numbers, at least 1: as lrfactor --keep. */
uint64_t alloc_rank(uint64_t rows, uint64_t cols, double keep);

/* The cost of a rank in the job's unit: numbers, at most those of the matrix (ALLOC_DENSE costs them), or ranks. */
double alloc_rank_cost(const struct alloc_job *j, const struct alloc_tensor *t, uint64_t rank);
double alloc_rank_budget(const struct alloc_job *j);

/* The rank that everyone gets where all get the same: alloc_rank of the target, or the target; at most the smaller
 * side, dense where the product would be no smaller. */
uint64_t alloc_uniform_rank(const struct alloc_job *j, const struct alloc_tensor *t);

/*
 * Shares from scores: share = score + c, no less than low and no more than high, with c such that the weights that go
 * are target * all. -1: no c does.
 */
int alloc_level(struct alloc_job *j, double low, double high, struct err *e);

/*
 * Ranks from lists: of all tensors' values (each list falls) the largest get a rank, one after the other, until the
 * next would exceed the budget; at least `least` ranks each. values is also the most that a tensor can get. -1: the
 * least ranks exceed the budget.
 */
int alloc_top(struct alloc_job *j, uint64_t least, struct err *e);

/*
 * Points from lists: one point for each tensor, so that the costs are at most budget and the sum of factor * loss is
 * small: steps along the lower convex hulls, the steepest first; then what still fits. choice, share and loss are set.
 * j->sum is that sum, j->bound the least of the linear relaxation (where no fraction is left). No more than the loss
 * of `same` (an index for each tensor, or NULL) where that fits. fraction: 1: between two points of a tensor anything
 * can be chosen (sparsity), and the budget is met exactly, even where losses stop falling. Source:
 * the greedy of the multiple-choice knapsack's linear relaxation, Sinha and Zoltners 1979: exact with fractions, else
 * off by less than one step.
 * -1: the least costs exceed the budget. Cost: points log points.
 */
int alloc_knapsack(struct alloc_job *j, double budget, const int *same, int fraction, struct err *e);

/* Squares of the singular values of W S, S S' = gram, diag(norm2) or I, descending: [min(rows, cols)], free(). NULL on
 * error. Cost m^2 n + 4 m^3 / 3 of the smaller side m, and n m^2 (gram). Memory: W twice in double, and m^2. */
double *alloc_spectrum(uint64_t rows, uint64_t cols, const float *w, const float *gram, const float *norm2,
                       struct err *e);

#endif

/* known: what a score uses beside the weight itself: its inputs' statistics, its layer's influence, the weights of its
 * module. */
#ifndef WEIR_SCORE_KNOWN_H
#define WEIR_SCORE_KNOWN_H

#include "base/err.h"
#include "tensor/bundle.h"

/* What a method needs, as bits. */
enum {
    SCORE_NORM2 = 1,
    SCORE_INVERSE = 2, /* inverse and pivot, by the companion gram */
    SCORE_UNITS = 4,   /* absmean; of attn.o norm2 and width */
    SCORE_BI = 8,
    SCORE_BI_SUB = 16,
    SCORE_POOL = 32
};
#define SCORE_INPUTS (SCORE_NORM2 | SCORE_INVERSE | SCORE_UNITS) /* those that tell of inputs */

#define SCORE_DAMP                                                                                                     \
    0.01 /* share of the gram's mean diagonal added to it (la/obs.h), as in the papers of SparseGPT and ShiftAddLLM */

/* The weights of one module by size: what dimap compares a weight with. */
struct score_pool {
    uint64_t n;
    float *size;  /* [n] |w|, ascending */
    double *rest; /* [n] sum of the squares of size[i ..] */
};

struct score_known {
    float *norm2, *absmean;        /* [cols] mean of x^2, of |x| */
    float *inverse;                /* [cols] diagonal of (H + damp)^-1; 0 for an input that was never active */
    float *pivot;                  /* [cols] diagonal of U, (H + damp)^-1 = U'U; 0 likewise */
    uint64_t width;                /* input channels of a unit: the size of a head for attn.o, else 1 */
    double bi;                     /* influence of the layer or, with SCORE_BI_SUB, of the sub-layer */
    const struct score_pool *pool; /* not owned */
};

/*
 * What `needs` asks for, from the loaded companions and keys of b.
 * model  in: the head's keys, for the size of a head
 * pool   in: of b's module, with SCORE_POOL; else NULL
 * -1 and a sentence without the tensor's name: a companion or key that is missing or of the wrong size, a gram that
 * cannot be factored, no pool. Cost with SCORE_INVERSE 2 cols^3 / 3 and 12 bytes for each pair of inputs for a while.
 */
int score_known_get(struct score_known *k, unsigned needs, const struct bundle *b, const struct attrs *model,
                    const struct score_pool *pool, struct err *e);
void score_known_free(struct score_known *k);

/* Which module of its layer a role is in: 0 the readers of the attention's input (q, k, v), 1 attn.o, 2 the MLP's
 * linears, 3 anything else. */
#define SCORE_MODULES 4
int score_module(const char *role);

/*
 * The weights of a module among b[n], loaded bundles of one layer.
 * -1: values that cannot be read, a NaN, more than 2^32 - 1 weights. Memory: 12 bytes a weight, 24 more for a while.
 */
int score_pool_make(struct score_pool *p, const struct bundle *b, int n, int module, struct err *e);
void score_pool_free(struct score_pool *p);

#endif

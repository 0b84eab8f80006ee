/*
 * ppl: what a model's last states say about the next tokens: negative log-likelihood, and against a reference model the
 * divergence KL(reference || model) and whether both put the same token first.
 *
 * The vocabulary is walked in tiles of rows of the head with running maxima and sums, so neither the head as f32 nor
 * the scores of all tokens need be in memory; positions without a target cost nothing.
 * Exponentials are f32 (kern_exp), sums and logarithms double; one order for any count of threads.
 */
#ifndef WEIR_RUN_PPL_H
#define WEIR_RUN_PPL_H

#include "run/forward.h"

/* A model after its final norm, and the rows that score: the head, or the embedding when they are tied. */
struct scorer {
    struct forward *f;
    const struct bundle *head; /* loaded, [vocab][hidden] */
};

struct ppl_token {
    double nll; /* nats; of a position without target: 0 */
    double kl;  /* nats; 0 without a reference */
    uint8_t scored, same_top;
};

/*
 * Score every position that has a target.
 * m      in: the model
 * ref    in: the reference, run on the same windows, or NULL
 * out    out: [windows' tokens]
 * -1: a target outside the vocabulary, vocabularies of different sizes, a score that is not a number (the position is
 * named). Cost: 2 * tokens * vocab * hidden. Memory: 8192 rows of the head as f32, some 100 bytes a token, 8 MiB a
 * thread.
 */
int ppl_score(const struct scorer *m, const struct scorer *ref, struct ppl_token *out, struct err *e);

/* Does the model score next tokens at all? -1: it has no page, or it is an encoder. */
int ppl_possible(const struct attrs *model, struct err *e);

#define PPL_PERCENTILES 5 /* 50 90 95 99 99.9 */
extern const double ppl_percentile[PPL_PERCENTILES];

struct ppl_sum {
    int64_t tokens;        /* scored */
    double nll, nll_error; /* mean nats a token, and its standard error */
    double kl_mean, kl_max, kl[PPL_PERCENTILES];
    double same_top; /* share, 0 to 1 */
};

/* Figures over n positions. Percentiles are linear between order statistics, at p (count - 1) / 100. */
void ppl_sum(const struct ppl_token *token, int64_t n, struct ppl_sum *s);

#endif

/*
 * refit: the weights that stay, by least squares on the gram: in each row (w0 - w) H (w0 - w)' is made least over the w
 * whose zeros are the mask's. Source: the normal equations by conjugate gradients (Hestenes and Stiefel 1952),
 * preconditioned by pivoted Cholesky (Harbrecht, Peters and Schneider 2012), rows side by side.
 */
#ifndef WEIR_PRUNE_REFIT_H
#define WEIR_PRUNE_REFIT_H

#include <stdint.h>

/* What all rows of a tensor need. */
struct prune_refit {
    uint64_t cols, rank; /* rank: 2 sqrt(cols), down to a multiple of 16; with few that of the gram */
    int few;             /* 1: L L' is the gram */
    const float *gram;   /* [cols][cols], the caller's */
    float *L;            /* [cols][rank] */
    float *inverse,
        *root; /* [cols]: 1 / D (with few: 1 / the gram's diagonal) and its square root; 0 for inputs never seen */
};

/*
 * gram: float[cols][cols], symmetric; may be singular: inputs and directions never seen leave weights as they are. A
 * gram is of few directions when 128 + 2 sqrt(cols) steps of la/chol.h's chol_pivoted, cols / 2 at most, leave nothing
 * of it. Cost: theirs, cols (128 + 2 sqrt(cols))^2.
 */
void prune_refit_make(struct prune_refit *f, uint64_t cols, const float *gram);
void prune_refit_free(struct prune_refit *f);

/*
 * w0    in: [rows][cols], the weights before pruning
 * mask  in: [rows][cols]
 * w     inout: where to begin (w0, or what a method that compensates left); weights of the mask become 0. The loss of
 * no row grows. A row is done when, at the slowest pace of its last steps, less than 1e-3 of its loss is still to gain,
 * or 1e-7 of the first is left; after 400 steps at the latest. Sums in f64, the rest in f32.
 * Cost 2 cols^2 a row and step; 5 to 20 steps are usual. Memory: 256 rows of 4 cols + 4 cols floats; cols rank floats a
 * thread. Same bits for any number of threads, however rows are cut.
 */
void prune_refit_rows(const struct prune_refit *f, uint64_t rows, const float *w0, const uint8_t *mask, float *w);

/*
 * The same for a gram of few directions, without steps: the smallest change, each weight's measured by its input's
 * strength, that leaves the least loss. In double. Cost cols rank^2 + rank^3 / 3 a row. Memory: rank (cols + rank)
 * doubles a thread.
 */
void prune_refit_few(const struct prune_refit *f, uint64_t rows, const float *w0, const uint8_t *mask, float *w);

/* Make, rows, free. */
void prune_refit(uint64_t rows, uint64_t cols, const float *w0, const uint8_t *mask, const float *gram, float *w);

#endif

/*
 * obs: optimal brain surgery along the columns of a weight, as GPTQ and SparseGPT do it: what one column loses when it
 * is decided is made up by the columns not yet decided, by the inverse of the second moments of the inputs.
 *
 * H = gram [cols][cols]; U = the upper Cholesky factor of H^-1 (H^-1 = U'U). With column j decided as q_j: e = (w_j -
 * q_j) / U_jj, w_k -= e U_jk for k > j. The loss of a row, (w - q) H (w - q)', is then the sum of its e^2.
 * Source: Frantar et al. 2022, GPTQ (arXiv 2210.17323), algorithm 1; Frantar and Alistarh 2023, SparseGPT (arXiv
 * 2301.00774), algorithm 1.
 */
#ifndef WEIR_LA_OBS_H
#define WEIR_LA_OBS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OBS_LANES 16  /* rows that are decided side by side */
#define OBS_BLOCK 128 /* columns whose losses go to the columns behind them in one product */

/*
 * U of a gram that may be singular.
 * n      columns, at least 1
 * gram   in: float[n][n], symmetric (the upper triangle is read, mirrored)
 * order  in: uint32_t[n], column i of U is column order[i] of gram; NULL: as they are
 * damp   in: share of the mean of the diagonal that is added to it, >= 0. Where the factor fails, 10 times as much is
 *        tried (1e-4 after 0), up to 100
 * dead   out: uint8_t[n], by column of gram: 1 where the diagonal is 0, so the input was never active; such a column
 *        goes alone, with the mean of the diagonal. May be NULL.
 * used   out: the damp that was used; may be NULL
 * Returns float[n][n] (free), zeros below the diagonal; or NULL: a value that is not finite, a diagonal below 0, or no
 * damp that helps. Cost 2n^3/3 in double a try. Memory: n^2 doubles, of which half is given back.
 */
float *obs_factor(size_t n, const float *gram, const uint32_t *order, double damp, uint8_t *dead, double *used,
                  struct err *e);

/* Where the decision of a column is asked for: the block of columns col0 .. col0 + width as it now is, of some rows. */
struct obs_tile {
    size_t row0, rows; /* rows <= OBS_LANES */
    size_t col0, width;
    size_t col;     /* the column to decide, col0 <= col */
    const float *w; /* [width][OBS_LANES]: columns from col on hold what is to be decided, those before what was */
};

struct obs_sweep {
    size_t rows, cols;
    float *w;       /* inout: [rows][cols] in the order of U */
    const float *U; /* [cols][cols] */
    double *loss;   /* inout: [rows], the sum of e^2 is added; or NULL */
    void (*decide)(void *ctx, const struct obs_tile *t,
                   float *q); /* q[OBS_LANES]: inout, the column as it is, to be as decided; any thread */
    void *ctx;
};

/*
 * Decide columns [col0, col0 + width) and let the columns behind them make up for it. Blocks come in ascending order,
 * without gaps. When a column is decided, columns of its block are up to date, and so are those behind the block for
 * all blocks before it. Threads: par_for's over rows; the same bits for any number. Cost 2 rows width (width / 2 + cols
 * - col0 - width). Memory: rows * width floats.
 */
void obs_block(const struct obs_sweep *s, size_t col0, size_t width);

/* The width of the block at col0 in which groups of `group` columns (0: none) are whole or begin with the block. */
size_t obs_width(size_t cols, size_t col0, size_t group);

/*
 * What a change of a weight costs: tr((W - Q) gram (W - Q)') and tr(W gram W'), added to *lost and *whole (NULL: not
 * wanted, half the cost).
 * W, Q   in: float[rows][cols]
 * Sums in double over f32 products as la/gemm makes them, in order of rows. Cost 4 rows cols^2. Memory: two arrays of
 * 64 rows.
 */
void obs_loss(size_t rows, size_t cols, const float *W, const float *Q, const float *gram, double *lost, double *whole);

#endif

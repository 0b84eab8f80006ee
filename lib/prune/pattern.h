/*
 * pattern: which weights may go together, and how many. The unit that goes or stays is one weight or a block of RxC;
 * the scope is the set of units among which the least are chosen: a row (of units), a tensor, or the whole model. N:M
 * has a scope of its own: in each M consecutive weights of a row, N stay.
 */
#ifndef WEIR_PRUNE_PATTERN_H
#define WEIR_PRUNE_PATTERN_H

#include <stdint.h>

#include "base/err.h"
#include "base/pick.h"

enum scope { SCOPE_DEFAULT, SCOPE_ROW, SCOPE_TENSOR, SCOPE_MODEL };

struct pattern {
    double sparsity;                 /* share of the units that go, [0, 1]; 1 - keep / of for N:M */
    uint64_t keep, of;               /* N:M: keep of each `of`; of == 0 otherwise */
    uint64_t block_rows, block_cols; /* the unit; 1 and 1 for single weights */
    enum scope scope;
};

/*
 * A pattern from the words of a command line.
 * sparsity  "0.5", "50%", or "N:M": N of M STAY (NVIDIA's 2:4; other tools' code counts what goes, the same at 2:4 and
 *           4:8)
 * block     "RxC" or NULL
 * scope     "row", "tensor", "model", or NULL (SCOPE_DEFAULT: the caller puts the method's own)
 * -1 when a word is not of these, or N:M meets a block or a scope, or N > M, or a side of the block is not from 1 to
 * 65536.
 */
int pattern_parse(struct pattern *p, const char *sparsity, const char *block, const char *scope, struct err *e);

/* 0, or -1 when the columns of a tensor are no multiple of M. */
int pattern_fits(const struct pattern *p, uint64_t cols, struct err *e);

/* How many of n units go: floor(s * n), where a product within 1e-15 of a whole number is that number: 29 % of 100 is
 * 29. */
uint64_t pattern_count(const struct pattern *p, uint64_t n);

/* Units of rows x cols weights: blocks at the right and lower edge may be cut. */
uint64_t pattern_units(const struct pattern *p, uint64_t rows, uint64_t cols);

/*
 * Scores of units: the mean of the scores of a unit's weights, so that cut blocks compete fairly.
 * score  in: [rows][cols], no NaN; rows begin at a multiple of block_rows
 * unit   out: [pattern_units], row-major
 * f64 sums in row-major order, rounded once.
 */
void pattern_unit_scores(const struct pattern *p, const float *score, uint64_t rows, uint64_t cols, float *unit);

/*
 * Choose within rows: scope row, or N:M.
 * score  in: [rows][cols], no NaN; rows begin at a multiple of block_rows, and end there or at the tensor's end
 * mask   out: [rows][cols], 1 where the weight goes. In each row of units the pattern_count least by (score, index) go.
 * Over par_jobs() threads; the same bytes for any number.
 */
void pattern_mask_rows(const struct pattern *p, const float *score, uint64_t rows, uint64_t cols, uint8_t *mask);

/* Scopes tensor and model go through a sieve (base/pick.h): count the units of these rows, or mark them. Arguments as
 * above. */
void pattern_count_rows(const struct pattern *p, struct pick_sieve *s, const float *score, uint64_t rows,
                        uint64_t cols);
void pattern_mark_rows(const struct pattern *p, struct pick_sieve *s, const float *score, uint64_t rows, uint64_t cols,
                       uint8_t *mask);

#endif

/*
 * view: a matrix that lies inside a stored tensor: some of its rows, every so many rows, or its columns as rows.
 *
 * Element (r, c) of the matrix is element base + sum of row digits x strides + sum of column digits x strides of the
 * stored tensor, where r is written in mixed radix by row[0].n, row[1].n ... (outer first) and c by col[].
 */
#ifndef WEIR_FILE_VIEW_H
#define WEIR_FILE_VIEW_H

#include <stdint.h>

#define VIEW_DIGITS 4

struct view_digit {
    uint64_t n, stride; /* stride in elements */
};

struct view {
    uint64_t base;
    int rows, cols; /* digits; 0: one row, one column */
    struct view_digit row[VIEW_DIGITS], col[VIEW_DIGITS];
};

/* Digits that lie behind one another without a gap become one; digits of size 1 go. */
void view_simplify(struct view *v);

uint64_t view_rows(const struct view *v);
uint64_t view_cols(const struct view *v);
uint64_t view_row(const struct view *v, uint64_t r); /* where row r begins: its element at column 0 */
uint64_t view_col(const struct view *v, uint64_t c); /* what column c adds */

/* Do the elements of a row lie side by side? */
int view_whole_rows(const struct view *v);

/* Is it all of a stored tensor of count elements, in its order? v is simplified. */
int view_whole(const struct view *v, uint64_t count);

#endif

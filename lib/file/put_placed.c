/* put_placed: a weight's rows to where they lie in a stored tensor. */
#include <stdlib.h>
#include <string.h>

#include "file/put.h"

static uint64_t moved(const struct put_how *how, uint64_t r)
{
    return how->row ? how->row(r, how->row_arg) : r;
}

/* Bytes of so many elements of whole rows. */
static uint64_t bytes_of(const struct put_to *to, uint64_t elements)
{
    const struct pile_item *t = &to->pile->item[to->item];

    if (t->blocks)
        return elements / t->blocks->block * t->blocks->bytes;
    return elements * (uint64_t)dtype_info(t->dtype)->bits / 8;
}

/* A vector: its elements one by one where they move. */
static int elements(const struct put_to *to, const uint8_t *data, struct err *e)
{
    const struct view *v = to->how->view;
    uint64_t size = to->cols ? to->row_bytes / to->cols : 0;

    if (!v && !to->how->row)
        return pile_put(to->pile, to->item, 0, data, to->row_bytes, e);
    for (uint64_t c = 0; c < to->cols; c++) {
        uint64_t at = moved(to->how, c);

        if (pile_put(to->pile, to->item, (v ? v->base + view_col(v, at) : at) * size, data + c * size, size, e) < 0)
            return -1;
    }
    return 0;
}

/* Rows whose elements stay side by side; those that stay behind one another go at once. */
static int whole(const struct put_to *to, uint64_t row0, uint64_t rows, const uint8_t *data, struct err *e)
{
    const struct view *v = to->how->view;

    for (uint64_t r = 0, n; r < rows; r += n) {
        uint64_t at = moved(to->how, row0 + r), from = v ? view_row(v, at) : at * to->cols;

        for (n = 1; r + n < rows; n++) {
            uint64_t next = moved(to->how, row0 + r + n);

            if ((v ? view_row(v, next) : next * to->cols) != from + n * to->cols)
                break;
        }
        if (pile_put(to->pile, to->item, bytes_of(to, from), data + r * to->row_bytes, n * to->row_bytes, e) < 0)
            return -1;
    }
    return 0;
}

/* Columns that lie apart: each is a strip of the stored tensor, which is read, changed and written where other weights
 * lie between. */
static int by_columns(const struct put_to *to, uint64_t row0, uint64_t rows, const uint8_t *data, struct err *e)
{
    const struct view *v = to->how->view;
    uint64_t size = to->row_bytes / to->cols, low = UINT64_MAX, high = 0;
    uint64_t *at = mem_new((size_t)rows + 1, sizeof *at);
    uint8_t *strip;
    int rc = 0;

    for (uint64_t r = 0; r < rows; r++) {
        at[r] = view_row(v, moved(to->how, row0 + r));
        low = at[r] < low ? at[r] : low;
        high = at[r] > high ? at[r] : high;
    }
    strip = mem_new((size_t)(high - low + 1), (size_t)size);
    for (uint64_t c = 0; c < to->cols && rc == 0; c++) {
        uint64_t from = low + view_col(v, c);

        if (high - low + 1 > rows)
            rc = pile_peek(to->pile, to->item, from * size, strip, (high - low + 1) * size, e);
        for (uint64_t r = 0; r < rows; r++)
            memcpy(strip + (at[r] - low) * size, data + (r * to->cols + c) * size, (size_t)size);
        if (rc == 0)
            rc = pile_poke(to->pile, to->item, from * size, strip, (high - low + 1) * size, rows * size, e);
    }
    free(strip);
    free(at);
    return rc;
}

int put_placed(const struct put_to *to, uint64_t row0, uint64_t rows, const uint8_t *data, struct err *e)
{
    if (rows == 0 || to->row_bytes == 0)
        return 0;
    if (to->vector)
        return elements(to, data, e);
    return !to->how->view || view_whole_rows(to->how->view) ? whole(to, row0, rows, data, e)
                                                            : by_columns(to, row0, rows, data, e);
}

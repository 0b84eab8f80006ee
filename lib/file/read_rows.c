/* read_rows: weights that lie inside stored tensors. */
#include <stdlib.h>
#include <string.h>

#include "file/file.h"
#include "file/value.h"

/* Bits of an element; of blocks those of one, and how many elements it holds. */
static uint64_t unit(const struct file_tensor *t, uint64_t *elements)
{
    *elements = t->blocks ? t->blocks->block : 1;
    return t->blocks ? (uint64_t)t->blocks->bytes * 8 : (uint64_t)dtype_info(t->dtype)->bits;
}

static uint64_t bytes_of(const struct file_tensor *t, uint64_t elements)
{
    uint64_t block, bits = unit(t, &block);

    return elements / block * bits / 8;
}

int file_view_fits(const struct file_tensor *t, const struct view *v)
{
    uint64_t block, bits = unit(t, &block), cols = view_cols(v);

    if (t->value)
        return value_view_fits(t, v);
    if (bits % 8)
        return 0;
    if (!t->blocks)
        return 1;
    if (!view_whole_rows(v) || cols % block || v->base % block)
        return 0;
    for (int i = 0; i < v->rows; i++)
        if (v->row[i].stride % block)
            return 0;
    return 1;
}

/* Rows whose elements lie side by side; rows behind one another are read at once. */
static int whole_rows(const struct source *s, const struct file_tensor *t, const struct view *v, uint64_t row0,
                      uint64_t rows, uint8_t *out, struct err *e)
{
    uint64_t cols = view_cols(v), row_bytes = bytes_of(t, cols);

    for (uint64_t r = 0, n; r < rows; r += n) {
        uint64_t from = view_row(v, row0 + r);

        for (n = 1; r + n < rows && view_row(v, row0 + r + n) == from + n * cols; n++)
            ;
        if (source_read(s, t, bytes_of(t, from), out + r * row_bytes, (size_t)(n * row_bytes), e) < 0)
            return -1;
    }
    return 0;
}

/* Columns that lie apart: of each a strip that holds the rows asked for. */
static int by_columns(const struct source *s, const struct file_tensor *t, const struct view *v, uint64_t row0,
                      uint64_t rows, uint8_t *out, struct err *e)
{
    uint64_t cols = view_cols(v), size = bytes_of(t, 1), low = UINT64_MAX, high = 0;
    uint64_t *at = mem_new((size_t)rows + 1, sizeof *at);
    uint8_t *strip;
    int rc = 0;

    for (uint64_t r = 0; r < rows; r++) {
        at[r] = view_row(v, row0 + r);
        low = at[r] < low ? at[r] : low;
        high = at[r] > high ? at[r] : high;
    }
    strip = mem_new((size_t)(high - low + 1), (size_t)size);
    for (uint64_t c = 0; c < cols && rc == 0; c++) {
        rc = source_read(s, t, (low + view_col(v, c)) * size, strip, (size_t)((high - low + 1) * size), e);
        for (uint64_t r = 0; r < rows && rc == 0; r++)
            memcpy(out + (r * cols + c) * size, strip + (at[r] - low) * size, (size_t)size);
    }
    free(strip);
    free(at);
    return rc;
}

int source_read_rows(const struct source *s, const struct file_tensor *t, const struct view *v, uint64_t row0,
                     uint64_t rows, void *out, struct err *e)
{
    uint64_t all = t->shape.rank > 1 ? t->shape.dim[0] : 1;

    if (rows == 0 || t->bytes == 0)
        return 0;
    if (!v)
        return source_read(s, t, row0 * (t->bytes / all), out, (size_t)(rows * (t->bytes / all)), e);
    return view_whole_rows(v) ? whole_rows(s, t, v, row0, rows, out, e) : by_columns(s, t, v, row0, rows, out, e);
}

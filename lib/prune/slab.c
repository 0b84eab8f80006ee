#include "prune/slab.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

void slab_free(struct slab *s)
{
    free(s->own);
    free(s->score);
    free(s->old);
    free(s->mask);
}

int slab_check(const char *what, const float *v, uint64_t row0, uint64_t rows, uint64_t cols, struct err *e)
{
    uint64_t i = 0, n = rows * cols;
    int bad = 0;

    for (uint64_t k = 0; k < n; k++) /* no early end, so that it goes by vectors */
        bad |= v[k] != v[k];
    while (bad && v[i] == v[i])
        i++;
    return bad ? err_set(e, "%s [%llu, %llu] is NaN", what, (unsigned long long)(row0 + i / cols),
                         (unsigned long long)(i % cols))
               : 0;
}

void slab_zero(struct slab *s, uint64_t n)
{
    float *restrict w = s->w;
    const uint8_t *restrict mask = s->mask;

    for (uint64_t i = 0; i < n; i++)
        w[i] = mask[i] ? 0 : w[i];
}

static inline void keep_bytes(const uint8_t *restrict mask, uint64_t n, size_t width, uint8_t *restrict row)
{
    for (uint64_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++)
            row[i * width + k] &= (uint8_t)(mask[i] - 1);
}

void slab_zero_bytes(const struct slab *s, uint64_t cols, size_t width, uint8_t *data)
{
    uint8_t *row = data + s->row0 * cols * width;

    switch (width) { /* a constant, so that it goes by vectors */
    case 1:
        keep_bytes(s->mask, s->rows * cols, 1, row);
        break;
    case 2:
        keep_bytes(s->mask, s->rows * cols, 2, row);
        break;
    case 4:
        keep_bytes(s->mask, s->rows * cols, 4, row);
        break;
    default:
        keep_bytes(s->mask, s->rows * cols, width, row);
    }
}

int slab_loaded(const struct bundle *b, uint64_t step, struct slab *s, struct err *e)
{
    s->row0 += s->rows;
    s->rows = b->rows - s->row0 < step ? b->rows - s->row0 : step;
    if (s->rows == 0)
        return 0;
    s->w = s->own = mem_resize(s->own, s->rows * b->cols, sizeof *s->own);
    return bundle_rows(b, s->row0, s->rows, s->w, e) < 0 ? err_in(e, "%s", b->name) : 1;
}

int slab_spooled(int fd, const struct bundle *b, uint64_t step, struct slab *s, struct err *e)
{
    s->row0 += s->rows;
    s->rows = b->rows - s->row0 < step ? b->rows - s->row0 : step;
    if (s->rows == 0)
        return 0;
    s->w = s->own = mem_resize(s->own, s->rows * b->cols, sizeof *s->own);
    return io_pread(fd, s->w, s->rows * b->cols * sizeof *s->w, s->row0 * b->cols * sizeof *s->w, e) < 0
               ? err_in(e, "%s", b->name)
               : 1;
}

int slab_spool(struct reader *in, struct bundle *b, struct err *e)
{
    int fd = io_spool(e), got = 1;
    uint64_t row0, n;
    float *w;

    while (fd >= 0 && got > 0 && (got = bundle_next_rows(in, b, &row0, &n, &w, e)) > 0)
        if (io_pwrite(fd, w, n * b->cols * sizeof *w, row0 * b->cols * sizeof *w, e) < 0)
            got = -1;
    if (fd >= 0 && got < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

int slab_arriving(struct reader *in, struct bundle *b, uint64_t step, struct slab *s, struct err *e)
{
    uint64_t at, some;
    float *rows;
    int got = bundle_next_rows(in, b, &s->row0, &some, &s->w, e);

    s->rows = got > 0 ? some : 0;
    if (s->rows >= step || got <= 0)
        return got;
    s->own = mem_resize(s->own, some * b->cols, sizeof *s->own);
    memcpy(s->own, s->w, some * b->cols * sizeof *s->own);
    for (; s->rows < step && (got = bundle_next_rows(in, b, &at, &some, &rows, e)) > 0; s->rows += some) {
        s->own = mem_resize(s->own, (s->rows + some) * b->cols, sizeof *s->own);
        memcpy(s->own + s->rows * b->cols, rows, some * b->cols * sizeof *rows);
    }
    s->w = s->own;
    return got < 0 ? -1 : 1;
}

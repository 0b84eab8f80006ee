#include "run/states.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

int states_open(struct states *s, int64_t rows, int64_t width, uint64_t limit, struct err *e)
{
    uint64_t row_bytes = (uint64_t)width * sizeof(float), bytes;

    *s = (struct states){.rows = rows, .width = width, .fd = -1};
    if (mem_mul((uint64_t)rows, row_bytes, &bytes) < 0)
        return err_set(e, "%lld tokens of %lld values are more than memory can name", (long long)rows,
                       (long long)width);
    if (bytes <= limit) {
        s->all = mem_new((size_t)rows, row_bytes);
        return 0;
    }
    if ((s->fd = io_spool(e)) < 0)
        return -1;
    if (ftruncate(s->fd, (off_t)bytes) < 0) {
        err_errno(e, "a temporary file of %llu bytes for hidden states", (unsigned long long)bytes);
        states_free(s);
        return -1;
    }
    return 0;
}

float *states_get(struct states *s, int64_t row0, int64_t n, struct err *e)
{
    size_t row_bytes = (size_t)s->width * sizeof(float);

    if (s->all)
        return s->all + row0 * s->width;
    s->some = mem_resize(s->some, (size_t)n, row_bytes);
    if (io_pread(s->fd, s->some, (size_t)n * row_bytes, (uint64_t)row0 * row_bytes, e) < 0)
        return NULL;
    return s->some;
}

int states_put(struct states *s, int64_t row0, int64_t n, struct err *e)
{
    size_t row_bytes = (size_t)s->width * sizeof(float);

    if (s->all)
        return 0;
    return io_pwrite(s->fd, s->some, (size_t)n * row_bytes, (uint64_t)row0 * row_bytes, e);
}

void states_free(struct states *s)
{
    free(s->all);
    free(s->some);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct states){.fd = -1};
}

#include "base/tape.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define WAITING ((size_t)256 << 10)

struct tape {
    int fd;
    uint64_t written; /* bytes on disk */
    size_t n;         /* bytes that wait in buf */
    uint8_t buf[WAITING];
};

struct tape *tape_new(struct err *e)
{
    int fd = io_spool(e);
    struct tape *t;

    if (fd < 0)
        return NULL;
    t = mem_new(1, sizeof *t);
    t->fd = fd;
    return t;
}

static int flush(struct tape *t, struct err *e)
{
    if (io_pwrite(t->fd, t->buf, t->n, t->written, e) < 0)
        return err_in(e, "temporary file");
    t->written += t->n;
    t->n = 0;
    return 0;
}

int tape_add(struct tape *t, const void *p, size_t n, struct err *e)
{
    if (t->n + n > WAITING && flush(t, e) < 0)
        return -1;
    if (n > WAITING) {
        if (io_pwrite(t->fd, p, n, t->written, e) < 0)
            return err_in(e, "temporary file");
        t->written += n;
        return 0;
    }
    memcpy(t->buf + t->n, p, n);
    t->n += n;
    return 0;
}

uint64_t tape_len(const struct tape *t)
{
    return t->written + t->n;
}

int tape_get(struct tape *t, uint64_t at, void *p, size_t n, struct err *e)
{
    if (at + n > t->written && flush(t, e) < 0)
        return -1;
    return io_pread(t->fd, p, n, at, e) < 0 ? err_in(e, "temporary file") : 0;
}

void tape_free(struct tape *t)
{
    if (!t)
        return;
    close(t->fd);
    free(t);
}

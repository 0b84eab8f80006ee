#include "file/strided.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"

#define SLAB ((size_t)1 << 20)

int strided_plain(const struct shape *s, const int64_t *stride)
{
    uint64_t want = 1;

    for (int i = s->rank; i-- > 0;) {
        if (s->dim[i] == 0)
            return 1;
        if (s->dim[i] > 1 && (uint64_t)stride[i] != want)
            return 0;
        want *= s->dim[i];
    }
    return 1;
}

/* The next element's place: counts like an odometer, the last dim first. */
static void step(const struct shape *s, const int64_t *stride, uint64_t *at, uint64_t *offset)
{
    for (int i = s->rank; i-- > 0;) {
        *offset += (uint64_t)stride[i];
        if (++at[i] < s->dim[i])
            return;
        *offset -= (uint64_t)stride[i] * s->dim[i];
        at[i] = 0;
    }
}

static int gather(const uint8_t *from, const struct file_tensor *t, const int64_t *stride, size_t size, int fd,
                  struct err *e)
{
    uint64_t at[RANK_MAX] = {0}, offset = 0, count = t->bytes / size;
    uint8_t *out = mem_new(SLAB, 1);
    int rc = 0;

    for (uint64_t i = 0; i < count && rc == 0;) {
        size_t n = 0;

        for (; i < count && n + size <= SLAB; i++, n += size) {
            memcpy(out + n, from + offset * size, size);
            step(&t->shape, stride, at, &offset);
        }
        rc = io_write(fd, out, n, e);
    }
    free(out);
    return rc;
}

int strided_copy(struct source *s, struct file_tensor *t, const int64_t *stride, size_t size, struct err *e)
{
    const struct file_part *p = &s->part[t->part];
    uint8_t *map = mmap(NULL, (size_t)p->bytes, PROT_READ, MAP_PRIVATE, p->fd, 0);
    int fd, rc;

    if (map == MAP_FAILED)
        return err_errno(e, "cannot map %s", p->path);
    fd = io_spool(e);
    rc = fd < 0 ? -1 : gather(map + t->offset, t, stride, size, fd, e);
    munmap(map, (size_t)p->bytes);
    if (rc < 0 && fd >= 0)
        close(fd);
    if (rc < 0)
        return -1;
    t->part = source_add_spool(s, s->part[t->part].path, fd, t->bytes);
    t->offset = 0;
    return 0;
}

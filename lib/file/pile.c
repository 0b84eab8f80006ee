#include "file/pile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

/* An unlinked file in the folder of path, where there is room for the result anyway; /tmp may be small, or memory. */
static int spool_beside(const char *path, struct err *e)
{
    char *temp = mem_printf("%s.XXXXXX", path);
    int fd = mkostemp(temp, O_CLOEXEC);

    if (fd < 0)
        err_errno(e, "cannot make a file beside %s", path);
    else
        unlink(temp);
    free(temp);
    return fd;
}

int pile_open(struct pile *p, const char *beside, struct err *e)
{
    memset(p, 0, sizeof *p);
    p->fd = strcmp(beside, "-") == 0 ? io_spool(e) : spool_beside(beside, e);
    return p->fd < 0 ? -1 : 0;
}

void pile_close(struct pile *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->item[i].name);
    free(p->item);
    if (p->fd >= 0)
        close(p->fd);
    memset(p, 0, sizeof *p);
    p->fd = -1;
}

/* Row and total bytes; a plain tensor may have rows of broken bytes only where it is one row. */
static int measure(struct pile_item *t, struct err *e)
{
    uint64_t cols = 1, rows = t->shape.rank > 1 ? t->shape.dim[0] : 1;
    char text[200];

    for (int i = t->shape.rank > 1; i < t->shape.rank; i++)
        if (mem_mul(cols, t->shape.dim[i], &cols) < 0)
            return err_set(e, "shape %s overflows", shape_text(&t->shape, text));
    if (t->blocks && cols && !(t->row_bytes = ggml_row_bytes(t->blocks, cols)))
        return err_set(e, "rows of %llu elements do not fill %s blocks of %u", (unsigned long long)cols,
                       t->blocks->name, t->blocks->block);
    if (!t->blocks && dtype_bytes(t->dtype, cols, &t->row_bytes) < 0)
        return err_set(e, "rows of %llu %s elements do not fill whole bytes, or overflow", (unsigned long long)cols,
                       dtype_info(t->dtype)->name);
    if (mem_mul(rows, t->row_bytes, &t->bytes) < 0 || t->bytes > INT64_MAX)
        return err_set(e, "shape %s overflows", shape_text(&t->shape, text));
    return 0;
}

int pile_add(struct pile *p, const char *name, const struct shape *shape, enum dtype dtype,
             const struct ggml_type *blocks, struct err *e)
{
    struct pile_item t = {.shape = *shape, .dtype = dtype, .blocks = blocks, .at = p->end};

    if (measure(&t, e) < 0)
        return err_in(e, "%s", name);
    if (mem_add(p->end, t.bytes, &p->end) < 0 || p->end > INT64_MAX)
        return err_set(e, "%s: the checkpoint's bytes overflow", name);
    t.name = mem_strdup(name);
    p->item = mem_resize(p->item, p->n + 1, sizeof *p->item);
    p->item[p->n++] = t;
    return 0;
}

int64_t pile_find(const struct pile *p, const char *name)
{
    for (size_t i = p->n; i-- > 0;)
        if (strcmp(p->item[i].name, name) == 0)
            return (int64_t)i;
    return -1;
}

int pile_poke(struct pile *p, size_t item, uint64_t at, const void *data, uint64_t n, uint64_t new, struct err *e)
{
    struct pile_item *t = &p->item[item];

    if (at > t->bytes || n > t->bytes - at)
        return err_set(e, "%s: bytes %llu to %llu of %llu", t->name, (unsigned long long)at,
                       (unsigned long long)(at + n), (unsigned long long)t->bytes);
    if (io_pwrite(p->fd, data, (size_t)n, t->at + at, e) < 0)
        return err_in(e, "temporary file");
    t->done += new;
    return 0;
}

int pile_put(struct pile *p, size_t item, uint64_t at, const void *data, uint64_t n, struct err *e)
{
    return pile_poke(p, item, at, data, n, n, e);
}

int pile_peek(const struct pile *p, size_t item, uint64_t at, void *out, uint64_t n, struct err *e)
{
    uint64_t done = 0;

    while (done < n) {
        ssize_t got = pread(p->fd, (char *)out + done, (size_t)(n - done), (off_t)(p->item[item].at + at + done));

        if (got < 0)
            return err_errno(e, "temporary file");
        if (got == 0) {
            memset((char *)out + done, 0, (size_t)(n - done));
            break;
        }
        done += (uint64_t)got;
    }
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int pile_check(const struct pile *p, struct err *e)
{
    const char **name = mem_new(p->n + 1, sizeof *name);
    int rc = 0;

    for (size_t i = 0; i < p->n; i++) {
        const struct pile_item *t = &p->item[i];

        name[i] = t->name;
        if (t->done != t->bytes && rc == 0)
            rc = err_set(e, "%s: %llu bytes came, its shape wants %llu", t->name, (unsigned long long)t->done,
                         (unsigned long long)t->bytes);
    }
    qsort(name, p->n, sizeof *name, by_text);
    for (size_t i = 1; i < p->n && rc == 0; i++)
        if (strcmp(name[i - 1], name[i]) == 0)
            rc = err_set(e, "tensor %s is there twice", name[i]);
    free(name);
    return rc;
}

int pile_copy(const struct pile *p, size_t item, int fd, struct err *e)
{
    const struct pile_item *t = &p->item[item];

    if (lseek(p->fd, (off_t)t->at, SEEK_SET) < 0)
        return err_errno(e, "%s: cannot seek in the temporary file", t->name);
    return io_copy(p->fd, fd, t->bytes, e);
}

#include "tensor/share.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tensor/stream_parts.h"

int share_create(const char *folder, int64_t i, int64_t n, char **path, struct err *e)
{
    int fd;

    *path = mem_printf("%s/shard-%05lld-of-%05lld.weir", folder, (long long)i, (long long)n);
    fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return fd < 0 ? err_errno(e, "cannot create %s", *path) : fd;
}

int share_close(int fd, const char *path, struct err *e)
{
    if (fsync(fd) < 0) {
        err_errno(e, "cannot write %s", path);
        close(fd);
        return -1;
    }
    return close(fd) < 0 ? err_errno(e, "cannot close %s", path) : 0;
}

struct deal {
    struct reader *in;
    const char *folder;
    int64_t n, now; /* the shard that is being written */
    struct writer *out;
    char *path;
    int fd;
};

static int begin_share(struct deal *d, struct err *e)
{
    d->fd = share_create(d->folder, ++d->now, d->n, &d->path, e);
    if (d->fd < 0)
        return -1;
    d->out = writer_open(d->fd, d->path, NULL, e);
    head_copy(&d->out->now.head, &d->in->head);
    d->out->now.head.shard = d->now;
    d->out->now.head.shards = d->n;
    return 0;
}

static int end_share(struct deal *d, struct err *e)
{
    int rc = writer_finish(d->out, e);

    d->out = NULL;
    if (share_close(d->fd, d->path, rc < 0 ? NULL : e) < 0)
        rc = -1;
    free(d->path);
    d->path = NULL;
    return rc;
}

/* On to shard i; those between stay empty. */
static int advance(struct deal *d, int64_t i, struct err *e)
{
    while (d->now < i)
        if ((d->now && end_share(d, e) < 0) || begin_share(d, e) < 0)
            return -1;
    return 0;
}

static int deal_out(struct deal *d, const int64_t *shard, size_t count, struct err *e)
{
    struct item it = {0};
    size_t k = 0;
    int got = advance(d, 1, e);

    while (got >= 0 && (got = stream_next(d->in, &it, e)) > 0) {
        int second = d->in->segment > 1, extra = it.kind == ITEM_TENSOR && k == count;

        if (second)
            err_set(e, "a second stream stands behind the first: give each shards of its own");
        else if (extra)
            err_set(e, "is one tensor more than the %zu expected", count);
        if (second || extra) {
            got = frame_in_fail(d->in->frames, e);
        } else if (it.kind == ITEM_TENSOR)
            got = advance(d, shard[k++], e);
        if (got < 0 || (got = item_copy(d->in, &it, d->out, e)) < 0)
            break;
    }
    item_free(&it);
    if (got == 0 && k < count) {
        err_set(e, "%zu tensors have come, %zu were expected", k, count);
        got = frame_in_fail(d->in->frames, e);
    }
    if (got < 0 || advance(d, d->n, e) < 0)
        return -1;
    writer_take_tail(d->out, &d->in->tail);
    return end_share(d, e);
}

int share_stream(struct reader *in, const int64_t *shard, size_t count, int64_t n, const char *folder, struct err *e)
{
    struct deal d = {.in = in, .folder = folder, .n = n};
    int rc;

    rc = deal_out(&d, shard, count, e);
    if (d.out) {
        writer_abandon(d.out);
        close(d.fd);
    }
    free(d.path);
    return rc;
}

#include "ckpt/send.h"

#include <stdlib.h>

#include "base/progress.h"
#include "tensor/share.h"

#define CHUNK_BYTES ((uint64_t)2 << 20)

int send_blobs(const struct source *s, struct writer *out, struct err *e)
{
    for (int i = 0; i < s->blobs; i++) {
        struct buf b = {0};
        int rc = source_blob(s, i, &b, e);

        if (rc == 0)
            rc = blob_write(out, s->blob[i].name, b.data, b.len, e);
        buf_free(&b);
        if (rc < 0)
            return err_in(e, "%s", s->blob[i].name);
    }
    return 0;
}

/* What one part has in rows [r, r + n) of the weight's; a fixed one is whole in the first. */
static int send_part(const struct source *s, const struct step *step, struct bundle *b, struct writer *out, int i,
                     uint64_t r, uint64_t n, struct buf *room, struct err *e)
{
    const struct part *p = &b->part[i];
    uint64_t bytes;

    if (p->row_bytes == 0 || r >= p->rows || (p->fixed && r > 0))
        return 0;
    n = p->fixed || p->rows - r < n ? p->rows - r : n;
    bytes = n * p->row_bytes;
    room->len = 0;
    if (source_part(s, step->t, step->view, p, r, n, buf_space(room, (size_t)bytes + 1), e) < 0 ||
        bundle_put(out, b, i, r, n, room->data, e) < 0)
        return -1;
    progress_step(0, bytes);
    return 0;
}

/* Rows of the weight that fill a chunk in its widest part. */
static uint64_t slab_rows(const struct bundle *b)
{
    uint64_t most = 1;

    for (int i = 0; i < b->parts; i++)
        if (!b->part[i].fixed && b->part[i].row_bytes > most)
            most = b->part[i].row_bytes;
    return most < CHUNK_BYTES ? CHUNK_BYTES / most : 1;
}

static int send_rows(const struct source *s, const struct step *step, struct bundle *b, struct writer *out,
                     struct err *e)
{
    uint64_t slab = slab_rows(b);
    struct buf room = {0};
    int rc = 0;

    for (uint64_t r = 0; r < b->rows && rc == 0; r += slab)
        for (int i = 0; i < b->parts && rc == 0; i++)
            rc = send_part(s, step, b, out, i, r, slab, &room, e);
    buf_free(&room);
    return rc;
}

int send_tensor(const struct source *s, const struct step *step, struct writer *out, struct err *e)
{
    struct bundle b = {0};
    int rc = step_header(step, &b, e);

    if (rc == 0 && (bundle_begin(out, &b, e) < 0 || send_rows(s, step, &b, out, e) < 0 || bundle_end(out, &b, e) < 0))
        rc = err_in(e, "%s", step_name(step));
    bundle_free(&b);
    progress_step(1, 0);
    return rc;
}

int send_all(const struct source *s, struct plan *p, const int64_t *shard, struct shard which, const char *name, int fd,
             const char *to, struct err *e)
{
    struct writer *out = writer_open(fd, to, NULL, e);
    struct head *h = writer_head(out);
    int rc;

    plan_head(p, s, h);
    if (name)
        attrs_set_str(&h->more, "name", name);
    h->shard = which.i;
    h->shards = which.n;
    rc = which.i <= 1 ? send_blobs(s, out, e) : 0;
    for (size_t k = 0; k < p->n && rc == 0; k++)
        if (!shard || shard[k] == which.i)
            rc = send_tensor(s, &p->step[k], out, e);
    if (rc == 0)
        return writer_finish(out, e);
    writer_abandon(out);
    return -1;
}

int send_shares(const struct source *s, struct plan *p, const int64_t *shard, int64_t n, const char *name,
                const char *folder, struct err *e)
{
    int rc = 0;

    for (int64_t i = 1; i <= n && rc == 0; i++) {
        char *file = NULL;
        int fd = share_create(folder, i, n, &file, e);

        rc = fd < 0 || send_all(s, p, shard, (struct shard){i, n}, name, fd, file, e) < 0 ? -1
                                                                                          : share_close(fd, file, e);
        free(file);
    }
    return rc;
}

void send_announce(const struct plan *p, const int64_t *shard, int64_t i)
{
    uint64_t n = 0, bytes = 0;

    for (size_t k = 0; k < p->n; k++)
        if (!shard || !i || shard[k] == i) {
            n++;
            bytes += step_bytes(&p->step[k]);
        }
    progress_total(n, bytes);
}

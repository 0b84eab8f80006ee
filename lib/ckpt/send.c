#include "ckpt/send.h"

#include <stdlib.h>

#include "base/progress.h"

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

static int send_rows(const struct source *s, const struct step *step, struct bundle *b, struct writer *out, uint8_t *buf, uint64_t slab,
                     struct err *e)
{
    const struct part *p = &b->part[0];

    for (uint64_t r = 0; r < p->rows && p->row_bytes; r += slab) {
        uint64_t n = p->rows - r < slab ? p->rows - r : slab;

        if (source_read_rows(s, step->t, step->view, r, n, buf, e) < 0 || bundle_put(out, b, 0, r, n, buf, e) < 0)
            return -1;
        progress_step(0, n * p->row_bytes);
    }
    return 0;
}

int send_tensor(const struct source *s, const struct step *step, struct writer *out, struct err *e)
{
    struct bundle b = {0};
    const struct part *p = &b.part[0];
    uint64_t slab = 1;
    uint8_t *buf = NULL;
    int rc = step_header(step, &b, e);

    if (rc == 0 && p->row_bytes && p->row_bytes < CHUNK_BYTES)
        slab = CHUNK_BYTES / p->row_bytes;
    if (rc == 0)
        buf = mem_resize(NULL, slab * p->row_bytes + 1, 1);
    if (rc == 0)
        rc = bundle_begin(out, &b, e) < 0 || send_rows(s, step, &b, out, buf, slab, e) < 0 || bundle_end(out, &b, e) < 0 ? -1 : 0;
    if (rc < 0 && buf)
        err_in(e, "%s", step_name(step));
    free(buf);
    bundle_free(&b);
    progress_step(1, 0);
    return rc;
}

int send_all(const struct source *s, struct plan *p, const int64_t *shard, struct shard which, const char *name, int fd, const char *to,
             struct err *e)
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

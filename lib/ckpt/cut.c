#include "ckpt/cut.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/shard.h"
#include "arch/place.h"
#include "tensor/describe.h"
#include "wire/frame.h"

struct sizes {
    uint64_t *bytes;
    int64_t *layer;
    size_t n;
};

static void add(struct sizes *s, uint64_t bytes, int64_t layer)
{
    if ((s->n & (s->n - 1)) == 0) { /* full at powers of two */
        s->bytes = mem_resize(s->bytes, 2 * s->n + 1, sizeof *s->bytes);
        s->layer = mem_resize(s->layer, 2 * s->n + 1, sizeof *s->layer);
    }
    s->bytes[s->n] = bytes;
    s->layer[s->n++] = layer;
}

static int64_t *finish(struct sizes *s, int64_t n, int by_layer)
{
    int64_t *shard = mem_new(s->n + 1, sizeof *shard);

    shard_cut(s->bytes, by_layer ? s->layer : NULL, s->n, n, shard);
    free(s->bytes);
    free(s->layer);
    return shard;
}

int64_t *cut_plan(const struct plan *p, int64_t n, int by_layer)
{
    struct sizes s = {0};

    for (size_t i = 0; i < p->n; i++)
        add(&s, step_bytes(&p->step[i]), p->step[i].layer);
    return finish(&s, n, by_layer);
}

/* Bytes of a tensor as the manifest says its type; types nobody knows count two bytes an element. */
static uint64_t manifest_bytes(const struct head *h, int i)
{
    const struct ggml_type *g = h->dtype ? ggml_find(h->dtype[i]) : NULL;
    int type = h->dtype ? dtype_find(h->dtype[i]) : -1;
    uint64_t n = 1;

    for (int k = 0; k < h->shape[i].rank; k++)
        if (mem_mul(n, h->shape[i].dim[k], &n) < 0)
            n = UINT64_MAX >> 24;
    n = n > UINT64_MAX >> 24 ? UINT64_MAX >> 24 : n; /* so that sums of 2^20 sizes stay in 64 bits */
    return type >= 0 ? n * (uint64_t)dtype_info((enum dtype)type)->bits / 8 : g ? n / g->block * g->bytes : 2 * n;
}

static void from_manifest(struct sizes *s, const struct head *h)
{
    for (int i = 0; i < h->names; i++) {
        const char *role;
        int64_t layer = -1;

        if (!arch_role(attrs_str(&h->model, "arch", NULL), h->name[i], &role, &layer, NULL))
            layer = -1;
        add(s, manifest_bytes(h, i), layer);
    }
}

static int from_records(struct sizes *s, const char *path, struct err *e)
{
    struct reader *in = reader_file(path, e);
    struct bundle b = {0};
    int got = in ? 1 : -1;

    while (got > 0 && (got = bundle_read(in, &b, e)) > 0)
        add(s, describe_bytes(&b, 0) + describe_bytes(&b, 1), b.layer);
    bundle_free(&b);
    reader_close(in);
    return got;
}

int64_t *cut_stream(const struct reader *in, const char *path, int64_t n, int by_layer, size_t *count, struct err *e)
{
    const struct head *h = reader_head(in);
    struct sizes s = {0};
    struct stat st;
    int rc = 0;

    if (h->shards)
        rc = err_set(e, "%s: is shard %lld of %lld already: join them first", path, (long long)h->shard,
                     (long long)h->shards);
    else if (h->names)
        from_manifest(&s, h);
    else if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        rc = err_set(e, "%s: its head lists no tensors, so that it must be read twice: give a file", path);
    else
        rc = from_records(&s, path, e);
    *count = s.n;
    if (rc == 0)
        return finish(&s, n, by_layer);
    free(s.bytes);
    free(s.layer);
    return NULL;
}

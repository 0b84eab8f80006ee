#include "tensor/unshard.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "tensor/stream_parts.h"

struct shard_file {
    const char *path;
    struct reader *in; /* stays open when it is a pipe */
    int64_t shard;     /* its first */
};

struct blob_seen {
    char *name;
    struct hash128 hash;
};

struct join {
    struct shard_file *file;
    int files;
    struct writer *out;
    struct head head; /* of the first shard */
    const char *head_path;
    int64_t shards, done;   /* of how many; the last one begun */
    int names;              /* of the manifest that have passed */
    struct blob_seen *blob; /* of the first shard */
    int blobs;
};

static int by_shard(const void *a, const void *b)
{
    const struct shard_file *x = a, *y = b;

    return x->shard != y->shard ? (x->shard > y->shard) - (x->shard < y->shard) : (x > y) - (x < y);
}

/* Read the first head. Files are opened again on their turn, so that there may be more of them than a process may hold
 * open. */
static int look(struct shard_file *f, const char *path, struct err *e)
{
    struct stat st;
    int again = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);

    f->path = path;
    f->in = reader_file(path, e);
    if (!f->in)
        return -1;
    f->shard = f->in->head.shard;
    if (!f->in->head.shards)
        return err_set(e, "%s: is no shard: its head has no mark", path);
    if (again) {
        reader_close(f->in);
        f->in = NULL;
    }
    return 0;
}

static int same_history(const struct head *a, const struct head *b)
{
    if (a->histories != b->histories)
        return 0;
    for (int i = 0; i < a->histories; i++) {
        char **x = a->history[i], **y = b->history[i];

        while (*x && *y && strcmp(*x, *y) == 0)
            x++, y++;
        if (*x || *y)
            return 0;
    }
    return 1;
}

static void command_text(const struct head *h, struct buf *out)
{
    for (int i = 0; i < h->histories; i++)
        for (int k = 0; h->history[i][k]; k++)
            if (h->history[i][k][0] != '@')
                buf_printf(out, "%s%s", k ? " " : i ? " | " : "", h->history[i][k]);
}

static int histories_differ(const struct join *j, const struct head *h, const char *path, struct err *e)
{
    struct buf a = {0}, b = {0};

    command_text(&j->head, &a);
    command_text(h, &b);
    err_set(e, "%s: shard %lld was made by '%.300s', the first (%s) by '%.300s'", path, (long long)h->shard,
            buf_str(&b), j->head_path, buf_str(&a));
    buf_free(&a);
    buf_free(&b);
    return -1;
}

/* A shard begins: is it its turn? The first gives the head. */
static int begin_shard(struct join *j, const struct head *h, const char *path, struct err *e)
{
    if (j->shards && h->shards != j->shards)
        return err_set(e, "%s: is shard %lld of %lld, those before it are of %lld", path, (long long)h->shard,
                       (long long)h->shards, (long long)j->shards);
    if (!h->shards)
        return err_set(e, "%s: holds a stream that is no shard: its head has no mark", path);
    j->shards = h->shards;
    if (h->shard <= j->done)
        return err_set(e, "%s: shard %lld of %lld comes %s", path, (long long)h->shard, (long long)h->shards,
                       h->shard == j->done ? "twice" : "twice, or after a later one in the same file");
    if (h->shard != j->done + 1)
        return err_set(e, "shard %lld of %lld is missing: the next is %lld, in %s", (long long)j->done + 1,
                       (long long)h->shards, (long long)h->shard, path);
    j->done++;
    if (j->done > 1)
        return same_history(&j->head, h) ? 0 : histories_differ(j, h, path, e);
    head_copy(&j->head, h);
    j->head_path = path;
    head_copy(&j->out->now.head, h);
    j->out->now.head.shard = j->out->now.head.shards = 0;
    return 0;
}

static int same_attr(const struct attr *a, const struct attr *b)
{
    return a->kind == b->kind && a->i == b->i && (a->f == b->f || a->kind != ATTR_F64) && a->raw.len == b->raw.len &&
           (a->raw.len == 0 || memcmp(a->raw.data, b->raw.data, a->raw.len) == 0);
}

static int end_shard(struct join *j, const struct reader *in, const char *path, struct err *e)
{
    const struct attrs *have = &j->out->now.tail.model, *come = &in->tail.model;

    for (int i = 0; i < come->n; i++) {
        const struct attr *old = attrs_find(have, come->item[i].key);

        if (old && !same_attr(old, &come->item[i]))
            return err_set(e, "%s: the tail of shard %lld corrects %s to another value than those before it", path,
                           (long long)j->done, come->item[i].key);
    }
    writer_take_tail(j->out, &in->tail);
    return 0;
}

/* Blobs may travel in every shard; the first's are passed on. */
static int take_blob(struct join *j, struct reader *in, struct item *it, const char *path, struct err *e)
{
    struct buf data = {0};
    struct hash128 h;
    int rc, i = 0;

    while (i < j->blobs && strcmp(j->blob[i].name, it->name) != 0)
        i++;
    rc = i == j->blobs ? item_pass(in, it, j->out, &data, e) : item_load(in, it, &data, e);
    h = hash128(data.data, data.len);
    buf_free(&data);
    if (rc == 0 && i == j->blobs) {
        j->blob = mem_resize(j->blob, (size_t)j->blobs + 1, sizeof *j->blob);
        j->blob[j->blobs++] = (struct blob_seen){mem_strdup(it->name), h};
    } else if (rc == 0 && (h.hi != j->blob[i].hash.hi || h.lo != j->blob[i].hash.lo)) {
        rc = err_set(e, "%s: %s of shard %lld is not that of the shards before it", path, it->name, (long long)j->done);
    }
    return rc;
}

static int take(struct join *j, struct reader *in, struct item *it, const char *path, struct err *e)
{
    if (it->kind == ITEM_BLOB)
        return take_blob(j, in, it, path, e);
    if (it->kind == ITEM_TENSOR && j->head.names) {
        if (j->names == j->head.names || strcmp(j->head.name[j->names], it->b.name) != 0)
            return err_set(e, "%s: tensor %s comes where the manifest has %s", path, it->b.name,
                           j->names == j->head.names ? "its end" : j->head.name[j->names]);
        j->names++;
    }
    return item_copy(in, it, j->out, e);
}

/* Shards that have begun in this file since the last call; some may be empty. k: how many were begun before. */
static int catch_up(struct join *j, const struct reader *in, uint64_t *k, const char *path, struct err *e)
{
    struct head h = in->head;

    if (!h.shards)
        return begin_shard(j, &h, path, e);
    for (; *k < in->segments_marked; (*k)++) {
        h.shard = in->shard[*k];
        if ((*k && end_shard(j, in, path, e) < 0) || begin_shard(j, &h, path, e) < 0)
            return -1;
    }
    return 0;
}

static int take_file(struct join *j, struct shard_file *f, struct err *e)
{
    struct reader *in = f->in ? f->in : reader_file(f->path, e);
    struct item it = {0};
    uint64_t k = 0;
    int got;

    f->in = in;
    if (!in)
        return -1;
    reader_allow_partial(in, 1);
    while ((got = stream_next(in, &it, e)) >= 0)
        if (catch_up(j, in, &k, f->path, e) < 0 || got == 0 || take(j, in, &it, f->path, e) < 0)
            break;
    if (got == 0)
        got = k == in->segments_marked && k ? end_shard(j, in, f->path, e) : -1;
    else
        got = -1;
    item_free(&it);
    reader_close(in);
    f->in = NULL;
    return got;
}

static int check_end(const struct join *j, struct err *e)
{
    if (j->done != j->shards)
        return err_set(e, "shard %lld of %lld is missing: %s is the last", (long long)j->done + 1, (long long)j->shards,
                       j->file[j->files - 1].path);
    if (j->names != j->head.names)
        return err_set(e, "tensor %s is missing: the manifest has %d tensors, the shards %d", j->head.name[j->names],
                       j->head.names, j->names);
    return 0;
}

static void join_free(struct join *j)
{
    for (int i = 0; i < j->files; i++)
        reader_close(j->file[i].in);
    for (int i = 0; i < j->blobs; i++)
        free(j->blob[i].name);
    head_free(&j->head);
    free(j->file);
    free(j->blob);
}

int unshard(char **path, int n, int fd, const char *to, struct err *e)
{
    struct join j = {.file = mem_new((size_t)n, sizeof *j.file), .files = n};
    int rc = 0;

    for (int i = 0; i < n && rc == 0; i++)
        rc = look(&j.file[i], path[i], e);
    if (rc == 0 && !(j.out = writer_open(fd, to, NULL, e)))
        rc = -1;
    qsort(j.file, rc == 0 ? (size_t)n : 0, sizeof *j.file, by_shard);
    for (int i = 0; i < n && rc == 0; i++)
        rc = take_file(&j, &j.file[i], e);
    if (rc == 0)
        rc = check_end(&j, e) < 0 || writer_finish(j.out, e) < 0 ? -1 : 0;
    else
        writer_abandon(j.out);
    join_free(&j);
    return rc;
}

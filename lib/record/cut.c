#include "record/cut.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

struct cuts {
    const char **file;
    int files, at, by_lines;
    uint64_t shard, shards, from, to, total, before; /* before: bytes of the files already passed */
};

/* Bytes on disk, or -1 for what has no size. */
static int64_t size_of(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

struct cuts *cuts_open(const char **file, int files, enum load_format f, uint64_t shard, uint64_t shards, uint64_t from,
                       uint64_t to, struct err *e)
{
    struct cuts *c = mem_new(1, sizeof *c);

    (void)e;
    c->file = file;
    c->files = files;
    c->by_lines = f == LOAD_AUTO || f == LOAD_JSONL || f == LOAD_LINES;
    c->shard = shard;
    c->shards = shards;
    c->from = from;
    c->to = to;
    for (int i = 0; i < files; i++)
        c->total += size_of(file[i]) > 0 ? (uint64_t)size_of(file[i]) : 0;
    return c;
}

void cuts_close(struct cuts *c)
{
    free(c);
}

const char *cuts_file(const struct cuts *c)
{
    return c->at ? c->file[c->at - 1] : "";
}

static uint64_t border(const struct cuts *c, uint64_t i)
{
    return (uint64_t)((unsigned __int128)c->total * i / c->shards);
}

/* Does WET hide under auto? Only its first bytes say; then it is read from its start. */
static int cuttable(const struct cuts *c, struct unzip *s)
{
    return c->by_lines && unzip_plain_size(s) >= 0 && !unzip_begins(s, "WARC/");
}

/* The part of file s, of size bytes, that is ours. 1, or 0 when there is none. */
static int part(const struct cuts *c, struct unzip *s, uint64_t size, struct cut *out)
{
    uint64_t lo = border(c, c->shard - 1), hi = border(c, c->shard), start = c->before, end = start + size;

    if (!cuttable(c, s))
        return start >= lo && (start < hi || (size == 0 && start == hi && c->shard == c->shards));
    if (hi <= start || lo >= end)
        return 0;
    out->from = lo > start ? lo - start : 0;
    out->to = hi < end ? hi - start : UINT64_MAX;
    return 1;
}

int cuts_next(struct cuts *c, struct cut *out, struct err *e)
{
    while (c->at < c->files) {
        const char *path = c->file[c->at++];
        int64_t size = size_of(path);
        struct unzip *s = unzip_open(path, e);
        int ours = 1;

        if (!s)
            return -1;
        *out = (struct cut){s, c->from, c->to, 1, 0};
        if ((c->from > 0 || c->to < UINT64_MAX) && !cuttable(c, s)) {
            unzip_close(s);
            return err_set(e, "%s: only a plain file of lines can be read by bytes", path);
        }
        if (c->shards > 1 && size < 0)
            out->each = c->shards, out->nth = c->shard - 1;
        else if (c->shards > 1)
            ours = part(c, s, (uint64_t)size, out);
        c->before += size > 0 ? (uint64_t)size : 0;
        if (ours)
            return 1;
        unzip_close(s);
    }
    return 0;
}

#include "shrink/flow.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/progress.h"

/* From start, where the input can be read again. */
static struct reader *reader_at(int fd, off_t start, struct err *e)
{
    if (lseek(fd, start, SEEK_SET) >= 0)
        return reader_open(fd, "standard input", e);
    err_errno(e, "cannot read standard input again");
    return NULL;
}

struct reader *shrink_reader(struct shrink_pass *s, struct err *e)
{
    off_t start = 0;
    int twice = shrink_ahead(s) && !isatty(STDIN_FILENO),
        fd = twice ? io_rewindable(STDIN_FILENO, &start, e) : STDIN_FILENO;
    struct reader *in = fd < 0 ? NULL : twice ? reader_at(fd, start, e) : reader_stdin(e);

    if (!in || shrink_plan(s, &reader_head(in)->model, e) < 0)
        return NULL;
    if (!twice || shrink_idle(s))
        return in;
    if (shrink_survey(s, in, e) < 0)
        return NULL;
    reader_close(in);
    return reader_at(fd, start, e);
}

struct held_file {
    char *name;
    struct buf data;
};

static int settle(struct shrink_pass *s, const struct held_file *file, int files, struct err *e)
{
    static const struct buf none;

    for (int i = 0; i < files; i++)
        if (strcmp(file[i].name, "config.json") == 0)
            return shrink_settle(s, &file[i].data, e);
    return shrink_settle(s, &none, e);
}

/* The files before the first tensor; the record behind them is then in it, first to be taken. 1, 0 at the end, -1. */
static int begin(struct shrink_pass *s, struct reader *in, struct item *it, struct writer *out, struct err *e)
{
    struct held_file *file = NULL;
    int files = 0, got, rc;

    while ((got = stream_next(in, it, e)) > 0 && it->kind == ITEM_BLOB) {
        file = mem_resize(file, (size_t)files + 1, sizeof *file);
        file[files] = (struct held_file){.name = mem_strdup(it->name)};
        if (item_load(in, it, &file[files++].data, e) < 0)
            return -1;
    }
    rc = got < 0 ? -1 : settle(s, file, files, e);
    for (int i = 0; i < files; i++) {
        if (rc == 0 && out)
            rc = blob_write(out, file[i].name, file[i].data.data, file[i].data.len, e);
        free(file[i].name);
        buf_free(&file[i].data);
    }
    free(file);
    return rc < 0 ? -1 : got;
}

static void change_head(struct head *h, void *ctx)
{
    shrink_model(ctx, &h->model);
}

int shrink_flow(struct shrink_pass *s, struct reader *in, struct writer *out, struct err *e)
{
    struct item it = {0};
    int got;

    if (out) {
        writer_drop_manifest(out);
        writer_each_head(out, change_head, s);
    }
    if (s->report)
        buf_puts(s->report, SHRINK_TITLES);
    progress_total(reader_head(in)->tensors, 0);
    for (got = begin(s, in, &it, out, e); got > 0; got = stream_next(in, &it, e)) {
        if (shrink_take(s, in, &it, out, e) < 0)
            return -1;
        progress_step(it.kind == ITEM_TENSOR, 0);
    }
    progress_end();
    item_free(&it);
    return got < 0 ? -1 : shrink_end(s, in, out, e);
}

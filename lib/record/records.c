/* records: the loop over text records, from a stream or from lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/foreign.h"
#include "base/io.h"
#include "record/jsonl.h"
#include "record/lines.h"
#include "record/records_parts.h"
#include "wire/mp.h"

struct records {
    char *name;
    int fd, own_fd;
    struct records_opts how;
    struct reader *in;   /* of a stream */
    struct lines *lines; /* else */
    struct buf block;
    struct item item;
    struct record *batch;
    size_t n, at, cap;
    uint64_t seen;
    struct records_out *link;
};

static ssize_t read_fd(void *ctx, void *p, size_t n, struct err *e)
{
    struct records *in = ctx;
    ssize_t got;

    while ((got = read(in->fd, p, n)) < 0 && errno == EINTR)
        ;
    return got < 0 ? err_errno(e, "%s: cannot read", in->name) : got;
}

struct records *records_open(int fd, const char *name, const struct records_opts *how, struct err *e)
{
    struct records *in = mem_new(1, sizeof *in);

    in->name = mem_strdup(name);
    in->fd = fd;
    in->how = *how;
    if (how->lines)
        in->lines = lines_open(read_fd, in, how->max_bytes ? how->max_bytes : RECORD_MAX_BYTES);
    else if (!(in->in = fd == STDIN_FILENO ? reader_stdin(e) : reader_open(fd, name, e)))
        return records_close(in), NULL;
    if (in->in)
        reader_allow_partial(in->in, 1); /* what is done with texts is done shard by shard */
    io_enlarge_pipe(fd);
    return in;
}

struct records *records_file(const char *path, const struct records_opts *how, struct err *e)
{
    struct records *in;
    int fd;

    if (strcmp(path, "-") == 0)
        return io_take_stdin(e) < 0 ? NULL : records_open(STDIN_FILENO, "standard input", how, e);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "cannot open %s", path), NULL;
    in = records_open(fd, path, how, e);
    if (in)
        in->own_fd = 1;
    else
        close(fd);
    return in;
}

void records_close(struct records *in)
{
    if (!in)
        return;
    if (in->link)
        in->link->in = NULL;
    if (in->in)
        reader_close(in->in);
    if (in->own_fd)
        close(in->fd);
    lines_close(in->lines);
    item_free(&in->item);
    buf_free(&in->block);
    for (size_t i = 0; i < in->cap; i++)
        record_free(&in->batch[i]);
    free(in->batch);
    free(in->name);
    free(in);
}

static struct record *add_record(struct records *in)
{
    if (in->n == in->cap) {
        size_t cap = in->cap ? 2 * in->cap : 64;

        in->batch = mem_resize(in->batch, cap, sizeof *in->batch);
        memset(in->batch + in->cap, 0, (cap - in->cap) * sizeof *in->batch);
        in->cap = cap;
    }
    return &in->batch[in->n++];
}

static int unpack_block(struct records *in, struct err *e)
{
    struct mp_in m = {in->block.data, in->block.data + in->block.len};

    while (m.p < m.end)
        if (record_unpack(add_record(in), &m, e) < 0)
            return err_in(e, "%s: text record %llu", in->name, (unsigned long long)(in->seen + in->n));
    if (in->n != in->item.size)
        return err_set(e, "%s: a block of text says %llu records and holds %zu", in->name,
                       (unsigned long long)in->item.size, in->n);
    return 0;
}

/* The next block of text; what else comes is relayed. */
static int stream_batch(struct records *in, struct err *e)
{
    int got;

    while ((got = stream_next(in->in, &in->item, e)) > 0) {
        if (in->item.kind != ITEM_TEXT) {
            if (in->link && (records_flush(in->link, e) < 0 || item_copy(in->in, &in->item, in->link->writer, e) < 0))
                return -1;
            continue;
        }
        if (item_load(in->in, &in->item, &in->block, e) < 0)
            return -1;
        return unpack_block(in, e) < 0 ? -1 : 1;
    }
    return got;
}

static int blank(const char *p, size_t n)
{
    while (n && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++, n--;
    return n == 0;
}

/* A mark is passed over; what is no line of JSON is named. */
static int first_line(const struct records *in, char **p, size_t *n, struct err *e)
{
    int mark = *n >= 3 && memcmp(*p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const char *what = foreign_file(*p, *n);

    *p += mark;
    *n -= (size_t)mark;
    what = what ? what : foreign_json(*p, *n);
    return what ? err_set(e, "%s: %s", in->name, what) : 0;
}

static int lines_batch(struct records *in, struct err *e)
{
    const char *text = in->how.text_field ? in->how.text_field : "text",
               *id = in->how.id_field ? in->how.id_field : "id";
    char *p;
    size_t n;
    int got;

    if ((got = lines_fill(in->lines, e)) <= 0)
        return got;
    while (lines_next(in->lines, &p, &n)) {
        unsigned long long number = lines_number(in->lines);

        if (!p)
            return err_set(e, "%s: line %llu: it is longer than %llu bytes", in->name, number,
                           (unsigned long long)(in->how.max_bytes ? in->how.max_bytes : RECORD_MAX_BYTES));
        if (number == 1 && first_line(in, &p, &n, e) < 0)
            return -1;
        if (!blank(p, n) && jsonl_read(add_record(in), p, n, text, id, e) < 0)
            return err_in(e, "%s: line %llu", in->name, number);
    }
    return 1;
}

int records_batch(struct records *in, struct record **r, size_t *n, struct err *e)
{
    int got;

    do {
        in->n = in->at = 0;
        got = in->in ? stream_batch(in, e) : lines_batch(in, e);
    } while (got > 0 && in->n == 0);
    *r = in->batch;
    *n = in->n;
    if (got > 0) {
        in->seen += in->n;
        in->at = in->n;
    }
    return got;
}

int records_next(struct records *in, struct record **r, struct err *e)
{
    if (in->at == in->n) {
        struct record *first;
        size_t n;
        int got = records_batch(in, &first, &n, e);

        if (got <= 0)
            return got;
        in->seen -= n;
        in->at = 0;
    }
    in->seen++;
    *r = &in->batch[in->at++];
    return 1;
}

uint64_t records_seen(const struct records *in)
{
    return in->seen;
}

struct reader *records_reader(const struct records *in)
{
    return in->in;
}

void records_link(struct records *in, struct records_out *out)
{
    in->link = out;
    out->in = in;
}

void records_unlink(struct records *in)
{
    in->link = NULL;
}

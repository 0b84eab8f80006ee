/* writer: segments, chunks and their codecs. Bundles: writer_bundle.c, writer_rows.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/par.h"
#include "tensor/fields.h"
#include "tensor/stream_parts.h"

#define FLAT_CHUNK ((size_t)4 << 20) /* bytes of a payload that has no rows */

static void prepare_head(struct writer *out)
{
    if (prog_argv)
        head_add_history(&out->now.head, prog_argv);
    if (out->no_manifest)
        head_drop_manifest(&out->now.head);
}

struct writer *writer_open(int fd, const char *name, struct reader *in, struct err *e)
{
    struct writer *out = mem_new(1, sizeof *out);

    (void)e;
    out->frames = frame_out_open(fd, name);
    out->keep.layer = -1;
    out->keep.expert = -1;
    out->in = in;
    out->level = 3;
    if (in) {
        head_copy(&out->now.head, &in->head);
        out->segment = in->segment;
        in->link = out;
        in->partial = 1;
        frame_in_link(in->frames, out->frames);
    }
    prepare_head(out);
    return out;
}

struct writer *writer_stdout(struct reader *in, struct err *e)
{
    if (isatty(STDOUT_FILENO))
        die_usage(
            "standard output is a terminal: a stream is binary; send it to a file or a pipe, or end in '| tshow'");
    return writer_open(STDOUT_FILENO, "standard output", in, e);
}

struct head *writer_head(struct writer *out)
{
    return &out->now.head;
}

void writer_inherit(struct writer *out, const struct reader *in, int keep_shard)
{
    struct head *h = &out->now.head;

    head_copy(h, &in->head);
    head_drop_manifest(h);
    if (!keep_shard)
        h->shard = h->shards = 0;
    prepare_head(out);
}

void writer_drop_manifest(struct writer *out)
{
    out->no_manifest = 1;
    head_drop_manifest(&out->now.head);
}

void writer_codec(struct writer *out, int codec, int level)
{
    out->codec = codec;
    out->level = level;
}

void writer_recode(struct writer *out, int yes)
{
    out->recode = yes;
}

void writer_each_head(struct writer *out, void (*fn)(struct head *, void *), void *ctx)
{
    out->each_head = fn;
    out->each_ctx = ctx;
}

struct attrs *writer_tail_model(struct writer *out)
{
    return &out->now.tail.model;
}

void writer_next_segment(struct writer *out, const struct head *h)
{
    out->next = mem_resize(out->next, (size_t)out->nexts + 1, sizeof *out->next);
    out->next[out->nexts] = (struct segment){0};
    head_copy(&out->next[out->nexts++].head, h);
}

/* Values that the filter has set itself stand. */
static void add_missing(struct attrs *to, const struct attrs *from)
{
    struct buf b = {0};

    for (int i = 0; i < from->n; i++)
        if (!attrs_find(to, from->item[i].key)) {
            struct attrs one = {&from->item[i], 1}, copy = {0};

            attrs_copy(&copy, &one);
            to->item = mem_resize(to->item, 2 * (size_t)to->n + 2, sizeof *to->item);
            to->item[to->n++] = copy.item[0];
            free(copy.item);
        }
    buf_free(&b);
}

void writer_take_tail(struct writer *out, const struct tail *t)
{
    struct segment *s = out->nexts ? &out->next[out->nexts - 1] : &out->now;

    add_missing(&s->tail.model, &t->model);
    add_missing(&s->tail.more, &t->more);
}

/* Write the head of the current segment when that is still to do. */
static int begin(struct writer *out, struct err *e)
{
    if (out->begun)
        return 0;
    out->begun = 1;
    keep_clear(&out->keep);
    if (out->each_head)
        out->each_head(&out->now.head, out->each_ctx);
    out->body.len = 0;
    head_put(&out->body, &out->now.head);
    if (out->body.len > FRAME_BODY_MAX) { /* the manifest may be left out */
        head_drop_manifest(&out->now.head);
        out->body.len = 0;
        head_put(&out->body, &out->now.head);
    }
    return frame_out_record(out->frames, "head", out->body.data, out->body.len, e);
}

static int end(struct writer *out, struct err *e)
{
    if (begin(out, e) < 0 || writer_settle(out, e) < 0)
        return -1;
    out->now.tail.sum = frame_out_sum(out->frames);
    out->body.len = 0;
    tail_put(&out->body, &out->now.tail);
    out->begun = 0;
    return frame_out_record(out->frames, "tail", out->body.data, out->body.len, e);
}

static void free_segment(struct segment *s)
{
    head_free(&s->head);
    tail_free(&s->tail);
}

static int next_segment(struct writer *out, struct err *e)
{
    if (end(out, e) < 0)
        return -1;
    free_segment(&out->now);
    out->now = out->next[0];
    out->segment++;
    memmove(out->next, out->next + 1, (size_t)--out->nexts * sizeof *out->next);
    prepare_head(out);
    return 0;
}

int writer_ready(struct writer *out, uint64_t segment, struct err *e)
{
    while (out->segment < segment && out->nexts)
        if (next_segment(out, e) < 0)
            return -1;
    return begin(out, e) < 0 ? -1 : writer_settle(out, e);
}

void writer_abandon(struct writer *out)
{
    if (!out)
        return;
    if (out->in) {
        out->in->link = NULL;
        frame_in_link(out->in->frames, NULL);
    }
    free_segment(&out->now);
    for (int i = 0; i < out->nexts; i++)
        free_segment(&out->next[i]);
    for (int i = 0; i < out->jobs; i++) {
        buf_free(&out->job[i].raw);
        buf_free(&out->job[i].stored);
    }
    for (int i = 0; i < PARTS_MAX; i++)
        buf_free(&out->pend[i]);
    frame_out_close(out->frames);
    keep_clear(&out->keep);
    order_free(&out->order);
    buf_free(&out->body);
    free(out->next);
    free(out->job);
    free(out);
}

int writer_finish(struct writer *out, struct err *e)
{
    int rc = 0;

    while (rc == 0 && out->nexts)
        rc = next_segment(out, e);
    if (rc == 0)
        rc = end(out, e);
    if (rc == 0)
        rc = frame_out_flush(out->frames, e);
    writer_abandon(out);
    return rc;
}

static void store(struct writer *out, struct job *j)
{
    j->codec = codec_encode(out->codec, out->level, j->width, j->raw.data, j->raw.len, &j->stored);
}

static void store_nth(void *ctx, size_t i)
{
    struct writer *out = ctx;

    store(out, &out->job[i]);
}

static int put_job(struct writer *out, const struct job *j, struct err *e)
{
    const struct buf *b = j->codec == CODEC_RAW ? &j->raw : &j->stored;

    return frame_out_chunk(out->frames, j->part, j->row, j->codec, b->data, b->len, e);
}

int writer_settle(struct writer *out, struct err *e)
{
    int n = out->staged;

    if (!n)
        return 0;
    out->staged = 0;
    par_for((size_t)n, store_nth, out);
    for (int i = 0; i < n; i++)
        if (put_job(out, &out->job[i], e) < 0)
            return -1;
    return 0;
}

int writer_chunk(struct writer *out, uint32_t part, uint64_t row, int width, const void *data, size_t n, struct err *e)
{
    struct job *j;

    if (out->codec == CODEC_RAW)
        return frame_out_chunk(out->frames, part, row, CODEC_RAW, data, n, e);
    if (!out->jobs) {
        out->jobs = par_jobs();
        out->job = mem_new((size_t)out->jobs, sizeof *out->job);
    }
    j = &out->job[out->staged++];
    j->part = part;
    j->row = row;
    j->width = width;
    j->raw.len = 0;
    buf_add(&j->raw, data, n);
    return out->staged == out->jobs ? writer_settle(out, e) : 0;
}

int writer_pass(struct writer *out, struct reader *in, const struct frame_chunk *c, uint32_t part, int width,
                uint64_t size, uint8_t *dst, struct err *e)
{
    int recode = out->recode && size != UINT64_MAX && !(out->codec == CODEC_RAW && c->codec == CODEC_RAW);
    struct buf own = {0};
    int rc;

    if (!recode && !dst && part == c->part)
        return frame_in_chunk_copy(in->frames, out->frames, e);
    if (recode && !dst)
        dst = buf_space(&own, size);
    rc = reader_payload(in, c, dst, size, !recode, e);
    if (rc == 0 && recode)
        rc = writer_chunk(out, part, c->row, width, dst, size, e);
    else if (rc == 0)
        rc = writer_settle(out, e) < 0
                 ? -1
                 : frame_out_chunk(out->frames, part, c->row, c->codec, in->stored.data, in->stored.len, e);
    buf_free(&own);
    return rc;
}

/* A record that is no tensor: the body waits in out->body. */
static int write_flat(struct writer *out, const char *kind, const void *p, size_t n, struct err *e)
{
    if (frame_out_record(out->frames, kind, out->body.data, out->body.len, e) < 0)
        return -1;
    for (size_t at = 0; at < n; at += FLAT_CHUNK)
        if (writer_chunk(out, 0, at, 1, (const uint8_t *)p + at, n - at < FLAT_CHUNK ? n - at : FLAT_CHUNK, e) < 0)
            return -1;
    return writer_settle(out, e);
}

int blob_write(struct writer *out, const char *name, const void *p, size_t n, struct err *e)
{
    if (strlen(name) > BLOB_NAME_MAX)
        return err_set(e, "its name has %zu bytes, %d at most", strlen(name), BLOB_NAME_MAX);
    if (file_name_check(name, 1, e) < 0)
        return -1;
    if (writer_ready(out, 0, e) < 0)
        return -1;
    out->body.len = 0;
    mp_put_map(&out->body, 2);
    mp_put_str(&out->body, "name");
    mp_put_str(&out->body, name);
    mp_put_str(&out->body, "size");
    mp_put_uint(&out->body, n);
    return write_flat(out, "blob", p, n, e);
}

int mark_write(struct writer *out, int64_t n, struct err *e)
{
    if (writer_ready(out, 0, e) < 0)
        return -1;
    out->body.len = 0;
    mp_put_map(&out->body, 1);
    mp_put_str(&out->body, "n");
    mp_put_int(&out->body, n);
    return frame_out_record(out->frames, "mark", out->body.data, out->body.len, e) < 0
               ? -1
               : frame_out_flush(out->frames, e);
}

int text_write(struct writer *out, uint64_t records, const void *p, size_t n, struct err *e)
{
    if (writer_ready(out, 0, e) < 0)
        return -1;
    out->body.len = 0;
    mp_put_map(&out->body, 2);
    mp_put_str(&out->body, "n");
    mp_put_uint(&out->body, records);
    mp_put_str(&out->body, "size");
    mp_put_uint(&out->body, n);
    return write_flat(out, "text", p, n, e);
}

int stat_write(struct writer *out, const char *name, const struct attrs *a, const void *p, size_t n, struct err *e)
{
    uint32_t more = 0;

    if (writer_ready(out, 0, e) < 0)
        return -1;
    for (int i = 0; a && i < a->n; i++)
        more += strcmp(a->item[i].key, "name") != 0 && strcmp(a->item[i].key, "size") != 0;
    out->body.len = 0;
    mp_put_map(&out->body, 2 + more);
    mp_put_str(&out->body, "name");
    mp_put_str(&out->body, name);
    mp_put_str(&out->body, "size");
    mp_put_uint(&out->body, n);
    for (int i = 0; a && i < a->n; i++)
        if (strcmp(a->item[i].key, "name") != 0 && strcmp(a->item[i].key, "size") != 0) {
            mp_put_str(&out->body, a->item[i].key);
            attr_put(&out->body, &a->item[i]);
        }
    return write_flat(out, "stat", p, n, e);
}

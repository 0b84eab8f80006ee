/* reader: segments and records. What is inside a tensor record: reader_load.c, reader_rows.c; inside others:
 * reader_flat.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "tensor/header.h"
#include "tensor/stream_parts.h"
#include "wire/mp.h"

const struct head *reader_head(const struct reader *in)
{
    return &in->head;
}

const struct attrs *reader_tail_model(const struct reader *in)
{
    return &in->tail.model;
}

uint64_t reader_segment(const struct reader *in)
{
    return in->segment;
}

void reader_allow_partial(struct reader *in, int yes)
{
    in->partial = yes;
}

void reader_skips(struct reader *in, enum reader_skips what)
{
    in->skips = what;
}

/* A mark "shard i of n" of a new segment: the same n as before, and an i not seen yet. */
static int mark_shard(struct reader *in, struct err *e)
{
    const struct head *h = &in->head;
    uint64_t n = in->segments_marked;

    if (!h->shards)
        return 0;
    if (in->shards && in->shards != h->shards)
        return err_set(e, "says shard %lld of %lld, an earlier head said of %lld", (long long)h->shard,
                       (long long)h->shards, (long long)in->shards);
    in->shards = h->shards;
    for (uint64_t i = 0; i < n; i++)
        if (in->shard[i] == h->shard)
            return err_set(e, "shard %lld of %lld comes twice", (long long)h->shard, (long long)h->shards);
    in->shard = mem_resize(in->shard, n + 1, sizeof *in->shard);
    in->shard[n] = h->shard;
    in->segments_marked++;
    return 0;
}

static int begin_segment(struct reader *in, struct err *e)
{
    if (in->in_segment)
        return err_set(e, "a head stands where the tail of segment %llu should: was the command before it killed?",
                       (unsigned long long)in->segment);
    head_free(&in->head);
    if (head_read(&in->head, in->rec.body.data, in->rec.body.len, e) < 0 || mark_shard(in, e) < 0)
        return -1;
    in->segment++;
    in->in_segment = 1;
    in->headless = 0;
    keep_clear(&in->keep);
    if (in->link)
        writer_next_segment(in->link, &in->head);
    return 0;
}

static int differ(const char *what, uint64_t said, uint64_t seen, struct err *e)
{
    return said == seen ? 0
                        : err_set(e, "the tail says %llu %s, %llu have passed", (unsigned long long)said, what,
                                  (unsigned long long)seen);
}

static int end_segment(struct reader *in, struct err *e)
{
    const struct frame_sum *seen = &in->rec.before, *said = &in->tail.sum;

    tail_free(&in->tail);
    if (tail_read(&in->tail, in->rec.body.data, in->rec.body.len, e) < 0)
        return -1;
    if (!in->headless &&
        (differ("records", said->records, seen->records, e) < 0 ||
         differ("chunks", said->chunks, seen->chunks, e) < 0 || differ("bytes", said->bytes, seen->bytes, e) < 0))
        return -1;
    if (!in->headless && said->digest != seen->digest)
        return err_set(e, "the tail says digest %016llx, the records give %016llx", (unsigned long long)said->digest,
                       (unsigned long long)seen->digest);
    in->in_segment = 0;
    if (in->link)
        writer_take_tail(in->link, &in->tail);
    return 0;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* At the true end of input: were all shards there? */
static int check_shards(struct reader *in, struct err *e)
{
    uint64_t missing = (uint64_t)in->shards - in->segments_marked, named = 0, k = 0;
    struct buf list = {0};

    if (in->partial || !in->shards || !missing)
        return 0;
    qsort(in->shard, in->segments_marked, sizeof *in->shard, ascending);
    for (int64_t i = 1; i <= in->shards && named < 8; i++)
        if (k < in->segments_marked && in->shard[k] == i)
            k++;
        else
            buf_printf(&list, "%s%lld", named++ ? ", " : "", (long long)i);
    err_set(e, "%llu of %lld shards are missing: %s%s", (unsigned long long)missing, (long long)in->shards,
            buf_str(&list), missing > named ? " ..." : "");
    buf_free(&list);
    in->rec.kind[0] = '\0';
    frame_in_place(in->frames, "end of input");
    return frame_in_fail(in->frames, e);
}

/* The first record of a piece that has no head: as if an empty one stood before it. */
static int begin_headless(struct reader *in, struct err *e)
{
    in->segment = 1;
    in->in_segment = in->headless = 1;
    in->held = strcmp(in->rec.kind, "tail") != 0;
    return in->held ? 0 : end_segment(in, e);
}

/* Read the next record's frame. 1, 0 at the true end, -1. Heads and tails are dealt with here. */
static int next_record(struct reader *in, struct err *e)
{
    if (in->held) {
        in->held = 0;
        return 1;
    }
    for (;;) {
        int got = frame_in_next(in->frames, e);

        if (got < 0)
            return -1;
        if (got == FRAME_END)
            return (in->in_segment && !in->piece) || !in->segment ? frame_in_fail_end(in->frames, 0, e)
                                                                  : check_shards(in, e);
        if (got == FRAME_CHUNK) {
            err_set(e, "a chunk stands behind it, where a record should");
            return frame_in_fail(in->frames, e);
        }
        if (frame_in_record(in->frames, &in->rec, e) < 0)
            return -1;
        in->record++;
        if (strcmp(in->rec.kind, "head") == 0)
            got = begin_segment(in, e);
        else if (in->piece && in->record == 1)
            got = begin_headless(in, e);
        else if (!in->in_segment)
            got = err_set(e, "stands outside of a segment: its head is missing");
        else if (strcmp(in->rec.kind, "tail") == 0)
            got = end_segment(in, e);
        else
            return 1;
        if (got < 0)
            return frame_in_fail(in->frames, e);
        if (in->segment == 1 && in->record == 1)
            return 1; /* reader_open wants the first head only */
    }
}

static struct reader *open_reader(int fd, const char *name, int piece, struct err *e)
{
    struct reader *in = mem_new(1, sizeof *in);
    int got;

    in->frames = frame_in_open(fd, name);
    in->keep.layer = -1;
    in->keep.expert = -1;
    in->piece = piece;
    got = frame_in_next(in->frames, e);
    if (got == FRAME_END)
        err_set(e, "%s: is empty, not a weir stream: did the upstream command fail?", name);
    else if (got > 0 && next_record(in, e) > 0)
        return in;
    reader_close(in);
    return NULL;
}

struct reader *reader_open(int fd, const char *name, struct err *e)
{
    return open_reader(fd, name, 0, e);
}

struct reader *reader_open_piece(int fd, const char *name, struct err *e)
{
    return open_reader(fd, name, 1, e);
}

struct reader *reader_stdin(struct err *e)
{
    if (isatty(STDIN_FILENO))
        die_usage("standard input is a terminal: give it a stream, as in 'tsplit MODEL | %s'",
                  prog_name ? prog_name : "filter");
    return reader_open(STDIN_FILENO, "standard input", e);
}

void reader_close(struct reader *in)
{
    if (!in)
        return;
    if (in->link)
        in->link->in = NULL;
    reader_tensor_end(in);
    frame_in_close(in->frames);
    head_free(&in->head);
    tail_free(&in->tail);
    keep_clear(&in->keep);
    buf_free(&in->rec.body);
    buf_free(&in->stored);
    buf_free(&in->planes);
    free(in->shard);
    free(in->rows);
    if (in->own_fd)
        close(in->own_fd);
    free(in);
}

int reader_skip(struct reader *in, struct err *e)
{
    struct frame_chunk c;
    uint64_t size;
    int got;

    if (!in->open)
        return 0;
    do {
        if (in->kind == ITEM_TENSOR)
            got = reader_load_chunk(in, NULL, e);
        else if ((got = reader_flat_chunk(in, &c, &size, e)) > 0)
            got = reader_pass_over(in, e) < 0 ? -1 : 1;
    } while (got > 0);
    if (got == 0 && in->kind != ITEM_TENSOR)
        got = reader_flat_end(in, e);
    in->open = 0;
    return got;
}

static enum item_kind kind_of(const char *kind)
{
    static const char *const name[] = {"tensor", "blob", "text", "stat"};

    for (int i = 0; i < 4; i++)
        if (strcmp(kind, name[i]) == 0)
            return (enum item_kind)i;
    return ITEM_OTHER;
}

static int read_tensor(struct reader *in, struct bundle *b, struct err *e)
{
    if (header_read(b, in->rec.body.data, in->rec.body.len, e) < 0)
        return b->name && b->name[0] ? err_in(e, "%.200s", b->name) : -1;
    frame_in_place(in->frames, "record %llu (tensor %.200s)", (unsigned long long)in->record, b->name);
    buf_add(&b->raw, in->rec.body.data, in->rec.body.len);
    b->segment = in->segment;
    b->record = in->record;
    return reader_tensor_begin(in, b, e);
}

int stream_next(struct reader *in, struct item *it, struct err *e)
{
    int got;

    item_free(it);
    if (reader_skip(in, e) < 0 || (got = next_record(in, e)) < 0)
        return -1;
    if (got == 0)
        return 0;
    in->open = 1;
    in->consumed = 0;
    it->kind = in->kind = kind_of(in->rec.kind);
    it->kind_name = in->rec.kind;
    if (it->kind == ITEM_TENSOR)
        got = read_tensor(in, &it->b, e);
    else if (it->kind != ITEM_OTHER)
        got = reader_flat_begin(in, it, e);
    else if (mp_check(in->rec.body.data, in->rec.body.len, NULL) == 0 && reader_flat_begin(in, it, NULL) < 0)
        attrs_free(&it->attrs); /* no map of ours: passed on all the same */
    return got < 0 ? frame_in_fail(in->frames, e) : 1;
}

int bundle_read(struct reader *in, struct bundle *b, struct err *e)
{
    struct item it = {0};
    int got;

    bundle_free(b);
    while ((got = stream_next(in, &it, e)) > 0 && it.kind != ITEM_TENSOR)
        if (in->link && item_copy(in, &it, in->link, e) < 0) {
            got = -1;
            break;
        }
    if (got > 0) {
        *b = it.b;
        it.b = (struct bundle){0};
    }
    item_free(&it);
    return got;
}

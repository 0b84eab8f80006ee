/* writer_bundle: a bundle as it is: passed on, or encoded, or some of each. */
#include <stdlib.h>
#include <string.h>

#include "tensor/header.h"
#include "tensor/stream_parts.h"
#include "tensor/writer_bundle.h"

#define CHUNK_BYTES ((uint64_t)2 << 20) /* decoded, aimed at */

int element_width(const struct part *p)
{
    int bits = dtype_info(p->dtype)->bits;

    return bits > 8 && bits <= 64 ? bits / 8 : bits > 64 ? 8 : 1;
}

uint64_t value_slab_rows(const struct bundle *b)
{
    uint64_t most = 1;

    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term >= 0 && !b->part[i].fixed && b->part[i].row_bytes > most)
            most = b->part[i].row_bytes;
    return most < CHUNK_BYTES ? CHUNK_BYTES / most : 1;
}

int put_rows(struct writer *out, const struct bundle *b, int i, uint64_t row, uint64_t n, const uint8_t *data,
             struct err *e)
{
    const struct part *p = &b->part[i];
    uint64_t wire_rows, row_bytes, step, each;

    part_wire_size(p, &wire_rows, &row_bytes);
    if (wire_rows == 0)
        return 0;
    each = p->rows ? wire_rows / p->rows : 1; /* a vector is one row of many elements */
    row *= each;
    n *= each;
    step = row_bytes < CHUNK_BYTES ? CHUNK_BYTES / row_bytes : 1;
    for (uint64_t at = 0; at < n; at += step) {
        uint64_t m = n - at < step ? n - at : step;

        if (writer_chunk(out, (uint32_t)i, row + at, element_width(p), data + at * row_bytes, m * row_bytes, e) < 0)
            return -1;
    }
    return 0;
}

static void refer(struct bundle *b, struct part *p, const char *to)
{
    free(p->same);
    p->same = to ? mem_strdup(to) : NULL;
    p->shared = !to;
    b->touched = 1;
}

/* The bytes of a shared part, where they are known: its own, or what the reader keeps. */
static int known_bytes(const struct reader *in, struct part *p, struct lent **lent, struct hash128 *hash)
{
    *lent = p->lent ? p->lent : in && p->same && p->wire >= 0 ? in->lent[p->wire] : NULL;
    if (*lent)
        *hash = (*lent)->hash;
    else if (p->data)
        *hash = hash128(p->data, p->rows * p->row_bytes);
    return *lent || p->data;
}

int settle_shared(struct writer *out, struct reader *in, struct bundle *b, struct err *e)
{
    for (int i = 0; i < b->parts; i++) {
        struct part *p = &b->part[i];
        const struct kept *k;
        struct hash128 hash;
        struct lent *lent;

        if (!(p->shared || p->same))
            continue;
        if (!known_bytes(in, p, &lent, &hash)) {
            if (p->same)
                return err_set(e, "part %s refers to %.200s, whose bytes are not here", p->name, p->same);
            continue; /* passed on as it comes: writer_shared_passed */
        }
        k = keep_find_equal(&out->keep, p, hash);
        if (k && !(p->same && strcmp(p->same, k->bundle) == 0))
            refer(b, p, k->bundle);
        else if (!k && p->same) {
            part_lend(p, lent);
            refer(b, p, NULL);
        }
        if (!k)
            keep_add(&out->keep, b->name, p, hash, NULL);
    }
    return 0;
}

/* Pass the next chunk of the record on wire, under the number its part has now. As reader_chunk. */
static int pass_chunk(struct writer *out, struct reader *in, struct bundle *b, struct err *e)
{
    struct frame_chunk c;
    uint64_t rows, size;
    struct part *p;
    uint8_t *dst = NULL;
    int got = reader_chunk(in, &c, &rows, &size, e);

    if (got <= 0)
        return got;
    p = part_on_wire(b, c.part);
    if (in->order.part[c.part].shared)
        dst = gather_room(in, c.part, size);
    if (!p)
        got = dst ? reader_payload(in, &c, dst, size, 0, e) : frame_in_chunk_end(in->frames, e);
    else
        got = writer_pass(out, in, &c, (uint32_t)(p - b->part), element_width(p), size, dst, e);
    if (got < 0)
        return -1;
    if (dst && order_whole(&in->order, (int)c.part)) {
        reader_part_whole(in, NULL, c.part);
        if (p)
            keep_add(&out->keep, b->name, p, in->lent[c.part]->hash, NULL);
    }
    return 1;
}

static int pass_rest(struct writer *out, struct reader *in, struct bundle *b, struct err *e)
{
    int got = 1;

    while (in->open && got > 0)
        if ((got = pass_chunk(out, in, b, e)) < 0)
            return -1;
    return writer_settle(out, e);
}

/* A part that is sent whole before others. */
static int put_whole(struct writer *out, struct reader *in, struct bundle *b, int i, struct err *e)
{
    struct part *p = &b->part[i];

    if (p->same)
        return 0;
    if (p->data)
        return put_rows(out, b, i, 0, p->rows, p->data, e);
    if (!in || p->wire < 0)
        return err_set(e, "part %s has no data", p->name);
    while (!order_whole(&in->order, p->wire)) {
        int got = pass_chunk(out, in, b, e);

        if (got <= 0)
            return got < 0 ? -1 : err_set(e, "part %s is not whole", p->name);
    }
    return 0;
}

/* Parts in memory that follow the rows, by turns, so that a reader of rows holds little. */
static int put_slabs(struct writer *out, struct reader *in, struct bundle *b, struct err *e)
{
    uint64_t step = value_slab_rows(b), rows = 0;

    for (int i = 0; i < b->parts; i++) {
        struct part *p = &b->part[i];

        if (p->term < 0 || p->fixed)
            continue;
        if (!p->data && (!in || p->wire < 0))
            return err_set(e, "part %s has no data", p->name);
        if (p->data && p->rows > rows)
            rows = p->rows;
    }
    for (uint64_t r = 0; r < rows; r += step)
        for (int i = 0; i < b->parts; i++) {
            struct part *p = &b->part[i];
            uint64_t n = r < p->rows ? p->rows - r : 0;

            if (p->term >= 0 && !p->fixed && p->data && n &&
                put_rows(out, b, i, r, n < step ? n : step, p->data + r * p->row_bytes, e) < 0)
                return -1;
        }
    return 0;
}

int put_header(struct writer *out, const struct bundle *b, struct err *e)
{
    out->body.len = 0;
    if (header_put(&out->body, b, e) < 0)
        return -1;
    return frame_out_record(out->frames, "tensor", out->body.data, out->body.len, e);
}

int bundle_write(struct writer *out, struct reader *in, struct bundle *b, struct err *e)
{
    int on_wire = in && !b->loaded && in->open && reader_owns(in, b, NULL) == 0;
    struct reader *wire = on_wire ? in : NULL;

    if (on_wire && in->next_row)
        return err_set(e, "its value was read by rows and is gone");
    if (writer_ready(out, b->segment, e) < 0)
        return -1;
    keep_layer(&out->keep, b->layer, b->expert);
    if (settle_shared(out, wire, b, e) < 0)
        return -1;
    if (on_wire && !b->touched && !in->consumed)
        return frame_out_record(out->frames, "tensor", b->raw.data, b->raw.len, e) < 0 ? -1 : pass_rest(out, in, b, e);
    if (put_header(out, b, e) < 0)
        return -1;
    for (int i = 0; i < b->parts; i++)
        if ((b->part[i].term < 0 || b->part[i].fixed) && put_whole(out, wire, b, i, e) < 0)
            return -1;
    if (put_slabs(out, wire, b, e) < 0 || writer_settle(out, e) < 0)
        return -1;
    return on_wire ? pass_rest(out, in, b, e) : 0;
}

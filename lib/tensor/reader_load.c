/* reader_load: parts of a bundle into memory. */
#include <stdlib.h>
#include <string.h>

#include "tensor/stream_parts.h"

#define FIRST_ROOM ((uint64_t)1 << 20) /* bytes; then twice what has arrived */

struct part *part_on_wire(struct bundle *b, uint32_t w)
{
    for (int i = 0; b && i < b->parts; i++)
        if (b->part[i].wire == (int)w)
            return &b->part[i];
    return NULL;
}

int reader_owns(const struct reader *in, const struct bundle *b, struct err *e)
{
    if (in->skips == SKIP_ALL)
        return err_set(e, "%.200s: only headers are read", b->name ? b->name : "bundle");
    if (in->tensor && b->segment == in->segment && b->record == in->record)
        return 0;
    return err_set(e, "%.200s: its record has passed: a bundle is loaded before the next is read",
                   b->name ? b->name : "bundle");
}

int reader_tensor_begin(struct reader *in, struct bundle *b, struct err *e)
{
    reader_tensor_end(in);
    in->tensor = mem_strdup(b->name);
    keep_layer(&in->keep, b->layer, b->expert);
    order_begin(&in->order, b);
    in->next_row = 0;
    for (int i = 0; i < b->parts; i++) {
        struct part *p = &b->part[i];
        const struct kept *k;

        in->proto[i] =
            (struct part){.name = in->order.part[i].name, .term = p->term, .dtype = p->dtype, .shape = p->shape};
        if (p->same) {
            if (!(k = keep_find_same(&in->keep, p)))
                return err_set(
                    e,
                    "part %s is said to be the same as in %.200s, which has not shared one of its type and shape in "
                    "this %s",
                    p->name, p->same, p->term < 0 ? "layer" : "segment");
            in->lent[i] = lent_hold(k->lent);
        } else if (p->shared && order_whole(&in->order, i)) {
            reader_part_whole(in, NULL, (uint32_t)i); /* no bytes at all */
        }
    }
    return 0;
}

void reader_tensor_end(struct reader *in)
{
    for (int i = 0; i < in->order.parts; i++) {
        free(in->gather[i].data);
        in->gather[i] = (struct gather){0};
        lent_drop(in->lent[i]);
        in->lent[i] = NULL;
        buf_free(&in->slab[i].bytes);
        hasher_free(in->digest[i]);
        in->digest[i] = NULL;
        in->slab[i].from = 0;
    }
    in->digests = 0;
    order_free(&in->order);
    free(in->tensor);
    in->tensor = NULL;
}

int reader_chunk(struct reader *in, struct frame_chunk *c, uint64_t *rows, uint64_t *size, struct err *e)
{
    const uint8_t *first;
    int got = frame_in_next(in->frames, e);

    if (got != FRAME_CHUNK) {
        if (got < 0)
            return -1;
        if (order_end(&in->order, e) < 0)
            return got == FRAME_END ? frame_in_fail_end(in->frames, 1, e) : frame_in_fail(in->frames, e);
        in->open = 0;
        return 0;
    }
    if (frame_in_chunk(in->frames, c, e) < 0 || frame_in_peek(in->frames, &first, CODEC_PEEK, e) < 0)
        return -1;
    if (codec_size(c->codec, first, c->stored, size, e) < 0)
        return frame_in_fail(in->frames, e);
    *rows = 0;
    if (c->part < (uint32_t)in->order.parts && in->order.part[c->part].row_bytes) {
        const struct order_part *t = &in->order.part[c->part];

        if (*size % t->row_bytes) {
            err_set(e, "part %s: a chunk decodes to %llu bytes, rows have %llu", t->name, (unsigned long long)*size,
                    (unsigned long long)t->row_bytes);
            return frame_in_fail(in->frames, e);
        }
        *rows = *size / t->row_bytes;
    }
    return order_take(&in->order, c->part, c->row, *rows, e) < 0 ? frame_in_fail(in->frames, e) : 1;
}

int reader_payload(struct reader *in, const struct frame_chunk *c, uint8_t *dst, uint64_t size, int keep_stored,
                   struct err *e)
{
    if (c->codec == CODEC_RAW && !keep_stored)
        return frame_in_bytes(in->frames, dst, size, e) < 0 ? -1 : frame_in_chunk_end(in->frames, e);
    in->stored.len = 0;
    if (frame_in_rest(in->frames, &in->stored, e) < 0 || frame_in_chunk_end(in->frames, e) < 0)
        return -1;
    if (dst && codec_decode(c->codec, in->stored.data, in->stored.len, dst, size, &in->planes, e) < 0)
        return frame_in_fail(in->frames, e);
    return 0;
}

uint8_t *gather_room(struct reader *in, uint32_t w, uint64_t size)
{
    const struct order_part *t = &in->order.part[w];
    struct gather *g = &in->gather[w];
    uint64_t all = t->rows * t->row_bytes, need = t->done * t->row_bytes;

    if (g->cap < need) {
        uint64_t room = 2 * need > FIRST_ROOM ? 2 * need : FIRST_ROOM;

        g->cap = room < all ? room : all;
        g->data = mem_resize(g->data, g->cap, 1);
    }
    return g->data + need - size;
}

void reader_part_whole(struct reader *in, struct bundle *b, uint32_t w)
{
    struct order_part *t = &in->order.part[w];
    struct gather *g = &in->gather[w];
    struct part *p = part_on_wire(b, w);
    uint64_t bytes = t->rows * t->row_bytes;

    if (!g->data)
        g->data = mem_new(1, 1);
    if (t->shared) {
        in->lent[w] = lent_new(g->data, bytes);
        keep_add(&in->keep, in->tensor, &in->proto[w], in->lent[w]->hash, in->lent[w]);
        if (p && !p->data)
            part_lend(p, in->lent[w]);
    } else if (p && !p->data) {
        p->data = g->data;
    } else {
        free(g->data);
    }
    *g = (struct gather){0};
}

int reader_pass_over(struct reader *in, struct err *e)
{
    return in->skips == SKIP_NOTHING ? frame_in_chunk_end(in->frames, e) : frame_in_chunk_skip(in->frames, e);
}

/* A shared part that goes by leaves its name, for what refers to it. */
static int skip_chunk(struct reader *in, uint32_t w, struct err *e)
{
    if (in->order.part[w].shared && order_whole(&in->order, (int)w)) {
        in->lent[w] = lent_new(mem_new(1, 1), 0);
        keep_add(&in->keep, in->tensor, &in->proto[w], in->lent[w]->hash, in->lent[w]);
    }
    return reader_pass_over(in, e);
}

int reader_load_chunk(struct reader *in, struct bundle *b, struct err *e)
{
    struct frame_chunk c = {0};
    uint64_t rows = 0, size = 0;
    int got = reader_chunk(in, &c, &rows, &size, e);

    if (got <= 0)
        return got;
    in->consumed = 1;
    if (in->skips == SKIP_ALL || (!part_on_wire(b, c.part) && !in->order.part[c.part].shared))
        return skip_chunk(in, c.part, e) < 0 ? -1 : 1;
    if (reader_payload(in, &c, gather_room(in, c.part, size), size, 0, e) < 0)
        return -1;
    if (order_whole(&in->order, (int)c.part))
        reader_part_whole(in, b, c.part);
    return 1;
}

void reader_give_chunkless(struct reader *in, struct bundle *b, int companions_only)
{
    for (int i = 0; i < b->parts; i++) {
        struct part *p = &b->part[i];

        if (p->data || p->wire < 0 || (companions_only && p->term >= 0))
            continue;
        if (in->lent[p->wire])
            part_lend(p, in->lent[p->wire]);
        else if (in->order.part[p->wire].rows == 0)
            p->data = mem_new(1, 1);
    }
}

int bundle_load(struct reader *in, struct bundle *b, struct err *e)
{
    int got = 1;

    if (b->loaded)
        return 0;
    if (reader_owns(in, b, e) < 0)
        return -1;
    if (in->next_row)
        return err_set(e, "%.200s: its value was read by rows and is gone", b->name);
    while (in->open && got > 0)
        if ((got = reader_load_chunk(in, b, e)) < 0)
            return -1;
    reader_give_chunkless(in, b, 0);
    in->consumed = 1;
    b->loaded = 1;
    return 0;
}

int bundle_load_companions(struct reader *in, struct bundle *b, struct err *e)
{
    if (b->loaded)
        return 0;
    if (reader_owns(in, b, e) < 0)
        return -1;
    while (order_companions_left(&in->order)) {
        int got = reader_load_chunk(in, b, e);

        if (got < 0)
            return -1;
        if (got == 0)
            break;
    }
    reader_give_chunkless(in, b, 1);
    return 0;
}

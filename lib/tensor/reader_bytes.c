/* reader_bytes: the value of a bundle as it is stored, a chunk at a time. */
#include "tensor/stream_parts.h"

/* What comes before the rows of the value is loaded; 0, or -1. */
static int load_fixed(struct reader *in, struct bundle *b, struct err *e)
{
    while (in->open && order_fixed_left(&in->order))
        if (reader_load_chunk(in, b, e) < 0)
            return -1;
    reader_give_chunkless(in, b, 0);
    return 0;
}

int bundle_next_bytes(struct reader *in, struct bundle *b, int *part, uint64_t *at, uint64_t *n, const uint8_t **data,
                      struct err *e)
{
    struct frame_chunk c;
    struct part *p;
    struct buf *room;
    uint64_t rows;
    int got;

    if (b->loaded)
        return err_set(e, "%.200s: its value is in memory already", b->name);
    if (reader_owns(in, b, e) < 0 || load_fixed(in, b, e) < 0)
        return -1;
    in->next_row = b->rows; /* rows can no longer be had */
    while (in->open) {
        if ((got = reader_chunk(in, &c, &rows, n, e)) <= 0)
            return got;
        in->consumed = 1;
        if (!(p = part_on_wire(b, c.part))) {
            if (frame_in_chunk_end(in->frames, e) < 0)
                return -1;
            continue;
        }
        room = &in->slab[c.part].bytes;
        room->len = 0;
        if (reader_payload(in, &c, buf_space(room, (size_t)*n), *n, 0, e) < 0)
            return -1;
        *part = (int)(p - b->part);
        *at = c.row * in->order.part[c.part].row_bytes;
        *data = room->data;
        return 1;
    }
    return 0;
}

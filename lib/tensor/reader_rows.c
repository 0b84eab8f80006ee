/* reader_rows: the value of a bundle as f32 rows, a slab at a time. */
#include <string.h>

#include "tensor/form.h"
#include "tensor/stream_parts.h"

#define SLAB_BYTES ((uint64_t)1 << 20) /* of f32 */

static uint64_t slab_rows(const struct bundle *b, uint64_t from)
{
    uint64_t n = SLAB_BYTES / sizeof(float) / (b->cols ? b->cols : 1), left = b->rows - from;

    if (n == 0)
        n = 1;
    return n < left ? n : left;
}

static float *room(struct reader *in, uint64_t elements)
{
    if (in->rows_cap < elements) {
        in->rows = mem_resize(in->rows, elements, sizeof *in->rows);
        in->rows_cap = elements;
    }
    return in->rows;
}

/* Must all of the value be in memory? -1 with e set when a form is unknown. */
static int wants_whole(const struct bundle *b, struct err *e)
{
    int whole = 0;

    for (int t = 0; t < b->terms; t++) {
        const struct form *f = form_find(b->term[t].form);

        if (!f)
            return err_set(e, "%.200s: form %s of its value is unknown to this program", b->name, b->term[t].form);
        whole |= f->whole;
    }
    return whole;
}

/* Rows of part p that wait in its slab. Parts of no bytes never hold others up. */
static uint64_t waiting(const struct reader *in, const struct part *p)
{
    const struct slab *s;

    if (p->wire < 0 || p->fixed || p->row_bytes == 0)
        return UINT64_MAX;
    s = &in->slab[p->wire];
    return (s->bytes.len - s->from) / p->row_bytes;
}

static uint64_t ready_rows(const struct reader *in, const struct bundle *b)
{
    uint64_t n = UINT64_MAX;

    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term >= 0 && waiting(in, &b->part[i]) < n)
            n = waiting(in, &b->part[i]);
    return n;
}

/* Take the next chunk: into a slab when it is of a part that follows the rows. */
static int take(struct reader *in, struct bundle *b, struct err *e)
{
    struct frame_chunk c;
    uint64_t rows, size;
    struct part *p;
    struct slab *s;
    int got;

    if (order_fixed_left(&in->order))
        return reader_load_chunk(in, b, e);
    if ((got = reader_chunk(in, &c, &rows, &size, e)) <= 0)
        return got;
    in->consumed = 1;
    p = part_on_wire(b, c.part);
    if (!p)
        return reader_pass_over(in, e) < 0 ? -1 : 1;
    s = &in->slab[c.part];
    if (s->from) { /* close up, so that a slab holds little more than what waits */
        s->bytes.len -= s->from;
        memmove(s->bytes.data, s->bytes.data + s->from, s->bytes.len);
        s->from = 0;
    }
    if (reader_payload(in, &c, buf_space(&s->bytes, size), size, 0, e) < 0)
        return -1;
    if (in->digests) {
        if (!in->digest[c.part])
            in->digest[c.part] = hasher_new();
        hasher_add(in->digest[c.part], s->bytes.data + s->bytes.len, size);
    }
    s->bytes.len += size;
    return 1;
}

/* n waiting rows as f32: the bundle seen through its slabs is one of n rows. */
static int convert(struct reader *in, const struct bundle *b, uint64_t n, float *out, struct err *e)
{
    struct bundle view = *b;
    struct part part[PARTS_MAX];
    int rc;

    memcpy(part, b->part, (size_t)b->parts * sizeof *part);
    view.part = part;
    view.rows = n;
    if (view.shape.rank > 1)
        view.shape.dim[0] = n;
    for (int i = 0; i < view.parts; i++) {
        struct part *p = &view.part[i];

        if (p->term < 0 || p->fixed)
            continue;
        p->rows = n;
        if (p->shape.rank > 1)
            p->shape.dim[0] = n;
        p->data = in->slab[p->wire].bytes.data + in->slab[p->wire].from;
        in->slab[p->wire].from += n * p->row_bytes;
    }
    rc = bundle_rows(&view, 0, n, out, e);
    return rc < 0 ? err_in(e, "%.200s", b->name) : 0;
}

void bundle_digest(struct reader *in)
{
    in->digests = 1;
}

/* All rows have passed. */
static void give_digests(struct reader *in, struct bundle *b)
{
    for (int i = 0; i < b->parts && in->digests; i++)
        if (b->part[i].wire >= 0 && in->digest[b->part[i].wire])
            b->part[i].passed = hasher_value128(in->digest[b->part[i].wire]);
}

int bundle_next_rows(struct reader *in, struct bundle *b, uint64_t *row0, uint64_t *n, float **w, struct err *e)
{
    int whole;

    if (reader_owns(in, b, e) < 0 || (whole = wants_whole(b, e)) < 0 || (whole && bundle_load(in, b, e) < 0))
        return -1;
    while (!b->loaded && in->open &&
           (order_fixed_left(&in->order) || ready_rows(in, b) == 0 || in->next_row == b->rows))
        if (take(in, b, e) < 0)
            return -1;
    if (!b->loaded && in->next_row == 0)
        reader_give_chunkless(in, b, 0);
    *row0 = in->next_row;
    *n = slab_rows(b, in->next_row);
    if (*n == 0 || b->cols == 0) {
        give_digests(in, b);
        return 0;
    }
    *w = room(in, *n * b->cols);
    if (b->loaded) {
        if (bundle_rows(b, *row0, *n, *w, e) < 0)
            return err_in(e, "%.200s", b->name);
    } else {
        uint64_t ready = ready_rows(in, b);

        if (ready < *n)
            *n = ready;
        if (convert(in, b, *n, *w, e) < 0)
            return -1;
    }
    in->next_row += *n;
    return 1;
}

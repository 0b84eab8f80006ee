/* writer_rows: a bundle whose value is written as it is made. */
#include <string.h>

#include "tensor/writer_bundle.h"

int bundle_begin(struct writer *out, struct bundle *b, struct err *e)
{
    if (writer_ready(out, b->segment, e) < 0)
        return -1;
    keep_layer(&out->keep, b->layer, b->expert);
    if (settle_shared(out, NULL, b, e) < 0 || put_header(out, b, e) < 0)
        return -1;
    order_begin(&out->order, b);
    out->slab_rows = value_slab_rows(b);
    for (int i = 0; i < b->parts; i++) {
        struct part *p = &b->part[i];

        out->put[i] = 0;
        out->pend[i].len = 0;
        if (p->term >= 0 || p->same)
            continue;
        if (!p->data)
            return err_set(e, "part %s has no data", p->name);
        if (put_rows(out, b, i, 0, p->rows, p->data, e) < 0 ||
            (out->order.part[i].rows && order_take(&out->order, (uint32_t)i, 0, out->order.part[i].rows, e) < 0))
            return -1;
    }
    return 0;
}

/* Write n rows of part i, the next; what the reader will check is checked here too. */
static int emit(struct writer *out, struct bundle *b, int i, const uint8_t *data, uint64_t n, struct err *e)
{
    const struct part *p = &b->part[i];
    struct order_part *t = &out->order.part[i];
    uint64_t each = p->rows ? t->rows / p->rows : 1;

    return t->rows && (put_rows(out, b, i, t->done / each, n, data, e) < 0 ||
                       order_take(&out->order, (uint32_t)i, t->done, n * each, e) < 0)
               ? -1
               : 0;
}

/* Rows that fill a chunk, or end the part: of those that wait, or, where none do, of data, uncopied. The rest waits. */
static int emit_full(struct writer *out, struct bundle *b, int i, uint64_t most, const uint8_t *data, uint64_t n,
                     struct err *e)
{
    uint64_t each = b->part[i].row_bytes, done = 0;
    struct buf *w = &out->pend[i];

    if (w->len) {
        buf_add(w, data, n * each);
        data = w->data;
        n = w->len / each;
    }
    while (n - done >= most || (n > done && out->put[i] == b->part[i].rows)) {
        uint64_t some = n - done < most ? n - done : most;

        if (emit(out, b, i, data + done * each, some, e) < 0)
            return -1;
        done += some;
    }
    if (w->len && done)
        memmove(w->data, w->data + done * each, (size_t)((n - done) * each));
    if (w->len)
        w->len = (n - done) * each;
    else if (n > done)
        buf_add(w, data + done * each, (n - done) * each);
    return 0;
}

int bundle_put(struct writer *out, struct bundle *b, int part, uint64_t row0, uint64_t n, const void *data,
               struct err *e)
{
    const struct part *p;
    uint64_t most;

    if (part < 0 || part >= b->parts || b->part[part].term < 0)
        return err_set(e, "part %d is none of the value's", part);
    p = &b->part[part];
    most = p->fixed && p->rows < out->slab_rows ? p->rows : out->slab_rows;
    if (row0 != out->put[part] || n > p->rows - row0)
        return err_set(e, "part %s: rows %llu to %llu given, row %llu of %llu is next", p->name,
                       (unsigned long long)row0, (unsigned long long)(row0 + n), (unsigned long long)out->put[part],
                       (unsigned long long)p->rows);
    out->put[part] += n;
    return p->row_bytes ? emit_full(out, b, part, most, data, n, e) : 0;
}

int bundle_end(struct writer *out, struct bundle *b, struct err *e)
{
    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term >= 0 && b->part[i].row_bytes && out->put[i] != b->part[i].rows)
            return err_set(e, "part %s was given %llu of its %llu rows", b->part[i].name,
                           (unsigned long long)out->put[i], (unsigned long long)b->part[i].rows);
    if (order_end(&out->order, e) < 0)
        return -1;
    order_free(&out->order);
    return writer_settle(out, e);
}

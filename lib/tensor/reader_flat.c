/* reader_flat: records that are no tensors: text, blobs, statistics, and kinds that are not known. */
#include <stdlib.h>
#include <string.h>

#include "tensor/fields.h"
#include "tensor/stream_parts.h"

void item_free(struct item *it)
{
    bundle_free(&it->b);
    free(it->name);
    attrs_free(&it->attrs);
    *it = (struct item){0};
}

int file_name_check(const char *name, int folders, struct err *e)
{
    const char *s = name;

    for (;;) {
        size_t n = strcspn(s, "/");

        if (n == 0 || (n == 1 && *s == '.') || (n == 2 && strncmp(s, "..", 2) == 0) || (s[n] && !folders))
            return err_set(
                e, folders ? "name \"%.200s\" is no path of plain file names" : "name \"%.200s\" is no plain file name",
                name);
        if (!s[n])
            return 0;
        s += n + 1;
    }
}

int reader_flat_begin(struct reader *in, struct item *it, struct err *e)
{
    struct mp_in m = {in->rec.body.data, in->rec.body.data + in->rec.body.len};
    int64_t size = -1, n = 0;
    struct fields f = {0};
    int rc = mp_check(in->rec.body.data, in->rec.body.len, e);

    if (rc == 0)
        rc = fields_read(&f, &m, "header", e);
    if (rc == 0 && (it->kind == ITEM_BLOB || it->kind == ITEM_STAT))
        rc =
            fields_text(&f, "name", 1, 255, &it->name, e) < 0 || file_name_check(it->name, it->kind == ITEM_BLOB, e) < 0
                ? -1
                : 0;
    if (rc == 0)
        rc =
            fields_int(&f, "size", 0, INT64_MAX, &size, e) < 0 || fields_int(&f, "n", 0, INT64_MAX, &n, e) < 0 ? -1 : 0;
    if (rc == 0 && it->kind == ITEM_BLOB && size < 0)
        rc = err_set(e, "header lacks its size");
    if (rc == 0)
        fields_all(&f, &it->attrs);
    fields_free(&f);
    in->flat = 0;
    in->flat_size = size < 0 ? UINT64_MAX : (uint64_t)size;
    it->size = it->kind == ITEM_TEXT ? (uint64_t)n : it->kind == ITEM_BLOB ? (uint64_t)size : 0;
    if (rc == 0 && it->name)
        frame_in_place(in->frames, "record %llu (%s %s)", (unsigned long long)in->record, in->rec.kind, it->name);
    return rc;
}

int reader_flat_chunk(struct reader *in, struct frame_chunk *c, uint64_t *size, struct err *e)
{
    const uint8_t *first;
    int got = frame_in_next(in->frames, e);

    if (got != FRAME_CHUNK)
        return got < 0 ? -1 : got == FRAME_END && !in->piece ? frame_in_fail_end(in->frames, 0, e) : 0;
    if (frame_in_chunk(in->frames, c, e) < 0)
        return -1;
    *size = 0;
    if (in->kind == ITEM_OTHER)
        return 1;
    if (frame_in_peek(in->frames, &first, CODEC_PEEK, e) < 0)
        return -1;
    if (codec_size(c->codec, first, c->stored, size, e) < 0)
        return frame_in_fail(in->frames, e);
    if (c->part != 0 || c->row != in->flat || *size == 0)
        err_set(e, "a chunk of part %u at byte %llu (%llu bytes): part 0 at byte %llu is next", c->part,
                (unsigned long long)c->row, (unsigned long long)*size, (unsigned long long)in->flat);
    else if (*size > in->flat_size - in->flat)
        err_set(e, "has more than the %llu bytes it announces", (unsigned long long)in->flat_size);
    else
        return in->flat += *size, 1;
    return frame_in_fail(in->frames, e);
}

int reader_flat_end(struct reader *in, struct err *e)
{
    in->open = 0;
    if (in->kind == ITEM_OTHER || in->flat_size == UINT64_MAX || in->flat == in->flat_size)
        return 0;
    err_set(e, "has %llu of the %llu bytes it announces", (unsigned long long)in->flat,
            (unsigned long long)in->flat_size);
    return frame_in_fail(in->frames, e);
}

int item_load(struct reader *in, struct item *it, struct buf *payload, struct err *e)
{
    struct frame_chunk c;
    uint64_t size;
    int got;

    (void)it;
    payload->len = 0;
    while ((got = reader_flat_chunk(in, &c, &size, e)) > 0) {
        const uint8_t *first;

        if (in->kind == ITEM_OTHER && (frame_in_peek(in->frames, &first, CODEC_PEEK, e) < 0 ||
                                       codec_size(c.codec, first, c.stored, &size, e) < 0))
            return frame_in_fail(in->frames, e);
        if (reader_payload(in, &c, buf_space(payload, size), size, 0, e) < 0)
            return -1;
        payload->len += size;
    }
    return got < 0 ? -1 : reader_flat_end(in, e);
}

int item_pass(struct reader *in, struct item *it, struct writer *out, struct buf *payload, struct err *e)
{
    struct frame_chunk c = {0};
    uint64_t size = 0;
    int got;

    if (it->kind == ITEM_TENSOR)
        return bundle_write(out, in, &it->b, e);
    if (writer_ready(out, in->segment, e) < 0 ||
        frame_out_record(out->frames, in->rec.kind, in->rec.body.data, in->rec.body.len, e) < 0)
        return -1;
    while ((got = reader_flat_chunk(in, &c, &size, e)) > 0) {
        uint8_t *to = payload && in->kind != ITEM_OTHER ? buf_space(payload, size) : NULL;

        if (writer_pass(out, in, &c, c.part, 1, in->kind == ITEM_OTHER ? UINT64_MAX : size, to, e) < 0)
            return -1;
        if (to)
            payload->len += size;
    }
    if (got == 0)
        got = reader_flat_end(in, e);
    return got < 0 ? -1 : writer_settle(out, e);
}

int item_copy(struct reader *in, struct item *it, struct writer *out, struct err *e)
{
    return item_pass(in, it, out, NULL, e);
}

#include "tensor/twin.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "tensor/number.h"
#include "tensor/twin_words.h"

#define WAITING 65536 /* bytes of text that are written at once */

static void put_char(struct buf *out, int c)
{
    buf_add(out, &(char){(char)c}, 1);
}

int twin_flush(struct twin_out *o, struct err *e)
{
    int rc = io_write(o->fd, o->text.data, o->text.len, e);

    o->text.len = 0;
    return rc < 0 ? err_in(e, "standard output") : 0;
}

/* Write once enough waits. */
static int relieve(struct twin_out *o, struct err *e)
{
    return o->text.len < WAITING ? 0 : twin_flush(o, e);
}

/* One "KEYWORD KEY=VALUE" line for each attribute: hyper-parameters are many. */
static void put_lines(struct buf *out, const char *keyword, const struct attrs *a)
{
    for (int i = 0; i < a->n; i++) {
        struct attrs one = {&a->item[i], 1};

        buf_puts(out, keyword);
        word_put_attrs(out, &one);
        put_char(out, '\n');
    }
}

int twin_put_head(struct twin_out *o, const struct head *h, struct err *e)
{
    struct buf *out = &o->text;
    char shape[200];

    buf_printf(out, "weir-text 1\n");
    if (h->shards)
        buf_printf(out, "shard %lld %lld\n", (long long)h->shard, (long long)h->shards);
    if (h->tensors || h->bytes)
        buf_printf(out, "total %llu %llu\n", (unsigned long long)h->tensors, (unsigned long long)h->bytes);
    for (int i = 0; i < h->histories; i++) {
        buf_puts(out, "history");
        for (char **w = h->history[i]; *w; w++) {
            put_char(out, ' ');
            word_put(out, *w);
        }
        put_char(out, '\n');
    }
    put_lines(out, "model", &h->model);
    put_lines(out, "meta", &h->meta);
    put_lines(out, "more", &h->more);
    for (int i = 0; i < h->names; i++) {
        buf_puts(out, "manifest ");
        word_put(out, h->name[i]);
        buf_printf(out, " %s %s\n", h->dtype ? h->dtype[i] : "-", shape_text(&h->shape[i], shape));
    }
    return relieve(o, e);
}

static int put_row(struct twin_out *o, const struct part *p, uint64_t r, uint64_t cols, struct err *e)
{
    const uint8_t *row = p->data + r * p->row_bytes;
    char text[NUMBER_MAX];

    for (uint64_t c = 0; c < cols; c++) {
        number_text(p->dtype, row, c, text);
        buf_puts(&o->text, text);
        put_char(&o->text, c + 1 < cols ? ' ' : '\n');
    }
    return relieve(o, e);
}

static int put_part(struct twin_out *o, const struct part *p, struct err *e)
{
    struct buf *out = &o->text;
    uint64_t cols = p->rows ? shape_count(&p->shape) / p->rows : 0;
    char shape[200];
    int rc = 0;

    buf_puts(out, "part ");
    word_put(out, p->name);
    buf_printf(out, " %s %s", dtype_info(p->dtype)->name, shape_text(&p->shape, shape));
    if (p->shared || p->same)
        buf_puts(out, " shared=true");
    word_put_attrs(out, &p->more);
    put_char(out, '\n');
    for (uint64_t r = 0; cols && r < p->rows && rc == 0; r++)
        rc = put_row(o, p, r, cols, e);
    return rc;
}

/* The lines of the terms up to `upto`, which come before their parts. */
static void put_terms(struct buf *out, const struct bundle *b, int *term, int upto)
{
    while (*term < upto) {
        const struct term *t = &b->term[++*term];

        buf_puts(out, "term ");
        word_put(out, t->form);
        word_put_attrs(out, &t->attrs);
        put_char(out, '\n');
    }
}

int twin_put_bundle(struct twin_out *o, const struct bundle *b, struct err *e)
{
    struct buf *out = &o->text;
    char shape[200];
    int term = -1;

    buf_puts(out, "tensor ");
    word_put(out, b->name);
    buf_printf(out, " %s", shape_text(&b->shape, shape));
    if (b->role) {
        buf_puts(out, " role=");
        word_put_str(out, b->role);
    }
    if (b->layer >= 0)
        buf_printf(out, " layer=%lld", (long long)b->layer);
    if (b->expert >= 0)
        buf_printf(out, " expert=%lld", (long long)b->expert);
    word_put_attrs(out, &b->more);
    put_char(out, '\n');
    for (int i = 0; i < b->parts; i++) {
        put_terms(out, b, &term, b->part[i].term);
        if (put_part(o, &b->part[i], e) < 0)
            return -1;
    }
    put_terms(out, b, &term, b->terms - 1);
    return relieve(o, e);
}

static void put_base64(struct buf *out, const uint8_t *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);

        if (i % 57 == 0)
            buf_puts(out, i ? "\n=" : "=");
        put_char(out, digit[v >> 18]);
        put_char(out, digit[v >> 12 & 63]);
        put_char(out, i + 1 < n ? digit[v >> 6 & 63] : '=');
        put_char(out, i + 2 < n ? digit[v & 63] : '=');
    }
    if (n)
        put_char(out, '\n');
}

/* UTF-8 without control characters but tab and line feed goes as it is, each line behind a '|', or ':' where no line
 * feed ends it. */
static void put_payload(struct buf *out, const struct buf *b)
{
    const uint8_t *p = b->data, *nl;
    int plain = b->len == 0 || word_is_utf8((const char *)p, b->len);

    for (size_t i = 0; i < b->len && plain; i++)
        plain = (p[i] >= 0x20 && p[i] != 0x7f) || p[i] == '\n' || p[i] == '\t';
    if (!plain) {
        put_base64(out, p, b->len);
        return;
    }
    for (size_t at = 0, n; at < b->len; at += n + 1) {
        nl = memchr(p + at, '\n', b->len - at);
        n = nl ? (size_t)(nl - p) - at : b->len - at;
        put_char(out, nl ? '|' : ':');
        buf_add(out, p + at, n);
        put_char(out, '\n');
    }
}

/* All keys but those that the line and the payload tell. */
static void put_stat_keys(struct buf *out, const struct attrs *a)
{
    for (int i = 0; i < a->n; i++) {
        struct attrs one = {&a->item[i], 1};

        if (strcmp(a->item[i].key, "name") != 0 && strcmp(a->item[i].key, "size") != 0)
            word_put_attrs(out, &one);
    }
}

int twin_put_item(struct twin_out *o, const struct item *it, const struct buf *payload, struct err *e)
{
    struct buf *out = &o->text;

    if (it->kind == ITEM_OTHER)
        return err_set(e, "a record of kind '%s' has no text form", it->kind_name);
    buf_puts(out, it->kind_name);
    if (it->kind == ITEM_TEXT)
        buf_printf(out, " %llu", (unsigned long long)it->size);
    if (it->name) {
        put_char(out, ' ');
        word_put(out, it->name);
    }
    if (it->kind == ITEM_STAT)
        put_stat_keys(out, &it->attrs);
    put_char(out, '\n');
    put_payload(out, payload);
    return relieve(o, e);
}

int twin_put_end(struct twin_out *o, const struct attrs *tail_model, struct err *e)
{
    buf_puts(&o->text, "end");
    word_put_attrs(&o->text, tail_model);
    put_char(&o->text, '\n');
    return relieve(o, e);
}

#include "tensor/describe.h"

#include <inttypes.h>
#include <string.h>

#include "tensor/twin_words.h"

const char *describe_name(const char *name)
{
    static struct buf b;

    b.len = 0;
    word_put(&b, name);
    return buf_str(&b);
}

static void term_type(struct buf *out, const struct bundle *b, int i)
{
    const struct term *t = &b->term[i];
    const struct part *p = bundle_part(b, i, "dense");

    if (strcmp(t->form, "dense") == 0 && p) {
        buf_puts(out, dtype_info(p->dtype)->name);
    } else if (strcmp(t->form, "ggml") == 0) {
        buf_puts(out, attrs_str(&t->attrs, "type", "ggml"));
    } else if (strcmp(t->form, "affine") == 0 || strcmp(t->form, "table") == 0) {
        buf_printf(out, "%s%lld", strcmp(t->form, "table") == 0 ? "table" : "int",
                   (long long)attrs_int(&t->attrs, "bits", 0));
        if (attrs_int(&t->attrs, "group", 0))
            buf_printf(out, "/g%lld", (long long)attrs_int(&t->attrs, "group", 0));
    } else {
        buf_puts(out, t->form);
        if (strcmp(t->form, "lowrank") == 0 && (p = bundle_part(b, i, "a")))
            buf_printf(out, "/%llu", (unsigned long long)p->shape.dim[0]);
        if (strcmp(t->form, "mix") == 0 && (p = bundle_part(b, i, "coefficients")))
            buf_printf(out, "/%llu", (unsigned long long)p->shape.dim[0]);
        if (strcmp(t->form, "monarch") == 0)
            buf_printf(out, "/%lld", (long long)attrs_int(&t->attrs, "blocks", 0));
    }
}

void describe_type(struct buf *out, const struct bundle *b)
{
    for (int i = 0; i < b->terms; i++) {
        if (i)
            buf_puts(out, "+");
        term_type(out, b, i);
    }
}

void describe_companions(struct buf *out, const struct bundle *b)
{
    int n = 0;

    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term < 0)
            buf_printf(out, "%s%s", n++ ? "," : "", b->part[i].name);
    if (n == 0)
        buf_puts(out, "-");
}

uint64_t describe_bytes(const struct bundle *b, int companions)
{
    uint64_t n = 0;

    for (int i = 0; i < b->parts; i++)
        if ((b->part[i].term < 0) == (companions != 0) && !b->part[i].same)
            n += b->part[i].rows * b->part[i].row_bytes;
    return n;
}

void describe_item(struct buf *out, const struct item *it)
{
    const struct bundle *b = &it->b;
    char shape[200];

    if (it->kind != ITEM_TENSOR) {
        buf_printf(out, "%s\t-\t%s\t%" PRIu64 "\t-\t-\t-", it->name ? describe_name(it->name) : "-", it->kind_name,
                   it->size);
        return;
    }
    buf_printf(out, "%s\t%s\t", describe_name(b->name), shape_text(&b->shape, shape));
    describe_type(out, b);
    buf_printf(out, "\t%" PRIu64 "\t%s\t", describe_bytes(b, 0), b->role ? b->role : "-");
    buf_printf(out, b->layer < 0 ? "-\t" : "%" PRId64 "\t", b->layer);
    describe_companions(out, b);
}

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "file/pile.h"
#include "record/json.h"

/* dtype's order is the reference writer's: alignment descending. */
static int by_type_and_name(const void *a, const void *b)
{
    const struct pile_item *x = *(const struct pile_item *const *)a, *y = *(const struct pile_item *const *)b;

    if (x->dtype != y->dtype)
        return x->dtype < y->dtype ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void put_meta(struct buf *h, const struct attrs *meta)
{
    buf_puts(h, "\"__metadata__\":{");
    for (int i = 0; i < meta->n; i++) {
        const char *v = attrs_str(meta, meta->item[i].key, "");

        buf_puts(h, i ? "," : "");
        json_put_string(h, meta->item[i].key, strlen(meta->item[i].key));
        buf_puts(h, ":");
        json_put_string(h, v, strlen(v));
    }
    buf_puts(h, "}");
}

static void put_entry(struct buf *h, const struct pile_item *t, uint64_t at)
{
    json_put_string(h, t->name, strlen(t->name));
    buf_printf(h, ":{\"dtype\":\"%s\",\"shape\":[", dtype_info(t->dtype)->name);
    for (int i = 0; i < t->shape.rank; i++)
        buf_printf(h, "%s%llu", i ? "," : "", (unsigned long long)t->shape.dim[i]);
    buf_printf(h, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at, (unsigned long long)(at + t->bytes));
}

/* The whole file up to the data. */
static void make_header(struct buf *h, const struct pile_item **order, size_t n, const struct attrs *meta)
{
    uint64_t at = 0, len;

    buf_add(h, "\0\0\0\0\0\0\0\0{", 9);
    if (meta->n)
        put_meta(h, meta);
    for (size_t i = 0; i < n; i++) {
        buf_puts(h, i || meta->n ? "," : "");
        put_entry(h, order[i], at);
        at += order[i]->bytes;
    }
    buf_puts(h, "}");
    while (h->len % 8)
        buf_puts(h, " ");
    len = h->len - 8;
    memcpy(h->data, &len, 8);
}

static int check_plain(const struct pile *p, struct err *e)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->item[i].blocks)
            return err_set(e, "%s: %s blocks have no place in safetensors", p->item[i].name, p->item[i].blocks->name);
    return pile_check(p, e);
}

int safetensors_write(const struct pile *p, const struct attrs *meta, int fd, struct err *e)
{
    const struct pile_item **order = mem_new(p->n + 1, sizeof *order);
    struct buf h = {0};
    int rc = check_plain(p, e);

    for (size_t i = 0; i < p->n; i++)
        order[i] = &p->item[i];
    qsort(order, p->n, sizeof *order, by_type_and_name);
    make_header(&h, order, p->n, meta);
    if (rc == 0)
        rc = io_write(fd, h.data, h.len, e);
    for (size_t i = 0; i < p->n && rc == 0; i++)
        rc = pile_copy(p, (size_t)(order[i] - p->item), fd, e);
    buf_free(&h);
    free(order);
    return rc;
}

#include "tensor/order.h"

#include <stdlib.h>

#include "tensor/lent.h"

void order_begin(struct order *o, const struct bundle *b)
{
    order_free(o);
    o->parts = b->parts;
    for (int i = 0; i < b->parts; i++) {
        struct order_part *t = &o->part[i];

        *t = (struct order_part){.name = mem_strdup(b->part[i].name), .shared = b->part[i].shared};
        part_wire_size(&b->part[i], &t->rows, &t->row_bytes);
        if (b->part[i].same)
            t->rows = 0;
        if (b->part[i].term < 0 && t->rows)
            o->gate[o->gates++] = i;
    }
    o->companions = o->gates;
    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term >= 0 && b->part[i].fixed && o->part[i].rows)
            o->gate[o->gates++] = i;
}

void order_free(struct order *o)
{
    for (int i = 0; i < o->parts; i++)
        free(o->part[i].name);
    o->parts = o->gates = o->companions = o->at = 0;
}

int order_whole(const struct order *o, int part)
{
    return o->part[part].done == o->part[part].rows;
}

int order_take(struct order *o, uint32_t part, uint64_t row, uint64_t n, struct err *e)
{
    struct order_part *t;

    if (part >= (uint32_t)o->parts)
        return err_set(e, "a chunk is of part %u, the header lists %d", part, o->parts);
    t = &o->part[part];
    if (t->done == t->rows)
        return err_set(e, "part %s: a chunk at row %llu, all of its %llu rows have passed", t->name,
                       (unsigned long long)row, (unsigned long long)t->rows);
    if (o->at < o->gates && o->gate[o->at] != (int)part)
        return err_set(e, "part %s begins while part %s is not whole (%llu of %llu rows)", t->name,
                       o->part[o->gate[o->at]].name, (unsigned long long)o->part[o->gate[o->at]].done,
                       (unsigned long long)o->part[o->gate[o->at]].rows);
    if (row != t->done)
        return err_set(e, "part %s: a chunk begins at row %llu, row %llu is next", t->name, (unsigned long long)row,
                       (unsigned long long)t->done);
    if (n == 0 || n > t->rows - row)
        return err_set(e, "part %s: a chunk of %llu rows at row %llu, the part has %llu", t->name,
                       (unsigned long long)n, (unsigned long long)row, (unsigned long long)t->rows);
    t->done += n;
    while (o->at < o->gates && order_whole(o, o->gate[o->at]))
        o->at++;
    return 0;
}

int order_companions_left(const struct order *o)
{
    return o->at < o->companions;
}

int order_fixed_left(const struct order *o)
{
    return o->at < o->gates;
}

int order_left(const struct order *o)
{
    for (int i = o->parts; i-- > 0;)
        if (!order_whole(o, i))
            return 1;
    return 0;
}

int order_end(const struct order *o, struct err *e)
{
    for (int i = 0; i < o->parts; i++)
        if (!order_whole(o, i))
            return err_set(e, "part %s has %llu of its %llu rows", o->part[i].name, (unsigned long long)o->part[i].done,
                           (unsigned long long)o->part[i].rows);
    return 0;
}

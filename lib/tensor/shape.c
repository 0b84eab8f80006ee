/* shape: of bundles and parts; bytes that several of them share (lent.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/bundle.h"
#include "tensor/lent.h"

uint64_t shape_count(const struct shape *s)
{
    uint64_t n = 1;

    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    return n;
}

int shape_equal(const struct shape *a, const struct shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

const char *shape_text(const struct shape *s, char buf[200])
{
    size_t n = 0;

    n += (size_t)snprintf(buf, 200, "[");
    for (int i = 0; i < s->rank && n < 200; i++)
        n += (size_t)snprintf(buf + n, 200 - n, "%s%llu", i ? ", " : "", (unsigned long long)s->dim[i]);
    if (n < 200)
        snprintf(buf + n, 200 - n, "]");
    return buf;
}

struct lent *lent_new(uint8_t *data, uint64_t bytes)
{
    struct lent *l = mem_new(1, sizeof *l);

    *l = (struct lent){1, data, bytes, hash128(data, bytes)};
    return l;
}

struct lent *lent_hold(struct lent *l)
{
    l->holders++;
    return l;
}

void lent_drop(struct lent *l)
{
    if (!l || --l->holders)
        return;
    free(l->data);
    free(l);
}

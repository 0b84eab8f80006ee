#include "select/select.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

struct select_params select_params = SELECT_PARAMS;

const struct select_method *const select_table[] = {
#define METHOD(n) &select_##n,
#include "select/select.def"
#undef METHOD
    NULL};

const struct select_method *select_find(const char *name)
{
    return table_find(select_table, name);
}

struct keyed {
    double key;
    uint32_t index;
};

static int compare(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

void select_by_key(const double *key, size_t n, uint32_t *order)
{
    struct keyed *k = mem_new(n ? n : 1, sizeof *k);

    for (size_t i = 0; i < n; i++)
        k[i] = (struct keyed){key[i], (uint32_t)i};
    qsort(k, n, sizeof *k, compare);
    for (size_t i = 0; i < n; i++)
        order[i] = k[i].index;
    free(k);
}

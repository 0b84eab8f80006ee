#include "tensor/keep.h"

#include <stdlib.h>
#include <string.h>

static void kept_free(struct kept *t)
{
    free(t->bundle);
    free(t->part);
    lent_drop(t->lent);
}

void keep_clear(struct keep *k)
{
    for (int i = 0; i < k->n; i++)
        kept_free(&k->item[i]);
    free(k->item);
    *k = (struct keep){.layer = -1, .expert = -1};
}

void keep_layer(struct keep *k, int64_t layer, int64_t expert)
{
    int left = 0, same = layer >= 0 && layer == k->layer;

    if (same && expert == k->expert)
        return;
    for (int i = 0; i < k->n; i++)
        if (k->item[i].of_value || (same && k->item[i].expert < 0))
            k->item[left++] = k->item[i];
        else
            kept_free(&k->item[i]);
    k->n = left;
    k->layer = layer;
    k->expert = expert;
}

void keep_add(struct keep *k, const char *bundle, const struct part *p, struct hash128 hash, struct lent *lent)
{
    if (k->layer < 0 && p->term < 0)
        return;
    k->item = mem_resize(k->item, (size_t)k->n + 1, sizeof *k->item);
    k->item[k->n++] = (struct kept){
        mem_strdup(bundle), mem_strdup(p->name), p->dtype, p->shape, hash, lent ? lent_hold(lent) : NULL, p->term >= 0,
        k->expert};
}

static int fits(const struct kept *t, const struct part *p)
{
    return t->of_value == (p->term >= 0) && t->dtype == p->dtype && shape_equal(&t->shape, &p->shape) &&
           strcmp(t->part, p->name) == 0;
}

const struct kept *keep_find_same(const struct keep *k, const struct part *p)
{
    for (int i = 0; i < k->n; i++)
        if (fits(&k->item[i], p) && strcmp(k->item[i].bundle, p->same) == 0)
            return &k->item[i];
    return NULL;
}

const struct kept *keep_find_equal(const struct keep *k, const struct part *p, struct hash128 hash)
{
    const struct kept *found = NULL;

    for (int i = 0; i < k->n; i++) {
        const struct kept *t = &k->item[i];

        if (!fits(t, p) || t->hash.hi != hash.hi || t->hash.lo != hash.lo)
            continue;
        if (p->same && strcmp(t->bundle, p->same) == 0)
            return t;
        if (!found)
            found = t;
    }
    return found;
}

#include "record/json_seen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define FEW 64 /* names that a set has room for at first, twice over */

static struct seen *find(const struct seen_set *set, const void *object, const char *key, size_t n)
{
    size_t i = hash64_seed(key, n, (uint64_t)(uintptr_t)object) & (set->cap - 1);
    struct seen *s = set->item;

    while (s[i].object && !(s[i].object == object && s[i].n == n && memcmp(s[i].key, key, n) == 0))
        i = (i + 1) & (set->cap - 1);
    return &s[i];
}

static void grow(struct seen_set *set)
{
    struct seen_set bigger = {NULL, set->n, set->cap ? 2 * set->cap : FEW};

    bigger.item = mem_new(bigger.cap, sizeof *bigger.item);
    for (size_t i = 0; i < set->cap; i++) {
        const struct seen *s = &set->item[i];

        if (s->object)
            *find(&bigger, s->object, s->key, s->n) = *s;
    }
    free(set->item);
    *set = bigger;
}

struct seen *seen_slot(struct seen_set *set, const void *object, const char *key, size_t n)
{
    struct seen *s;

    if (2 * (set->n + 1) > set->cap)
        grow(set);
    s = find(set, object, key, n);
    set->n += !s->object;
    return s;
}

/* To free a small set each time would leave holes between what the caller keeps. */
void seen_forget(struct seen_set *set)
{
    if (set->cap > FEW)
        seen_free(set);
    if (set->n)
        memset(set->item, 0, set->cap * sizeof *set->item);
    set->n = 0;
}

void seen_free(struct seen_set *set)
{
    free(set->item);
    *set = (struct seen_set){0};
}

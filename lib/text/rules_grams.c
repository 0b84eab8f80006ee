/*
 * Runs of equal spans, and of equal n-grams. An n-gram has as its name the place of its first occurrence, so that names
 * of n-grams are equal when the n-grams are: no hash decides. One is looked up only where the (n-1)-gram before it
 * occurs twice, so that in ordinary text the steps beyond n = 4 are all but free.
 */
#include <string.h>

#include "text/rules_int.h"

void table_clear(struct table *t, size_t items)
{
    uint32_t size = 16;

    while (size / 4 * 3 < items)
        size *= 2;
    if (size > t->cap) {
        t->slot = mem_resize(t->slot, size, sizeof *t->slot);
        t->cap = size;
    }
    t->mask = size - 1;
    memset(t->slot, 0, size * sizeof *t->slot);
}

void spans_intern(struct spans *s, const unsigned char *text, struct table *t)
{
    table_clear(t, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        struct span *x = &s->s[i];
        uint64_t h = hash_bytes(text + x->at, x->bytes);
        uint32_t k = (uint32_t)h & t->mask, tag = (uint32_t)(h >> 32), f;

        for (;; k = (k + 1) & t->mask) {
            if (!t->slot[k].item) {
                t->slot[k].tag = tag;
                t->slot[k].item = i + 1;
                x->first = i;
                s->count[i] = 1;
                break;
            }
            f = t->slot[k].item - 1;
            if (t->slot[k].tag == tag && s->s[f].bytes == x->bytes &&
                memcmp(text + s->s[f].at, text + x->at, x->bytes) == 0) {
                x->first = f;
                s->count[f]++;
                break;
            }
        }
    }
}

/* Keep the places of n-grams that occur twice, and find the greatest count. */
static void settle(struct grams *g)
{
    uint32_t kept = 0, words = g->word->n;

    g->top = 0;
    g->top_count = words >= g->n;
    for (uint32_t k = 0; k < g->found; k++) {
        uint32_t i = g->at[k], first = g->name[i], count = g->count[first];

        g->at[kept] = i; /* without a branch: about half of the words are kept, and nobody can guess which */
        kept += count > 1;
        if (count > g->top_count) { /* first: the earliest of its kind, and met before its others */
            g->top = first;
            g->top_count = count;
        }
    }
    g->found = kept;
}

void grams_begin(struct grams *g, const struct spans *word)
{
    g->word = word;
    g->n = 1;
    if (g->cap < word->n) {
        g->cap = word->cap;
        g->at = mem_resize(g->at, g->cap, sizeof *g->at);
        g->name = mem_resize(g->name, g->cap, sizeof *g->name);
        g->next = mem_resize(g->next, g->cap, sizeof *g->next);
        g->count = mem_resize(g->count, g->cap, sizeof *g->count);
    }
    for (uint32_t i = 0; i < word->n; i++) {
        g->at[i] = i;
        g->name[i] = word->s[i].first;
        g->count[i] = word->count[i];
    }
    g->found = word->n;
    settle(g);
}

/* Name the n-gram at i: the name of its first n - 1 words, and its last word decide. g->name are those of n - 1 still.
 * */
static void look_up(struct grams *g, struct table *t, uint32_t i)
{
    const struct span *w = g->word->s + g->n - 1;
    uint64_t h = mix((uint64_t)g->name[i] << 32 | w[i].first, g->n);
    uint32_t k = (uint32_t)h & t->mask, tag = (uint32_t)(h >> 32), f;

    for (; t->slot[k].item; k = (k + 1) & t->mask) {
        f = t->slot[k].item - 1;
        if (t->slot[k].tag == tag && g->name[f] == g->name[i] && w[f].first == w[i].first) {
            g->next[i] = f;
            g->count[f]++;
            return;
        }
    }
    t->slot[k].tag = tag;
    t->slot[k].item = i + 1;
    g->next[i] = i;
    g->count[i] = 1;
}

void grams_next(struct grams *g, struct table *t)
{
    const struct spans *word = g->word;
    uint32_t kept = 0, *old = g->name;

    g->n++;
    for (uint32_t k = 0; k < g->found; k++) /* its last word must occur twice, too */
        if ((uint64_t)g->at[k] + g->n <= word->n) {
            uint32_t i = g->at[k];

            g->at[kept] = i;
            kept += word->count[word->s[i + g->n - 1].first] > 1;
        }
    g->found = kept;
    table_clear(t, kept);
    for (uint32_t k = 0; k < kept; k++)
        look_up(g, t, g->at[k]);
    g->name = g->next;
    g->next = old;
    settle(g);
}

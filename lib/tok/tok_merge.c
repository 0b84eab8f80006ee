/* tok_merge: neighbours join, best pair first, through a heap; and the ids of words met before. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tok/tok_int.h"

#define WORD_BYTES 64        /* longer words are not kept */
#define WORDS_MAX (1u << 18) /* nor are more than so many: 16 MiB */

void tok_symbol_add(struct tok_run *r, size_t at, size_t len, uint32_t id, bool frozen)
{
    int32_t i = (int32_t)r->syms;

    if (r->syms == r->sym_cap) {
        r->sym_cap = r->sym_cap ? r->sym_cap + r->sym_cap / 2 : 256;
        r->sym = mem_resize(r->sym, r->sym_cap, sizeof *r->sym);
    }
    if (i)
        r->sym[i - 1].next = i;
    r->sym[r->syms++] = (struct tok_symbol){i - 1, -1, (uint32_t)at, (uint32_t)len, id, frozen};
}

static void heap_sink(struct tok_heap *h, size_t n, size_t i)
{
    struct tok_heap v = h[i];

    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && h[child + 1].key < h[child].key)
            child++;
        if (v.key <= h[child].key)
            break;
        h[i] = h[child];
    }
    h[i] = v;
}

static void heap_rise(struct tok_heap *h, size_t i)
{
    struct tok_heap v = h[i];

    for (size_t up; i && (up = (i - 1) / 2, v.key < h[up].key); i = up)
        h[i] = h[up];
    h[i] = v;
}

/* What sym[left] and its right neighbour would become; 0 when they do not join. */
static int pair_propose(struct tok_run *r, int32_t left, struct tok_heap *out)
{
    const struct tok *t = r->t;
    const struct tok_symbol *a = &r->sym[left], *b;
    uint32_t order, id;

    if (left < 0 || a->next < 0)
        return 0;
    b = &r->sym[a->next];
    if (a->frozen || b->frozen)
        return 0;
    if (t->model == TOK_BY_SCORE) {
        id = tok_find(t, (const char *)r->text.data + a->at, a->len + b->len);
        if (id == TOK_NONE || t->order[id] == TOK_NONE)
            return 0;
        order = t->order[id];
        if (r->halves && t->piece[id].type == TOK_UNUSED)
            r->halves[id] = a->len;
    } else {
        const struct tok_pair *p = tok_pair_find(&t->pairs, a->id, b->id);

        if (!p)
            return 0;
        order = p->rank;
        id = p->id;
    }
    *out = (struct tok_heap){(uint64_t)order << 32 | (uint32_t)left, a->len + b->len, id};
    return 1;
}

static void heap_room(struct tok_run *r)
{
    if (r->heaps == r->heap_cap) {
        r->heap_cap = r->heap_cap ? r->heap_cap + r->heap_cap / 2 : 256;
        r->heap = mem_resize(r->heap, r->heap_cap, sizeof *r->heap);
    }
}

static void heap_push(struct tok_run *r, int32_t left)
{
    heap_room(r);
    if (pair_propose(r, left, &r->heap[r->heaps]))
        heap_rise(r->heap, r->heaps++);
}

/*
 * An entry holds as long as its left symbol lives and the two lengths still add up: symbols only grow, so any change
 * of either makes the sum larger.
 */
static void pair_join(struct tok_run *r, struct tok_heap top)
{
    int32_t left = (int32_t)(uint32_t)top.key;
    struct tok_symbol *a = &r->sym[left], *b;

    if (!a->len || a->next < 0)
        return;
    b = &r->sym[a->next];
    if (a->len + b->len != top.size)
        return;
    a->len = top.size;
    a->id = top.id;
    b->len = 0;
    a->next = b->next;
    if (b->next >= 0)
        r->sym[b->next].prev = left;
    heap_push(r, a->prev);
    heap_push(r, left);
}

void tok_merge_all(struct tok_run *r)
{
    r->heaps = 0;
    for (size_t i = 0; i + 1 < r->syms; i++) {
        heap_room(r);
        r->heaps += (size_t)pair_propose(r, (int32_t)i, &r->heap[r->heaps]);
    }
    for (size_t i = r->heaps / 2; i-- > 0;)
        heap_sink(r->heap, r->heaps, i);
    while (r->heaps) {
        struct tok_heap top = r->heap[0];

        r->heap[0] = r->heap[--r->heaps];
        if (r->heaps)
            heap_sink(r->heap, r->heaps, 0);
        pair_join(r, top);
    }
}

/* The slot of a word: the one that holds it, or the free one (len 0) where it belongs. */
static struct tok_word *word_slot(const struct tok_run *r, struct tok_word *set, size_t cap, uint64_t hash, size_t at,
                                  size_t len)
{
    size_t i = hash & (cap - 1);

    while (set[i].len &&
           !(set[i].hash == hash && set[i].len == len && memcmp(r->text.data + set[i].at, r->text.data + at, len) == 0))
        i = (i + 1) & (cap - 1);
    return &set[i];
}

static void words_grow(struct tok_run *r)
{
    size_t cap = r->word_cap ? 2 * r->word_cap : 256;
    struct tok_word *bigger = mem_new(cap, sizeof *bigger);

    for (size_t i = 0; i < r->word_cap; i++)
        if (r->word[i].len)
            *word_slot(r, bigger, cap, r->word[i].hash, r->word[i].at, r->word[i].len) = r->word[i];
    free(r->word);
    r->word = bigger;
    r->word_cap = cap;
}

static int word_merge(struct tok_run *r, size_t at, size_t len)
{
    static int (*const encode[])(struct tok_run *, size_t, size_t) = {[TOK_BY_RANK] = tok_rank_word,
                                                                      [TOK_BY_SCORE] = tok_score_word,
                                                                      [TOK_WORDPIECE] = tok_wordpiece_word,
                                                                      [TOK_UNIGRAM] = tok_unigram_word};

    r->syms = 0;
    return encode[r->t->model](r, at, len);
}

int tok_word_encode(struct tok_run *r, size_t at, size_t len)
{
    uint64_t hash;
    struct tok_word *w;
    size_t ids = r->out->n, dropped = r->out->dropped;

    if (len == 0 || len > WORD_BYTES)
        return len ? word_merge(r, at, len) : 0;
    if (2 * (r->words + 1) > r->word_cap)
        words_grow(r);
    hash = hash64(r->text.data + at, len);
    w = word_slot(r, r->word, r->word_cap, hash, at, len);
    if (w->len) {
        for (uint32_t i = 0; i < w->n; i++)
            tok_ids_add(r->out, r->out->id[w->ids + i]);
        r->out->dropped += w->dropped;
        return 0;
    }
    if (word_merge(r, at, len) < 0)
        return -1;
    if (r->words < WORDS_MAX) {
        *w = (struct tok_word){
            hash, (uint32_t)at, (uint32_t)len, (uint32_t)(r->out->n - ids), ids, r->out->dropped - dropped};
        r->words++;
    }
    return 0;
}

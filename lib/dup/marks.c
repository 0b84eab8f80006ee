/* Texts to signatures, a batch at a time over the threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/par.h"
#include "dup/parts.h"

static void put_places(uint32_t *sig, struct hash128 h)
{
    sig[0] = (uint32_t)(h.hi >> 32);
    sig[1] = (uint32_t)h.hi;
    sig[2] = (uint32_t)(h.lo >> 32);
    sig[3] = (uint32_t)h.lo;
}

/* A text without a word is like those of the same bytes only. */
static void hash_places(uint32_t *sig, uint32_t n, const char *text, size_t len)
{
    uint32_t four[4];

    put_places(four, hash128(text, len));
    for (uint32_t i = 0; i < n; i++)
        sig[i] = four[i % 4];
}

static void exact(const struct dup *d, struct worker *w, const struct record *r, uint32_t *sig)
{
    if (d->o.normalise) {
        shingle_join(w->shingle, r->text, r->text_len, &w->joined);
        if (w->joined.len) {
            put_places(sig, hash128(w->joined.data, w->joined.len));
            return;
        }
    }
    hash_places(sig, 4, r->text, r->text_len);
}

/* Sorted by three counting passes of 11 bits; x and room: uint32_t[n]. Returns where they are sorted. */
static uint32_t *sort_numbers(uint32_t *x, uint32_t *room, size_t n)
{
    size_t at[2048];

    for (int shift = 0; shift < 33; shift += 11) {
        uint32_t *to = room;
        size_t sum = 0;

        memset(at, 0, sizeof at);
        for (size_t i = 0; i < n; i++)
            at[x[i] >> shift & 2047]++;
        for (size_t b = 0; b < 2048; b++) {
            size_t k = at[b];

            at[b] = sum;
            sum += k;
        }
        for (size_t i = 0; i < n; i++)
            to[at[x[i] >> shift & 2047]++] = x[i];
        room = x;
        x = to;
    }
    return x;
}

/* The numbers of set, each once, ascending. */
static void make_set(struct worker *w, struct buf *set)
{
    size_t n = set->len / 4, k = 0;
    uint32_t *x;

    w->joined.len = 0;
    x = sort_numbers((uint32_t *)(void *)set->data, (uint32_t *)(void *)buf_space(&w->joined, set->len + 1), n);
    set->len = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || x[i] != x[k - 1])
            x[k++] = x[i];
    if (k)
        memmove(set->data, x, k * sizeof *x);
    set->len = k * sizeof *x;
}

/* 1, or 0 when the text is like no other. */
static int min_places(const struct dup *d, struct worker *w, const struct record *r, uint32_t *sig, struct buf *set)
{
    const uint32_t *gram;
    size_t n, grams = 0;

    minhash_clear(&d->hash, sig);
    shingle_begin(w->shingle, r->text, r->text_len);
    while ((n = shingle_next(w->shingle, &gram)) > 0) {
        minhash_add(&d->hash, sig, gram, n);
        if (set)
            buf_add(set, gram, n * sizeof *gram);
        grams += n;
    }
    if (set)
        make_set(w, set);
    if (grams == 0 && d->o.p.whole) {
        hash_places(sig, d->sig_len, r->text, r->text_len);
        if (set)
            buf_add(set, sig, 4 * sizeof *sig);
        return 1;
    }
    return grams > 0;
}

/* Doubles so that the greatest comes first: the bits of IEEE's as ordered numbers, turned over. */
static uint64_t falling(double v)
{
    uint64_t u;

    v = v == 0 ? 0 : v; /* no -0 */
    memcpy(&u, &v, 8);
    return ~(u >> 63 ? ~u : u | (uint64_t)1 << 63);
}

static void mark_one(void *ctx, size_t i)
{
    struct dup *d = ctx;
    struct worker *w = &d->worker[par_self()];
    const struct record *r = &d->batch[i];
    struct dup_mark *m = &d->mark[i];
    uint32_t *sig = d->sig + i * d->hash.padded;
    struct buf *set = d->o.verify > 0 ? &d->set[i] : NULL;
    int some = 1;

    w->packed.len = 0;
    record_pack(&w->packed, r);
    if (set)
        set->len = 0;
    *m = (struct dup_mark){r->id, r->id_len, 0, hash64(w->packed.data, w->packed.len), d->o.shard, d->at + i,
                           NULL,  NULL,      0};
    if (d->o.order == DUP_BY_INPUT)
        m->pref = m->shard << SHARD_BITS | m->at;
    else if (d->o.order == DUP_BY_SCORE)
        m->pref = falling(*d->o.score == '-' ? -*record_score(r, d->o.score + 1) : *record_score(r, d->o.score));
    if (d->o.p.exact)
        exact(d, w, r, sig);
    else
        some = min_places(d, w, r, sig, set);
    m->sig = some ? sig : NULL;
    if (set) {
        m->set = (const uint32_t *)(const void *)set->data;
        m->set_n = set->len / sizeof *m->set;
    }
}

int dup_marks(struct dup *d, const struct record *r, size_t n, const struct dup_mark **mark, struct err *e)
{
    if (n > d->cap) {
        d->mark = mem_resize(d->mark, n, sizeof *d->mark);
        free(d->sig);
        d->sig = mem_new(n, d->hash.padded * sizeof *d->sig);
        d->set = mem_resize(d->set, n, sizeof *d->set);
        memset(d->set + d->cap, 0, (n - d->cap) * sizeof *d->set);
        d->cap = n;
    }
    for (size_t i = 0; d->o.order == DUP_BY_SCORE && i < n; i++)
        if (!record_score(&r[i], d->o.score + (*d->o.score == '-')))
            return err_set(e, "record %.*s: it has no score '%s'", (int)(r[i].id_len > 100 ? 100 : r[i].id_len),
                           r[i].id, d->o.score + (*d->o.score == '-'));
    d->batch = r;
    par_for(n, mark_one, d);
    d->at += n;
    *mark = d->mark;
    return 0;
}

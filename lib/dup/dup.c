#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/par.h"
#include "dup/parts.h"

void dup_settings(const struct dup_opts *o, struct buf *out)
{
    static const char *const order[] = {"id", "input", "score "};

    out->len = 0;
    buf_printf(out, "%s style %d n %u whole %d places %u bands %ux%u seed %llu order %s%s",
               o->p.exact ? "exact" : "minhash", o->p.exact ? o->normalise : (int)o->p.style, o->p.n, o->p.whole,
               o->p.hashes, o->p.bands, o->p.rows, (unsigned long long)o->seed, order[o->order],
               o->order == DUP_BY_SCORE ? o->score : "");
}

static int open_tapes(struct dup *d, struct err *e)
{
    if (!(d->entries = tape_new(e)) || !(d->ids = tape_new(e)))
        return -1;
    if (d->o.likeness && !(d->sigs = tape_new(e)))
        return -1;
    return d->o.verify > 0 && !(d->sets = tape_new(e)) ? -1 : 0;
}

struct dup *dup_open(const struct dup_opts *o, struct err *e)
{
    struct dup *d = mem_new(1, sizeof *d);

    d->o = *o;
    minhash_init(&d->hash, o->p.hashes, o->seed);
    d->sig_len = o->p.hashes;
    d->workers = par_jobs();
    d->worker = mem_new((size_t)d->workers, sizeof *d->worker);
    for (int i = 0; i < d->workers; i++)
        d->worker[i].shingle = shingle_open(o->p.style, o->p.n, o->p.whole);
    d->meets = sorter_new(MEET, o->memory / 2);
    if (open_tapes(d, e) == 0)
        return d;
    dup_close(d);
    return NULL;
}

void dup_close(struct dup *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->workers; i++) {
        shingle_close(d->worker[i].shingle);
        buf_free(&d->worker[i].packed);
        buf_free(&d->worker[i].joined);
    }
    for (size_t i = 0; i < d->cap; i++)
        buf_free(&d->set[i]);
    free(d->worker);
    free(d->set);
    free(d->sig);
    free(d->mark);
    minhash_free(&d->hash);
    sorter_free(d->meets);
    sorter_free(d->verdicts);
    tape_free(d->entries);
    tape_free(d->ids);
    tape_free(d->sigs);
    tape_free(d->sets);
    buf_free(&d->id);
    buf_free(&d->cluster);
    buf_free(&d->set_a);
    buf_free(&d->set_b);
    free(d);
}

uint32_t dup_sig_len(const struct dup *d)
{
    return d->sig_len;
}

static void put_node(uint8_t *p, const struct dup_mark *m, uint64_t index)
{
    put_be64(p, m->pref);
    put_be64(p + 8, hash64(m->id, m->id_len));
    put_be64(p + 16, m->record);
    put_be64(p + NODE_PLACE, m->shard << SHARD_BITS | m->at);
    put_be64(p + NODE_INDEX, index);
}

int dup_add_mark(struct dup *d, const struct dup_mark *mark, int reference, struct err *e)
{
    struct dup_mark place = *mark, *m = &place;
    struct text_entry t = {tape_len(d->ids), d->sets ? tape_len(d->sets) : 0, (uint32_t)m->id_len, (uint32_t)m->set_n};
    uint32_t none[MINHASH_MAX];
    uint8_t meet[MEET];

    if (d->o.against)
        m->pref = reference ? 0 : REFERENCE_LAST;
    if (tape_add(d->entries, &t, sizeof t, e) < 0 || tape_add(d->ids, m->id, m->id_len, e) < 0)
        return -1;
    if (d->sets && tape_add(d->sets, m->set, m->set_n * sizeof *m->set, e) < 0)
        return -1;
    if (!m->sig)
        memset(none, 0, sizeof none);
    if (d->sigs && tape_add(d->sigs, m->sig ? m->sig : none, d->sig_len * sizeof *none, e) < 0)
        return -1;
    put_node(meet + 16, m, d->texts++);
    for (uint32_t b = 0; m->sig && b < d->o.p.bands; b++) {
        minhash_band(m->sig, b, d->o.p.rows, meet);
        if (sorter_add(d->meets, meet, e) < 0)
            return -1;
    }
    return 0;
}

int dup_add(struct dup *d, const struct record *r, size_t n, int reference, struct err *e)
{
    const struct dup_mark *marks;

    if (dup_marks(d, r, n, &marks, e) < 0)
        return -1;
    if (reference)
        d->at -= n;
    for (size_t i = 0; i < n; i++)
        if (dup_add_mark(d, &marks[i], reference, e) < 0)
            return -1;
    return 0;
}

int dup_entry(struct dup *d, uint64_t index, struct text_entry *t, struct err *e)
{
    return tape_get(d->entries, index * sizeof *t, t, sizeof *t, e);
}

int dup_likeness(struct dup *d, uint64_t a, uint64_t b, double *out, struct err *e)
{
    uint32_t x[MINHASH_MAX], y[MINHASH_MAX];
    size_t bytes = d->sig_len * sizeof *x;

    if (tape_get(d->sigs, a * bytes, x, bytes, e) < 0 || tape_get(d->sigs, b * bytes, y, bytes, e) < 0)
        return -1;
    *out = minhash_likeness(x, y, d->sig_len);
    return 0;
}

static int get_set(struct dup *d, uint64_t index, struct buf *b, struct err *e)
{
    struct text_entry t;

    if (dup_entry(d, index, &t, e) < 0)
        return -1;
    b->len = 0;
    buf_space(b, 4 * (size_t)t.set_n + 1);
    b->len = 4 * (size_t)t.set_n;
    return tape_get(d->sets, t.set_at, b->data, b->len, e);
}

int dup_jaccard(struct dup *d, uint64_t a, uint64_t b, double *out, struct err *e)
{
    const uint32_t *x, *y;
    size_t n, m, i = 0, j = 0, both = 0;

    if (get_set(d, a, &d->set_a, e) < 0 || get_set(d, b, &d->set_b, e) < 0)
        return -1;
    x = (const uint32_t *)(const void *)d->set_a.data;
    y = (const uint32_t *)(const void *)d->set_b.data;
    n = d->set_a.len / 4;
    m = d->set_b.len / 4;
    while (i < n && j < m) {
        int less = x[i]<y[j], more = x[i]> y[j];

        both += !less && !more;
        i += !more;
        j += !less;
    }
    *out = n + m - both ? (double)both / (double)(n + m - both) : 0;
    return 0;
}

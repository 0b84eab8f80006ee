/* Marks and decisions as records. */
#include <string.h>

#include "base/mem.h"
#include "base/shard.h"
#include "dup/parts.h"
#include "wire/mp.h"

#define DECIDED "decided"
#define END "end"

/* A record of that id without text, whose meta value under DUP_KEY begins with these. */
static void begin(struct record *r, const char *id, size_t id_len, struct buf *b, uint32_t items, const char *what,
                  uint64_t shard, uint64_t shards, uint64_t at)
{
    record_clear(r);
    r->id = id;
    r->id_len = id_len;
    r->text = "";
    b->len = 0;
    mp_put_array(b, items);
    mp_put_str(b, what);
    mp_put_uint(b, shard);
    mp_put_uint(b, shards);
    mp_put_uint(b, at);
}

static void put_numbers(struct buf *b, const uint32_t *v, uint32_t n)
{
    mp_put_array(b, n);
    for (uint32_t i = 0; i < n; i++)
        mp_put_uint(b, v[i]);
}

void dup_mark_put(struct record *r, struct buf *scratch, const struct dup_opts *o, const struct dup_mark *m,
                  uint32_t sig_len)
{
    struct buf settings = {0};

    dup_settings(o, &settings);
    begin(r, m->id, m->id_len, scratch, 8, buf_str(&settings), m->shard, o->shards, m->at);
    mp_put_uint(scratch, m->pref);
    mp_put_uint(scratch, m->record);
    put_numbers(scratch, m->sig, m->sig ? sig_len : 0);
    put_numbers(scratch, m->set, (uint32_t)m->set_n);
    record_set_meta_raw(r, DUP_KEY, scratch->data, scratch->len);
    buf_free(&settings);
}

static int get_uint(struct mp_in *m, uint64_t most, uint64_t *out)
{
    struct mp_value v;

    if (mp_next(m, &v) < 0 || v.kind != MP_INT || v.negative || v.u > most)
        return -1;
    *out = v.u;
    return 0;
}

/* What begin wrote: -1 also when there is no such value. */
static int take(const struct record *r, struct mp_in *m, uint32_t items, struct mp_value *what, uint64_t *shard,
                uint64_t *shards, uint64_t *at)
{
    struct mp_value v;
    if (!record_meta(r, DUP_KEY, m) || mp_next(m, &v) < 0 || v.kind != MP_ARRAY || v.n != items ||
        mp_next(m, what) < 0 || what->kind != MP_STR || get_uint(m, SHARD_MAX, shard) < 0 ||
        get_uint(m, SHARD_MAX, shards) < 0 || get_uint(m, ((uint64_t)1 << SHARD_BITS) - 1, at) < 0 || *shard == 0 ||
        *shard > *shards)
        return -1;
    return 0;
}

static int take_sig(struct mp_in *m, uint32_t *sig, uint32_t sig_len, uint32_t *n)
{
    struct mp_value v;
    uint64_t place;

    if (mp_next(m, &v) < 0 || v.kind != MP_ARRAY || (v.n && v.n != sig_len))
        return -1;
    *n = v.n;
    for (uint32_t i = 0; i < v.n; i++) {
        if (get_uint(m, UINT32_MAX, &place) < 0)
            return -1;
        sig[i] = (uint32_t)place;
    }
    return 0;
}

/* Ascending, as the comparison of sets wants them. */
static int take_set(struct mp_in *m, struct buf *set)
{
    struct mp_value v;
    uint64_t gram;

    set->len = 0;
    if (mp_next(m, &v) < 0 || v.kind != MP_ARRAY)
        return -1;
    for (uint32_t i = 0, n = v.n, last = 0; i < n; i++) {
        if (get_uint(m, UINT32_MAX, &gram) < 0 || (i && gram <= last))
            return -1;
        last = (uint32_t)gram;
        buf_add(set, &last, sizeof last);
    }
    return 0;
}

int dup_mark_get(const struct record *r, const char *settings, struct dup_mark *mark, uint64_t *shards, uint32_t *sig,
                 uint32_t sig_len, struct buf *set, struct err *e)
{
    int id = (int)(r->id_len > 100 ? 100 : r->id_len);
    struct mp_value what;
    struct mp_in m;
    uint32_t n;

    *mark = (struct dup_mark){.id = r->id, .id_len = r->id_len};
    if (take(r, &m, 8, &what, &mark->shard, shards, &mark->at) < 0)
        return err_set(e, "record %.*s: it has no signature under \"" DUP_KEY "\"; ddup --signatures makes them", id,
                       r->id);
    if (what.n != strlen(settings) || memcmp(what.p, settings, what.n) != 0)
        return err_set(e, "record %.*s: its signature is of '%.*s', not of '%s'", id, r->id,
                       what.n > 200 ? 200 : (int)what.n, (const char *)what.p, settings);
    if (get_uint(&m, UINT64_MAX, &mark->pref) < 0 || get_uint(&m, UINT64_MAX, &mark->record) < 0 ||
        take_sig(&m, sig, sig_len, &n) < 0 || take_set(&m, set) < 0)
        return err_set(e, "record %.*s: its signature is damaged", id, r->id);
    mark->sig = n ? sig : NULL;
    mark->set = (const uint32_t *)(const void *)set->data;
    mark->set_n = set->len / sizeof *mark->set;
    return 0;
}

void dup_end_put(struct record *r, struct buf *scratch, uint64_t shard, uint64_t shards, uint64_t marks)
{
    begin(r, "", 0, scratch, 4, END, shard, shards, marks);
    record_set_meta_raw(r, DUP_KEY, scratch->data, scratch->len);
}

int dup_end_get(const struct record *r, uint64_t *shard, uint64_t *shards, uint64_t *marks)
{
    struct mp_value what;
    struct mp_in m;

    return take(r, &m, 4, &what, shard, shards, marks) == 0 && what.n == strlen(END) &&
           memcmp(what.p, END, what.n) == 0;
}

void dup_verdict_put(struct record *r, struct buf *scratch, const struct dup_verdict *v, uint64_t shards, int keep)
{
    begin(r, v->id, v->id_len, scratch, 6, DECIDED, v->shard, shards, v->at);
    mp_put_bool(scratch, keep);
    mp_put_strn(scratch, v->cluster, v->cluster_len);
    record_set_meta_raw(r, DUP_KEY, scratch->data, scratch->len);
}

int dup_verdict_get(const struct record *r, struct dup_verdict *v, uint64_t *shards, int *keep, struct err *e)
{
    struct mp_value what, k, c;
    struct mp_in m;

    *v = (struct dup_verdict){.id = r->id, .id_len = r->id_len};
    if (take(r, &m, 6, &what, &v->shard, shards, &v->at) < 0 || what.n != strlen(DECIDED) ||
        memcmp(what.p, DECIDED, what.n) != 0 || mp_next(&m, &k) < 0 || k.kind != MP_BOOL || mp_next(&m, &c) < 0 ||
        c.kind != MP_STR)
        return err_set(e, "record %.*s: it has no decision under \"" DUP_KEY "\"; ddup --merge makes them",
                       (int)(r->id_len > 100 ? 100 : r->id_len), r->id);
    *keep = (int)k.u;
    v->cluster = (const char *)c.p;
    v->cluster_len = c.n;
    return 0;
}

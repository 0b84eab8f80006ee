/* From buckets to verdicts. */
#include <string.h>

#include "dup/parts.h"

static int put_verdict(struct sorter *to, const uint8_t *node, const uint8_t *first, struct err *e)
{
    uint8_t v[VERDICT];

    memcpy(v, node + NODE_PLACE, 16); /* place, index */
    memcpy(v + 16, first + NODE_INDEX, 8);
    return sorter_add(to, v, e);
}

/* Edges of stars, or to texts of the reference, as verdicts. A text of the input may be like several of the reference:
 * the first counts. */
static int verdicts(struct dup *d, struct sorter *edges, struct err *e)
{
    uint8_t last[NODE];
    const uint8_t *p;
    int got, any = 0;

    while ((got = sorter_next(edges, &p, e)) > 0) {
        if (any && memcmp(p, last, NODE) == 0)
            continue;
        memcpy(last, p, NODE);
        any = 1;
        if (put_verdict(d->verdicts, p, p + NODE, e) < 0)
            return -1;
        if (!d->o.against && put_verdict(d->verdicts, p + NODE, p + NODE, e) < 0)
            return -1;
    }
    return got;
}

int dup_resolve(struct dup *d, struct err *e)
{
    struct sorter *edges = sorter_new(EDGE, d->o.memory / 2);
    int rc = sorter_ready(d->meets, e) < 0 || dup_join(d, edges, e) < 0 || sorter_ready(edges, e) < 0 ? -1 : 0;

    sorter_free(d->meets);
    d->meets = NULL;
    if (rc == 0 && !d->o.against) {
        edges = dup_stars(edges, d->o.memory / 2, e);
        rc = edges ? 0 : -1;
    }
    d->verdicts = sorter_new(VERDICT, d->o.memory / 2);
    if (rc == 0 && (verdicts(d, edges, e) < 0 || sorter_ready(d->verdicts, e) < 0))
        rc = -1;
    sorter_free(edges);
    return rc;
}

static int get_id(struct dup *d, uint64_t index, struct buf *b, struct err *e)
{
    struct text_entry t;

    if (dup_entry(d, index, &t, e) < 0)
        return -1;
    b->len = 0;
    buf_space(b, t.id_len + 1);
    b->len = t.id_len;
    return tape_get(d->ids, t.id_at, b->data, t.id_len, e);
}

static int fill_verdict(struct dup *d, struct dup_verdict *v, struct err *e)
{
    uint64_t place = get_be64(d->last), self = get_be64(d->last + 8), first = get_be64(d->last + 16);

    *v = (struct dup_verdict){
        .shard = place >> SHARD_BITS, .at = place & (((uint64_t)1 << SHARD_BITS) - 1), .first = self == first};
    if (get_id(d, self, &d->id, e) < 0 || get_id(d, first, &d->cluster, e) < 0)
        return -1;
    v->id = (const char *)d->id.data;
    v->id_len = d->id.len;
    v->cluster = (const char *)d->cluster.data;
    v->cluster_len = d->cluster.len;
    v->likeness = v->jaccard = 1;
    if (d->sigs && !v->first && dup_likeness(d, self, first, &v->likeness, e) < 0)
        return -1;
    return d->sets && d->o.likeness && !v->first ? dup_jaccard(d, self, first, &v->jaccard, e) : 0;
}

int dup_next(struct dup *d, struct dup_verdict *v, struct err *e)
{
    const uint8_t *p;
    int got;

    do /* the first of a cluster stands there once for every other */
        got = sorter_next(d->verdicts, &p, e);
    while (got > 0 && d->begun && memcmp(p, d->last, VERDICT) == 0);
    if (got <= 0)
        return got;
    if (d->begun && memcmp(p, d->last, 8) == 0)
        return err_set(e, "shard %llu is there twice", (unsigned long long)(get_be64(p) >> SHARD_BITS));
    d->begun = 1;
    memcpy(d->last, p, VERDICT);
    return fill_verdict(d, v, e) < 0 ? -1 : 1;
}

/* choose_order: the order of a whole set, by a method that must see all of it; what one that was drawn stands for. */
#include <math.h>
#include <stdlib.h>

#include "base/real.h"
#include "select/choose_int.h"
#include "select/quota.h"
#include "select/vectors.h"

/* What a method left out comes behind what it chose, so that all of it is given back, to be refused by the budgets. */
static void append_rest(struct select_set *s)
{
    uint8_t *there = mem_new(s->n, 1);

    for (size_t i = 0; i < s->ordered; i++)
        there[s->order[i]] = 1;
    for (size_t i = 0; i < s->n; i++)
        if (!there[i])
            s->order[s->ordered++] = (uint32_t)i;
    free(there);
}

/* What the method's set points to. */
struct loaded {
    double *score;
    uint32_t *cluster;
    struct rng *rng;
    struct vectors v;
    struct rank *names; /* of clusters */
};

static int load_vector(struct choose *ch, struct loaded *l, struct err *e)
{
    int id = ch->r.id_len > 100 ? 100 : (int)ch->r.id_len;

    return vectors_add(&l->v, &ch->r, e) < 0 ? err_in(e, "%.*s", id, ch->r.id) : 0;
}

/* The record's cluster, as a number by order of first sight; the set's order is that of the ids' hashes, so it is the
 * same anywhere. */
static int load_cluster(struct choose *ch, struct loaded *l, size_t i, struct err *e)
{
    struct buf scratch = {0};
    size_t n = 0;
    const char *name = record_meta_text(&ch->r, select_params.cluster, &n, &scratch);

    if (!name)
        return err_set(e, "%.*s: it has no cluster under \"%s\"", (int)(ch->r.id_len > 100 ? 100 : ch->r.id_len),
                       ch->r.id, select_params.cluster);
    l->cluster[i] = rank_group(l->names, name, n);
    buf_free(&scratch);
    return 0;
}

static int load_one(struct choose *ch, struct loaded *l, size_t i, struct err *e)
{
    uint32_t group;

    if (rank_get(ch->rank, i, &ch->r, &group, e) < 0)
        return -1;
    if (ch->by && record_number(&ch->r, ch->by, &l->score[i]))
        l->score[i] *= ch->sign;
    l->rng[i] = rng_make(select_params.seed, ch->r.id, ch->r.id_len);
    if (ch->m->needs & SELECT_CLUSTER && load_cluster(ch, l, i, e) < 0)
        return -1;
    return ch->m->needs & SELECT_VECTOR ? load_vector(ch, l, e) : 0;
}

static int load(struct choose *ch, struct loaded *l, size_t n, struct err *e)
{
    *l = (struct loaded){.score = mem_new(n + 1, sizeof *l->score),
                         .cluster = mem_new(n + 1, sizeof *l->cluster),
                         .rng = mem_new(n + 1, sizeof *l->rng),
                         .names = rank_new(0, e)};
    vectors_init(&l->v, select_params.vector, select_params.dims, !!(ch->m->needs & SELECT_LENGTHS));
    if (!l->names || n >= UINT32_MAX || rank_collect(ch->rank, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (load_one(ch, l, i, e) < 0)
            return -1;
    return 0;
}

static void loaded_free(struct loaded *l)
{
    vectors_free(&l->v);
    if (l->names)
        rank_free(l->names);
    free(l->score);
    free(l->cluster);
    free(l->rng);
}

/* Let the method order the set, and the budgets go by that. */
static int order(struct choose *ch, const struct loaded *l, size_t n, struct err *e)
{
    int few = ch->k && ch->c->unit == UNIT_RECORDS && !ch->c->per && ch->k < n;
    struct select_set s = {.n = n,
                           .want = few ? ch->k : n,
                           .x = l->v.x,
                           .d = l->v.d,
                           .score = l->score,
                           .cluster = l->cluster,
                           .rng = l->rng,
                           .draw = ch->draw,
                           .order = ch->order};
    uint32_t clusters = 0;

    rank_groups(l->names, &clusters);
    s.clusters = clusters;
    if (ch->m->order(&s, e) < 0)
        return -1;
    append_rest(&s);
    rank_order(ch->rank, s.order, s.ordered);
    return 0;
}

static int order_set(struct choose *ch, struct err *e)
{
    size_t n = rank_count(ch->rank);
    struct loaded l;
    int rc;

    ch->order = mem_new(n + 1, sizeof *ch->order);
    ch->draw = ch->m->as ? mem_new(n + 1, sizeof *ch->draw) : NULL;
    rc = load(ch, &l, n, e);
    if (rc == 0 && n)
        rc = order(ch, &l, n, e);
    loaded_free(&l);
    return rc;
}

int choose_order(struct choose *ch, struct err *e)
{
    if (rank_ready(ch->rank, e) < 0)
        return -1;
    quota_set(ch->rank, ch->k, ch->top, ch->c->mix != NULL);
    if (ch->m->order && order_set(ch, e) < 0)
        return -1;
    if (ch->draw)
        rank_borders(ch->rank);
    return 0;
}

/* 1 - exp (-z), also of small z. */
static double reached(double z)
{
    return z < 1e-4 ? z - z * z / 2 + z * z * z / 6 : 1 - real_exp(-z);
}

/*
 * How much one that was drawn stands for: 1 / q, where q = P(its key is above that of the first of its group that was
 * not chosen); a sum over the chosen of weight x f is then an unbiased estimate of the sum of f over all. Source: Kool,
 * van Hoof, Welling 2019, equation 18.
 */
void choose_weigh(struct choose *ch, uint32_t group)
{
    const struct select_draw *d = &ch->draw[ch->order[rank_at(ch->rank)]];
    uint32_t groups;
    size_t border = rank_groups(ch->rank, &groups)[group].border;
    double weight = 1;

    if (border != SIZE_MAX && isfinite(d->log_p))
        weight = 1 / reached(real_exp(d->log_p - ch->draw[ch->order[border]].key));
    record_set_score(&ch->r, ch->m->as, d->value);
    record_set_score(&ch->r, "weight", isfinite(d->log_p) && isfinite(weight) ? weight : 0);
}

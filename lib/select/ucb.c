/*
 * ucb: clusters as the arms of a bandit. After t pulls the next is of the arm with the greatest mean + alpha sqrt (2 ln
 * t / T_c), where mean and T_c are of the scores and number of the texts drawn from cluster c so far; an arm not pulled
 * yet comes first. A pull draws the cluster's next text in an order that is random by (seed, id), and chooses it. So
 * most of what is chosen comes from good clusters, and scores of bad ones are hardly looked at. Ties: the lesser index.
 * Cost O(k clusters). Source: Auer, Cesa-Bianchi, Fischer 2002 (UCB1); for choosing data, Zhang and others 2024 (QUAD),
 * section 3.3, whose scores are influences and whose accepted clusters are those whose mean passes a threshold: give it
 * by dsel --where on the result.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/real.h"
#include "select/select.h"

static double alpha = 1;

struct arm {
    double sum;
    uint64_t pulls;
    size_t next, end; /* into the order by arms */
};

static double bound(const struct arm *m, uint64_t t)
{
    if (m->next == m->end)
        return -INFINITY;
    return m->pulls ? m->sum / (double)m->pulls + alpha * sqrt(2 * real_log((double)t) / (double)m->pulls) : INFINITY;
}

/* Texts by cluster, in each by their random numbers. */
static uint32_t *deal(const struct select_set *s, struct arm *arm)
{
    uint32_t *by = mem_new(s->n + 1, sizeof *by), *of = mem_new(s->n + 1, sizeof *of);
    double *key = mem_new(s->n + 1, sizeof *key);
    size_t at = 0;

    for (size_t i = 0; i < s->n; i++) {
        key[i] = rng_unit(s->rng[i], 0);
        arm[s->cluster[i]].end++;
    }
    for (size_t c = 0; c < s->clusters; c++) {
        size_t n = arm[c].end;

        arm[c].next = arm[c].end = at;
        at += n;
    }
    select_by_key(key, s->n, by);
    for (size_t i = 0; i < s->n; i++)
        of[arm[s->cluster[by[i]]].end++] = by[i];
    free(by);
    free(key);
    return of;
}

static int order(struct select_set *s, struct err *e)
{
    struct arm *arm = mem_new(s->clusters + 1, sizeof *arm);
    uint32_t *of = deal(s, arm);

    (void)e;
    while (s->ordered < s->want) {
        size_t best = 0;
        uint32_t i;

        for (size_t c = 1; c < s->clusters; c++)
            if (bound(&arm[c], s->ordered) > bound(&arm[best], s->ordered))
                best = c;
        i = of[arm[best].next++];
        arm[best].sum += s->score[i];
        arm[best].pulls++;
        s->order[s->ordered++] = i;
    }
    free(of);
    free(arm);
    return 0;
}

static const struct opt opts[] = {SELECT_BY_CLUSTER,
                                  {.name = "alpha",
                                   .arg = "X",
                                   .kind = OPT_F64,
                                   .to = &alpha,
                                   .hi = INFINITY,
                                   .help = "weight of what is not yet known"},
                                  SELECT_SEED,
                                  OPT_END};

const struct select_method select_ucb = {.name = "ucb",
                                         .brief = "a bandit over clusters, by the scores it sees",
                                         .opts = opts,
                                         .needs = SELECT_SCORE | SELECT_CLUSTER,
                                         .order = order};

/*
 * balanced: the best of each cluster, then the second best of each, and so on; within a round the greater score first.
 * Clusters that run out leave their places to the others. Without --by, within a cluster by the hash of the id.
 * Source: none is needed; equal shares over clusters, as in Tirumala and others 2023 (D4) and most clustered baselines.
 * O(n log n).
 */
#include <stdlib.h>

#include "base/mem.h"
#include "select/select.h"

static int order(struct select_set *s, struct err *e)
{
    uint32_t *by = mem_new(s->n + 1, sizeof *by), *place = mem_new(s->n + 1, sizeof *place);
    uint32_t *round = mem_new(s->clusters + 1, sizeof *round);
    double *key = mem_new(s->n + 1, sizeof *key);

    (void)e;
    select_by_key(s->score, s->n, by);
    for (size_t i = 0; i < s->n; i++)
        key[i] = -(double)round[s->cluster[by[i]]]++;
    select_by_key(key, s->n, place); /* rounds, and in each the order of scores */
    for (size_t i = 0; i < s->n; i++)
        s->order[i] = by[place[i]];
    s->ordered = s->n;
    free(by);
    free(place);
    free(round);
    free(key);
    return 0;
}

static const struct opt opts[] = {SELECT_BY_CLUSTER, OPT_END};

const struct select_method select_balanced = {.name = "balanced",
                                              .brief = "equal shares of clusters, the best of each first",
                                              .opts = opts,
                                              .needs = SELECT_CLUSTER,
                                              .order = order};

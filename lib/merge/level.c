/* level: the L1 norm of a tensor's changes, before and after some of them went. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "merge/delta.h"

#define LEAST 1e-7

struct level {
    int models;
    struct {
        double before, after;
    } l1[];
};

void *level_begin(const struct merge_job *whole)
{
    struct level *l;

    if (whole->args->rescale != MERGE_BY_L1)
        return NULL;
    l = mem_new(1, sizeof *l + (size_t)whole->models * sizeof *l->l1);
    l->models = whole->models;
    return l;
}

/* Goes on where the slab before ended, so that the sum is the same for any slabs. */
static void add(double *sum, const float *d, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        *sum += fabs((double)d[i]);
}

void level_see(struct level *l, const struct merge_job *some, void (*drop)(const struct merge_job *j, int k))
{
    uint64_t n = some->rows * some->cols;
    float *d = l ? mem_new(n + 1, sizeof *d) : NULL;
    float **model = l ? mem_new((size_t)l->models + 1, sizeof *model) : NULL;
    struct merge_job j = *some;

    j.model = model;
    for (int k = 0; l && k < l->models; k++) {
        for (uint64_t i = 0; i < n; i++)
            d[i] = some->model[k][i] - some->base[i];
        model[k] = d;
        add(&l->l1[k].before, d, n);
        drop(&j, k);
        add(&l->l1[k].after, d, n);
    }
    free(model);
    free(d);
}

void level_apply(const struct level *l, const struct merge_job *j, int k)
{
    if (!l || l->l1[k].before < LEAST || l->l1[k].after < LEAST)
        return;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->model[k][i] = (float)((double)j->model[k][i] * (l->l1[k].before / l->l1[k].after));
}

void level_merge(const struct merge_job *j, void (*drop)(const struct merge_job *j, int k), int elect)
{
    delta_take(j);
    for (int k = 0; k < j->models; k++) {
        drop(j, k);
        level_apply(j->seen, j, k);
    }
    delta_sum(j, elect);
}

static void see(void *seen, const struct merge_job *j, int pass)
{
    (void)pass;
    level_see(seen, j, delta_drop);
}

const struct merge_survey level_survey = {1, level_begin, see, NULL, free};

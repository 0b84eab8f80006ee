/*
 * uniform: everyone the same: the control that every other method has to beat.
 * sparsity: the target. rank: the rank of the target, as lrfactor -r or --keep has it. type: the last of the list,
 * ordered by the bytes of all tensors, whose bytes are within the target.
 */
#include "alloc/alloc.h"

/* Bytes of a tensor in each type, as points in the order of the list. */
static int see(struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    if (j->kind != ALLOC_TYPE)
        return 0;
    t->points = (int)j->types;
    t->point = mem_new(j->types, sizeof *t->point);
    for (uint64_t i = 0; i < j->types; i++) {
        t->point[i].choice = i;
        if (j->try(j, v->b, i, &t->point[i].cost, NULL, NULL, e) < 0)
            return -1;
    }
    return 0;
}

static double bytes(const struct alloc_job *j, uint64_t type)
{
    double sum = 0;

    for (int i = 0; i < j->n; i++)
        sum += j->t[i].point[type].cost;
    return sum;
}

static int decide_type(struct alloc_job *j, struct err *e)
{
    uint64_t best = j->types, cheapest = 0;

    for (uint64_t i = 0; i < j->types; i++) {
        double now = bytes(j, i);

        if (now < bytes(j, cheapest))
            cheapest = i;
        if (now <= j->target && (best == j->types || now > bytes(j, best)))
            best = i;
    }
    if (best == j->types)
        return err_set(e, "the smallest type takes %.0f bytes, the budget is %.0f", bytes(j, cheapest), j->target);
    for (int i = 0; i < j->n; i++)
        j->t[i].choice = best;
    return 0;
}

static int decide(struct alloc_job *j, struct err *e)
{
    for (int i = 0; i < j->n; i++) {
        j->t[i].share = j->target;
        j->t[i].choice = j->kind == ALLOC_RANK ? alloc_uniform_rank(j, &j->t[i]) : 0;
    }
    return j->kind == ALLOC_TYPE && j->n ? decide_type(j, e) : 0;
}

const struct alloc_method alloc_uniform = {.name = "uniform",
                                           .brief = "the same for all",
                                           .kinds = ALLOC_SPARSITY | ALLOC_TYPE | ALLOC_RANK,
                                           .see = see,
                                           .decide = decide};

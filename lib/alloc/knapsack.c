/* knapsack: one point of each tensor's list, so that the costs are within the budget and the losses are small. */
#include <math.h>
#include <stdlib.h>

#include "alloc/alloc.h"

/* A step along a tensor's hull. */
struct edge {
    double slope; /* loss that goes for a unit of cost */
    int tensor, from, to;
};

struct packing {
    struct alloc_job *j;
    double left;
    int *at; /* [n] the point of each tensor */
};

static int by_slope(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    if (x->slope != y->slope)
        return x->slope > y->slope ? -1 : 1;
    if (x->tensor != y->tensor)
        return x->tensor < y->tensor ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

static double slope(const struct alloc_point *p, int a, int b)
{
    return (p[a].loss - p[b].loss) / (p[b].cost - p[a].cost);
}

/* The corners of the lower convex hull, from the cheapest on, while the loss falls, or to the end: corner[points] out;
 * how many. */
static int hull(const struct alloc_tensor *t, int to_end, int *corner)
{
    const struct alloc_point *p = t->point;
    int n = 0;

    for (int i = 0; i < t->points; i++) {
        if (n && !to_end && p[i].loss >= p[corner[n - 1]].loss)
            continue;
        if (n && p[i].cost == p[corner[n - 1]].cost)
            n--;
        while (n > 1 && slope(p, corner[n - 1], i) >= slope(p, corner[n - 2], corner[n - 1]))
            n--;
        corner[n++] = i;
    }
    return n;
}

/* All edges, the steepest first; at becomes each tensor's cheapest corner. */
static struct edge *edges(struct packing *k, int to_end, uint64_t *n)
{
    struct edge *edge;
    uint64_t all = 0;
    int most = 0, *corner;

    for (int i = 0; i < k->j->n; i++) {
        all += (uint64_t)k->j->t[i].points;
        most = k->j->t[i].points > most ? k->j->t[i].points : most;
    }
    edge = mem_new(all, sizeof *edge);
    corner = mem_new((size_t)most, sizeof *corner);
    *n = 0;
    for (int i = 0; i < k->j->n; i++) {
        const struct alloc_tensor *t = &k->j->t[i];
        int corners = hull(t, to_end, corner);

        k->at[i] = corner[0];
        k->left -= t->point[corner[0]].cost;
        for (int c = 1; c < corners; c++)
            edge[(*n)++] =
                (struct edge){t->factor * slope(t->point, corner[c - 1], corner[c]), i, corner[c - 1], corner[c]};
    }
    free(corner);
    qsort(edge, *n, sizeof *edge, by_slope);
    return edge;
}

static double dearer(const struct packing *k, int tensor, int to)
{
    const struct alloc_tensor *t = &k->j->t[tensor];

    return t->point[to].cost - t->point[k->at[tensor]].cost;
}

/* What still fits, one point at a time: that which takes the most loss away. */
static void fill(struct packing *k)
{
    for (int best = 0; best >= 0;) {
        double most = 0;
        int to = 0;

        best = -1;
        for (int i = 0; i < k->j->n; i++)
            for (int c = 0; c < k->j->t[i].points; c++) {
                const struct alloc_point *p = k->j->t[i].point;
                double gain = k->j->t[i].factor * (p[k->at[i]].loss - p[c].loss);

                if (dearer(k, i, c) <= k->left && gain > most) {
                    most = gain;
                    best = i;
                    to = c;
                }
            }
        if (best >= 0) {
            k->left -= dearer(k, best, to);
            k->at[best] = to;
        }
    }
}

static double total(const struct alloc_job *j, const int *at, double *cost)
{
    double loss = 0;

    *cost = 0;
    for (int i = 0; i < j->n; i++) {
        loss += j->t[i].factor * j->t[i].point[at[i]].loss;
        *cost += j->t[i].point[at[i]].cost;
    }
    return loss;
}

/* Point at, and part of the way from it to the point `to`. */
static void settle(struct alloc_tensor *t, int at, int to, double part)
{
    const struct alloc_point *p = &t->point[at], *q = &t->point[to];

    t->choice = p->choice;
    t->loss = p->loss + part * (q->loss - p->loss);
    t->share = 1 - (p->cost + part * (q->cost - p->cost)) / alloc_weights(t); /* means something for sparsity only */
    t->share = t->share > 0 ? t->share : 0;
}

int alloc_knapsack(struct alloc_job *j, double budget, const int *same, int fraction, struct err *e)
{
    struct packing k = {j, budget, mem_new((size_t)j->n, sizeof *k.at)};
    uint8_t *stuck = mem_new((size_t)j->n, 1);
    uint64_t n;
    struct edge *edge = edges(&k, fraction, &n), *last = NULL;
    double part = 0, cost, saved = 0, could = -1; /* of the loss at the cheapest: so far; by the relaxation */

    j->bound = total(j, k.at, &cost);
    if (k.left < 0) {
        err_set(e, "the least that the tensors can become costs %.0f, the budget is %.0f", budget - k.left, budget);
        n = 0;
    }
    for (uint64_t i = 0; i < n && !last; i++) {
        double more = dearer(&k, edge[i].tensor, edge[i].to);

        if (stuck[edge[i].tensor])
            continue;
        if (more <= k.left) {
            k.left -= more;
            k.at[edge[i].tensor] = edge[i].to;
            saved += edge[i].slope * more;
            continue;
        }
        could = could < 0 ? saved + edge[i].slope * k.left : could;
        if (fraction) {
            last = &edge[i];
            part = k.left / more;
        } else {
            stuck[edge[i].tensor] = 1; /* its later steps begin where this one ends */
        }
    }
    if (k.left >= 0 && !fraction)
        fill(&k);
    if (same && total(j, same, &cost) < total(j, k.at, &(double){0}) && cost <= budget)
        for (int i = 0; i < j->n; i++)
            k.at[i] = same[i];
    j->bound -= could < 0 ? saved : could;
    j->sum = total(j, k.at, &cost);
    for (int i = 0; i < j->n; i++)
        settle(&j->t[i], k.at[i], last && last->tensor == i ? last->to : k.at[i], part);
    free(edge);
    free(stuck);
    free(k.at);
    return k.left < 0 ? -1 : 0;
}

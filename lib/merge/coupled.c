#include "merge/coupled.h"

#include <stdlib.h>
#include <string.h>

#define OUTERS 6

struct outer {
    int root;
    uint64_t n, step; /* indices of the axis that one more of it is on; 0: it is no part of the axis */
    int64_t only;     /* the expert that the tensor is of, or -1 */
};

/* One tensor's axis that bears a class. */
struct bearer {
    int root;
    struct coupled_axis axis;
    struct outer outer[OUTERS];
    int outers;
};

struct bearers {
    struct bearer *at;
    size_t n;
};

static struct bearer *add(struct bearers *all)
{
    if ((all->n & (all->n - 1)) == 0) /* full at powers of two */
        all->at = mem_resize(all->at, all->n ? 2 * all->n : 1, sizeof *all->at);
    memset(&all->at[all->n], 0, sizeof *all->at);
    return &all->at[all->n++];
}

/* Axis `axis` of the weight, which is rows (0) or columns (1) of tensor t. */
static int bear(struct bearers *all, const struct classes *c, const struct bundle *b, size_t t,
                const struct arch_weight *w, int axis, int side, struct err *e)
{
    const struct arch_axis *x = &w->axis[axis];
    int64_t layer = w->section == 1 ? b->layer : -1;
    uint64_t width = 1, have = side ? b->cols : b->rows;
    int node[OUTERS];

    for (int i = 0; i < x->atoms; i++) {
        const struct class_use *u = i < OUTERS ? classes_use(c, w, layer, axis, i) : NULL;

        if (!u)
            return 0;
        node[i] = u->node;
        width *= c->size[u->node];
    }
    if (have != width)
        return err_set(e, "%s: its %s are %llu, the model's keys say %llu", b->name, side ? "columns" : "rows",
                       (unsigned long long)have, (unsigned long long)width);
    for (int i = 0; i < x->atoms; i++) {
        uint64_t step = width;
        struct bearer *r = add(all);

        r->root = classes_root(c, node[i]);
        if (w->axes == 3)
            r->outer[r->outers++] =
                (struct outer){classes_root(c, classes_use(c, w, layer, 0, 0)->node), 1, 0, b->expert};
        for (int k = 0; k < i && r->outers < OUTERS; k++) {
            step /= c->size[node[k]];
            r->outer[r->outers++] = (struct outer){classes_root(c, node[k]), c->size[node[k]], step, -1};
        }
        r->axis = (struct coupled_axis){t, side, 0, step / c->size[node[i]]};
    }
    return 0;
}

/* All axes of one tensor: of a matrix rows and columns, of a vector and of a bias its elements. */
static int bear_all(struct bearers *all, const struct classes *c, const struct model *m, const struct bundle *b,
                    size_t t, struct err *e)
{
    int bias, first;
    const struct arch_weight *w = b->role ? arch_weight(m->arch, b->role, &bias) : NULL;

    if (!w)
        return 0;
    first = w->axes == 3;
    if (bias || w->axes - first == 1)
        return bear(all, c, b, t, w, first, 1, e);
    return bear(all, c, b, t, w, first, 0, e) < 0 || bear(all, c, b, t, w, first + 1, 1, e) < 0 ? -1 : 0;
}

static const struct outer *outer_of(const struct bearer *r, int root)
{
    for (int i = 0; i < r->outers; i++)
        if (r->outer[i].root == root)
            return &r->outer[i];
    return NULL;
}

/* The outer axes that all bearers of a class lie inside. */
static int common(const struct bearers *all, int root, struct outer out[OUTERS])
{
    const struct bearer *first = NULL;
    int n = 0;

    for (size_t i = 0; i < all->n && !first; i++)
        first = all->at[i].root == root ? &all->at[i] : NULL;
    for (int k = 0; first && k < first->outers; k++) {
        int everywhere = 1;

        for (size_t i = 0; i < all->n; i++)
            everywhere &= all->at[i].root != root || outer_of(&all->at[i], first->outer[k].root) != NULL;
        if (everywhere)
            out[n++] = first->outer[k];
    }
    return n;
}

static void put(struct coupled *g, struct coupled_axis a)
{
    g->axis = mem_resize(g->axis, (size_t)g->axes + 1, sizeof *g->axis);
    g->axis[g->axes++] = a;
}

/* The bearer at one index of each common axis, and at every index of its others. */
static void place(struct coupled *g, const struct bearer *r, const struct outer *shared, int n, const uint64_t *index)
{
    struct coupled_axis a = r->axis;
    uint64_t others = 1;

    for (int k = 0; k < n; k++) {
        const struct outer *o = outer_of(r, shared[k].root);

        if (o->only >= 0 && (uint64_t)o->only != index[k])
            return;
        a.first += o->step * index[k];
    }
    for (int k = 0; k < r->outers; k++) {
        int is_shared = 0;

        for (int i = 0; i < n; i++)
            is_shared |= shared[i].root == r->outer[k].root;
        if (!is_shared)
            others *= r->outer[k].n;
    }
    for (uint64_t i = 0; i < others; i++) {
        struct coupled_axis here = a;
        uint64_t left = i;

        for (int k = r->outers; k-- > 0;) {
            int is_shared = 0;

            for (int j = 0; j < n; j++)
                is_shared |= shared[j].root == r->outer[k].root;
            if (is_shared)
                continue;
            here.first += left % r->outer[k].n * r->outer[k].step;
            left /= r->outer[k].n;
        }
        put(g, here);
    }
}

/* All groups of a class, appended. */
static int groups_of(const struct bearers *all, const struct classes *c, int root, struct coupled **group, int n)
{
    struct outer shared[OUTERS];
    int count = common(all, root, shared);
    uint64_t index[OUTERS] = {0}, total = 1;

    for (int k = 0; k < count; k++) {
        if (shared[k].only >= 0)
            shared[k].n = c->size[shared[k].root];
        total *= shared[k].n;
    }
    for (uint64_t t = 0; t < total; t++) {
        uint64_t left = t;
        struct coupled g = {.n = c->size[root]};

        for (int k = count; k-- > 0;) {
            index[k] = left % shared[k].n;
            left /= shared[k].n;
        }
        for (size_t i = 0; i < all->n; i++)
            if (all->at[i].root == root)
                place(&g, &all->at[i], shared, count, index);
        *group = mem_resize(*group, (size_t)n + 1, sizeof **group);
        (*group)[n++] = g;
    }
    return n;
}

int coupled_groups(const struct bundle *b, size_t count, const struct model *m, struct coupled **group, struct err *e)
{
    struct bearers all = {0};
    struct classes c;
    int n = 0, rc;

    *group = NULL;
    if (classes_make(m, &c, e) < 0)
        return -1;
    rc = 0;
    for (size_t t = 0; t < count && rc == 0; t++)
        rc = bear_all(&all, &c, m, &b[t], t, e);
    for (int r = 0; r < c.nodes && rc == 0; r++)
        if (c.parent[r] == r && !c.pinned[r] && c.size[r] > 1)
            n = groups_of(&all, &c, r, group, n);
    free(all.at);
    classes_free(&c);
    return rc < 0 ? -1 : n;
}

void coupled_free(struct coupled *group, int n)
{
    for (int i = 0; group && i < n; i++)
        free(group[i].axis);
    free(group);
}

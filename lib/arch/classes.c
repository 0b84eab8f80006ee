#include "arch/classes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define ATOMS 6

/* The axes of a value: nodes, outer to inner. */
struct axes {
    int node[ATOMS], n;
};

struct walker {
    const struct model *m;
    struct classes *c;
    const struct walk *w;
    struct axes *value; /* of w */
    struct err *e;
};

static int new_node(struct classes *c, uint64_t size)
{
    if ((c->nodes & (c->nodes - 1)) == 0) { /* full at powers of two */
        size_t room = c->nodes ? 2 * (size_t)c->nodes : 1;

        c->parent = mem_resize(c->parent, room, sizeof *c->parent);
        c->pinned = mem_resize(c->pinned, room, sizeof *c->pinned);
        c->size = mem_resize(c->size, room, sizeof *c->size);
    }
    c->parent[c->nodes] = c->nodes;
    c->pinned[c->nodes] = 0;
    c->size[c->nodes] = size;
    return c->nodes++;
}

int classes_root(const struct classes *c, int node)
{
    while (c->parent[node] != node)
        node = c->parent[node];
    return node;
}

int classes_pinned(const struct classes *c, int node)
{
    return c->pinned[classes_root(c, node)];
}

static void pin(struct classes *c, int node)
{
    c->pinned[classes_root(c, node)] = 1;
}

static void pin_all(struct classes *c, const struct axes *a)
{
    for (int i = 0; i < a->n; i++)
        pin(c, a->node[i]);
}

static void join(struct classes *c, int a, int b)
{
    a = classes_root(c, a);
    b = classes_root(c, b);
    if (a == b)
        return;
    if (b < a) { /* the older stays the root, so that numbers do not depend on the way */
        int t = a;

        a = b;
        b = t;
    }
    c->parent[b] = a;
    c->pinned[a] |= c->pinned[b];
}

const struct class_use *classes_use(const struct classes *c, const struct arch_weight *w, int64_t layer, int axis,
                                    int atom)
{
    for (int i = c->uses; i-- > 0;)
        if (c->use[i].weight == w && c->use[i].layer == layer && c->use[i].axis == axis && c->use[i].atom == atom)
            return &c->use[i];
    return NULL;
}

static int add_use(struct walker *k, const struct arch_weight *w, int64_t layer, int axis, int atom)
{
    const struct class_use *have = classes_use(k->c, w, layer, axis, atom);
    struct class_use *u;
    double size;

    if (have)
        return have->node;
    if (model_eval(k->m, w->axis[axis].atom[atom].size, layer, &size, k->e) < 0)
        return -1;
    if ((k->c->uses & (k->c->uses - 1)) == 0)
        k->c->use = mem_resize(k->c->use, k->c->uses ? 2 * (size_t)k->c->uses : 1, sizeof *k->c->use);
    u = &k->c->use[k->c->uses++];
    *u = (struct class_use){w, layer, axis, atom, new_node(k->c, (uint64_t)size)};
    return u->node;
}

/* The nodes of a weight's axis; of a tied head those of the embedding. -1 with e set. */
static int axis_of(struct walker *k, const struct arch_weight *w, int axis, struct axes *out)
{
    int64_t layer = w->section == 1 ? k->w->layer : -1;

    *out = (struct axes){.n = 0};
    for (int i = 0; i < w->axis[axis].atoms && i < ATOMS; i++)
        if ((out->node[out->n++] = add_use(k, w, layer, axis, i)) < 0)
            return -1;
    return 0;
}

/* Two lists of axes are one; where they are cut otherwise, neither may be permuted. */
static int meet(struct walker *k, const struct axes *a, const struct axes *b)
{
    if (a->n != b->n) {
        pin_all(k->c, a);
        pin_all(k->c, b);
        return 0;
    }
    for (int i = 0; i < a->n; i++) {
        if (k->c->size[a->node[i]] != k->c->size[b->node[i]])
            return err_set(k->e, "axes of %llu and %llu meet", (unsigned long long)k->c->size[a->node[i]],
                           (unsigned long long)k->c->size[b->node[i]]);
        join(k->c, a->node[i], b->node[i]);
    }
    return 0;
}

static int linear(struct walker *k, const struct walk_step *s, struct axes *out)
{
    struct axes in, expert;
    int first = s->weight->axes - 2;

    if (axis_of(k, s->weight, first, out) < 0 || axis_of(k, s->weight, first + 1, &in) < 0)
        return -1;
    if (first == 1) {
        if (axis_of(k, s->weight, 0, &expert) < 0)
            return -1;
        pin_all(k->c, &expert);
    }
    return meet(k, &k->value[s->in[0]], &in);
}

/* A gain over all of a value, or over its last axes. */
static int norm(struct walker *k, const struct walk_step *s, struct axes *out)
{
    const struct axes *x = &k->value[s->in[0]];
    struct axes gain, tail = {.n = 0};

    *out = *x;
    if (axis_of(k, s->weight, 0, &gain) < 0)
        return -1;
    if (gain.n > x->n) {
        pin_all(k->c, x);
        pin_all(k->c, &gain);
        return 0;
    }
    for (int i = x->n - gain.n; i < x->n; i++)
        tail.node[tail.n++] = x->node[i];
    return meet(k, &tail, &gain);
}

static int attention(struct walker *k, const struct walk_step *s, struct axes *out)
{
    const struct axes *q = &k->value[s->in[0]], *key = &k->value[s->in[1]], *v = &k->value[s->in[2]];
    struct axes sink;
    double slopes = 0;

    if (walk_number(k->m, k->w, s, "alibi", &slopes, k->e) < 0)
        return -1;
    if (key->n != 2 || v->n != 2 || (q->n != 3 && q->n != 2)) { /* heads are not told apart */
        pin_all(k->c, q);
        pin_all(k->c, key);
        pin_all(k->c, v);
        *out = *v;
        return 0;
    }
    join(k->c, q->node[0], key->node[0]);
    join(k->c, q->node[0], v->node[0]);
    join(k->c, q->node[q->n - 1], key->node[1]);
    *out = *q;
    out->node[out->n - 1] = v->node[1];
    if (slopes != 0)
        for (int i = 0; i + 1 < q->n; i++)
            pin(k->c, q->node[i]);
    if (s->extra && axis_of(k, s->extra, 0, &sink) == 0)
        for (int i = 0; i < sink.n && i + 1 < q->n; i++)
            join(k->c, sink.node[i], q->node[i]);
    return 0;
}

static int step(struct walker *k, const struct walk_step *s)
{
    struct axes *out = &k->value[s->out], other;

    switch (s->op) {
    case WALK_embed:
        if (axis_of(k, s->weight, 0, &other) < 0 || axis_of(k, s->weight, 1, out) < 0)
            return -1;
        pin_all(k->c, &other);
        return 0;
    case WALK_position:
        *out = k->value[s->in[0]];
        if (axis_of(k, s->weight, 0, &other) < 0)
            return -1;
        pin_all(k->c, &other);
        return axis_of(k, s->weight, 1, &other) < 0 ? -1 : meet(k, out, &other);
    case WALK_linear:
        return linear(k, s, out);
    case WALK_rmsnorm:
    case WALK_layernorm:
        return norm(k, s, out);
    case WALK_attention:
        return attention(k, s, out);
    case WALK_rope:
        *out = k->value[s->in[0]];
        if (out->n)
            pin(k->c, out->node[out->n - 1]);
        return 0;
    case WALK_join: /* parts of heads: their channels stay */
        *out = k->value[s->in[0]];
        if (out->n)
            pin(k->c, out->node[out->n - 1] = new_node(k->c, 0));
        pin_all(k->c, &k->value[s->in[0]]);
        pin_all(k->c, &k->value[s->in[1]]);
        return 0;
    case WALK_mul:
    case WALK_add:
        *out = k->value[s->in[0]];
        return meet(k, out, &k->value[s->in[1]]);
    case WALK_route:
        *out = k->value[s->in[0]];
        pin_all(k->c, out);
        if (s->extra && axis_of(k, s->extra, 0, &other) == 0)
            pin_all(k->c, &other);
        return 0;
    default:
        *out = s->ins ? k->value[s->in[0]] : (struct axes){.n = 0};
        return 0;
    }
}

/* One walk, from the axes of x to those of x behind it; what y is made of is the vocabulary, or what a reader of states
 * sees, and stays. */
static int run(struct walker *k, struct axes *x)
{
    const struct walk *w = k->w;
    int rc = 0;

    k->value = mem_new((size_t)w->values + 1, sizeof *k->value);
    if (w->values)
        k->value[0] = *x;
    for (int i = 0; i < w->steps && rc == 0; i++)
        if (step(k, &w->step[i]) < 0)
            rc = err_in(k->e, "%s:%d", STEP_FILE(k->m->arch, w->step[i].from), w->step[i].from->line);
    if (rc == 0 && w->x >= 0)
        *x = k->value[w->x];
    if (rc == 0 && w->y >= 0)
        pin_all(k->c, &k->value[w->y]);
    free(k->value);
    return rc;
}

/* A tied head is the embedding. */
static void tie(struct walker *k)
{
    const struct arch *a = k->m->arch;

    for (int i = 0; i < a->weights; i++) {
        const struct arch_weight *w = &a->weight[i], *to = w->tied ? arch_weight(a, w->tied, NULL) : NULL;

        for (int axis = 0; to && axis < w->axes && axis < to->axes; axis++)
            for (int t = 0; t < w->axis[axis].atoms && t < to->axis[axis].atoms; t++) {
                const struct class_use *x = classes_use(k->c, w, -1, axis, t), *y = classes_use(k->c, to, -1, axis, t);

                if (x && y)
                    join(k->c, x->node, y->node);
            }
    }
}

static int walk_and_run(struct walker *k, int64_t layer, struct axes *x)
{
    struct walk w;
    int rc = layer == -1             ? walk_before(k->m, &w, k->e)
             : layer == k->m->layers ? walk_after(k->m, &w, k->e)
                                     : walk_layer(k->m, layer, &w, k->e);

    if (rc < 0)
        return -1;
    k->w = &w;
    rc = run(k, x);
    k->w = NULL;
    walk_free(&w);
    return rc;
}

int classes_make(const struct model *m, struct classes *c, struct err *e)
{
    struct walker k = {.m = m, .c = c, .e = e};
    struct axes x = {.n = 0};
    int rc = 0;

    memset(c, 0, sizeof *c);
    for (int64_t l = -1; l <= m->layers && rc == 0; l++)
        rc = walk_and_run(&k, l, &x);
    if (rc == 0)
        tie(&k);
    else
        classes_free(c);
    return rc;
}

void classes_free(struct classes *c)
{
    free(c->parent);
    free(c->pinned);
    free(c->size);
    free(c->use);
    memset(c, 0, sizeof *c);
}

/* layout: where in a stored tensor its weights lie: digits of the weights' axes, with strides. */
#include <stdio.h>
#include <string.h>

#include "arch/layout.h"

#define DIGITS 12

struct digit {
    const char *text; /* of the atom */
    uint64_t n, stride;
};

/* A walk through one stored tensor's dims for one weight. */
struct walk {
    const struct model *m;
    const struct arch_store *row;
    int64_t layer;
    const struct arch_weight *w; /* that is looked for */
    int bias;
    const char *role; /* its role, with ".bias" */
    struct digit digit[DIGITS];
    int digits;
    uint64_t base;
    struct err *e;
};

static int atom_value(const struct walk *k, const struct expr *x, const char *text, uint64_t *out)
{
    double v;

    if (!x)
        return err_set(k->e, "the page of '%s' does not say its size", k->m->arch->name);
    if (model_eval(k->m, x, k->layer, &v, k->e) < 0)
        return -1;
    if (!(v >= 1 && v <= 0x1p31) || v != (double)(uint64_t)v)
        return err_set(k->e, "%s is %.10g; a whole number above 0 is needed", text, v);
    *out = (uint64_t)v;
    return 0;
}

/* Is this atom of a weight named in the layout itself, outside of roles? */
static int names_atom(const struct arch_node *n, const char *text)
{
    if (n->kind == NODE_SIZE && strcmp(n->text, text) == 0)
        return 1;
    for (int i = 0; i < n->kids; i++)
        if (names_atom(&n->kid[i], text))
            return 1;
    return 0;
}

static int row_names(const struct arch_store *r, const char *text)
{
    for (int i = 0; i < r->dims; i++)
        if (names_atom(&r->dim[i], text))
            return 1;
    return 0;
}

/* The atoms of a weight's axes that the layout leaves to its role, outer first; a bias has no inputs. Returns how many.
 * */
static int rest(const struct walk *k, const struct arch_weight *w, int bias, const struct arch_atom *out[DIGITS])
{
    int n = 0, axes = bias && w->axes > 1 ? w->axes - 1 : w->axes;

    for (int i = 0; i < axes; i++)
        for (int j = 0; j < w->axis[i].atoms && n < DIGITS; j++)
            if (!row_names(k->row, w->axis[i].atom[j].text))
                out[n++] = &w->axis[i].atom[j];
    return n;
}

static int node_size(const struct walk *k, const struct arch_node *n, uint64_t *out)
{
    const struct arch_atom *left[DIGITS];
    const struct arch_weight *w;
    uint64_t v;
    int bias, atoms;

    if (n->kind == NODE_SIZE)
        return atom_value(k, n->size, n->text, out);
    *out = n->kind == NODE_SUM ? 0 : 1;
    if (n->kind == NODE_ROLE) {
        w = arch_weight(k->m->arch, n->text, &bias);
        atoms = rest(k, w, bias || k->bias, left);
        for (int i = 0; i < atoms; i++) {
            if (atom_value(k, left[i]->size, left[i]->text, &v) < 0)
                return -1;
            *out *= v;
        }
        return 0;
    }
    for (int i = 0; i < n->kids; i++) {
        if (node_size(k, &n->kid[i], &v) < 0)
            return -1;
        *out = n->kind == NODE_SUM ? *out + v : *out * v;
    }
    return 0;
}

static int is_role(const struct walk *k, const struct arch_node *n)
{
    size_t len = strlen(k->w->role);

    return n->kind == NODE_ROLE &&
           (strcmp(n->text, k->role) == 0 || (k->bias && strcmp(n->text, k->w->role) == 0 && n->text[len] == '\0'));
}

static int holds(const struct walk *k, const struct arch_node *n)
{
    if (is_role(k, n))
        return 1;
    for (int i = 0; i < n->kids; i++)
        if (holds(k, &n->kid[i]))
            return 1;
    return 0;
}

static int any_role(const struct arch_node *n)
{
    if (n->kind == NODE_ROLE)
        return 1;
    for (int i = 0; i < n->kids; i++)
        if (any_role(&n->kid[i]))
            return 1;
    return 0;
}

static int add_digit(struct walk *k, const char *text, uint64_t n, uint64_t stride)
{
    if (k->digits == DIGITS)
        return err_set(k->e, "%s lies in too many pieces", k->role);
    k->digit[k->digits++] = (struct digit){text, n, stride};
    return 0;
}

/* Atoms behind one another, the last with this stride. */
static int run_of(struct walk *k, const struct arch_atom *const *atom, int n, uint64_t stride)
{
    for (int i = n; i-- > 0;) {
        uint64_t v;

        if (atom_value(k, atom[i]->size, atom[i]->text, &v) < 0 || add_digit(k, atom[i]->text, v, stride) < 0)
            return -1;
        stride *= v;
    }
    return 0;
}

static int locate(struct walk *k, const struct arch_node *n, uint64_t stride)
{
    const struct arch_atom *left[DIGITS];
    uint64_t v;

    switch (n->kind) {
    case NODE_SIZE:
        return atom_value(k, n->size, n->text, &v) < 0 ? -1 : add_digit(k, n->text, v, stride);
    case NODE_ROLE:
        return run_of(k, left, rest(k, k->w, k->bias, left), stride);
    case NODE_SUM:
        for (int i = 0; i < n->kids; i++) {
            if (holds(k, &n->kid[i]))
                return locate(k, &n->kid[i], stride);
            if (node_size(k, &n->kid[i], &v) < 0)
                return -1;
            k->base += v * stride;
        }
        return 0;
    case NODE_PRODUCT:
        for (int i = n->kids; i-- > 0;) {
            if (locate(k, &n->kid[i], stride) < 0 || node_size(k, &n->kid[i], &v) < 0)
                return -1;
            stride *= v;
        }
    }
    return 0;
}

/* Does this dim stand in the stored tensor of a bias? Dims of inputs do not. */
static int dim_of_bias(const struct walk *k, const struct arch_node *n)
{
    int last = k->w->axes - 1;

    if (any_role(n) || k->w->axes == 1)
        return 1;
    for (int i = 0; i < k->w->axis[last].atoms; i++)
        if (names_atom(n, k->w->axis[last].atom[i].text))
            return 0;
    return 1;
}

/* A row without dims: the weight's own axes in their order; of a file for each expert without the first. */
static int plain(struct walk *k, int by_expert, struct shape *stored)
{
    int axes = k->bias && k->w->axes > 1 ? k->w->axes - 1 : k->w->axes, first = by_expert && k->w->axes == 3;
    uint64_t stride = 1, v;

    stored->rank = axes - first;
    for (int i = axes; i-- > first;) {
        uint64_t all = 1;

        for (int j = k->w->axis[i].atoms; j-- > 0;) {
            const struct arch_atom *t = &k->w->axis[i].atom[j];

            if (atom_value(k, t->size, t->text, &v) < 0 || add_digit(k, t->text, v, stride) < 0)
                return -1;
            stride *= v;
            all *= v;
        }
        stored->dim[i - first] = all;
    }
    return 0;
}

static int laid_out(struct walk *k, struct shape *stored)
{
    uint64_t stride = 1, v;
    int kept[4], n = 0;

    for (int i = 0; i < k->row->dims; i++)
        if (!k->bias || dim_of_bias(k, &k->row->dim[i]))
            kept[n++] = i;
    stored->rank = n;
    for (int i = n; i-- > 0;) {
        const struct arch_node *d = &k->row->dim[kept[i]];

        if (locate(k, d, stride) < 0 || node_size(k, d, &v) < 0)
            return -1;
        stored->dim[i] = v;
        stride *= v;
    }
    return 0;
}

static const struct digit *digit_of(const struct walk *k, const char *text)
{
    for (int i = 0; i < k->digits; i++)
        if (strcmp(k->digit[i].text, text) == 0)
            return &k->digit[i];
    return NULL;
}

/* The digits of an axis, outer to inner, into a view. */
static int axis_digits(const struct walk *k, const struct arch_axis *x, struct view_digit *out, int *n)
{
    for (int j = 0; j < x->atoms; j++) {
        const struct digit *d = digit_of(k, x->atom[j].text);

        if (!d)
            return err_set(k->e, "%s: the layout does not say where %s is", k->role, x->atom[j].text);
        if (*n == VIEW_DIGITS)
            return err_set(k->e, "%s lies in too many pieces", k->role);
        out[(*n)++] = (struct view_digit){d->n, d->stride};
    }
    return 0;
}

/* From digits to the view of an expert (or of all, -1), and the shape of the weight. */
static int finish(struct walk *k, int64_t expert, int by_expert, struct arch_part *p)
{
    const struct arch_weight *w = k->w;
    int first = w->axes == 3, axes = k->bias && w->axes > 1 ? w->axes - 1 : w->axes, vector = axes - first == 1;
    const struct digit *d;

    p->view = (struct view){.base = k->base};
    if (first && !by_expert) {
        if (!(d = digit_of(k, w->axis[0].atom[0].text)))
            return err_set(k->e, "%s: the layout does not say where %s is", k->role, w->axis[0].atom[0].text);
        if (expert < 0 || (uint64_t)expert >= d->n)
            return err_set(k->e, "%s: there is no expert %lld of %llu", k->role, (long long)expert,
                           (unsigned long long)d->n);
        p->view.base += (uint64_t)expert * d->stride;
    }
    if (!vector && axis_digits(k, &w->axis[first], p->view.row, &p->view.rows) < 0)
        return -1;
    if (axis_digits(k, &w->axis[axes - 1], p->view.col, &p->view.cols) < 0)
        return -1;
    view_simplify(&p->view);
    p->shape = (struct shape){.rank = vector ? 1 : 2,
                              .dim = {vector ? view_cols(&p->view) : view_rows(&p->view), view_cols(&p->view)}};
    p->expert = first ? expert : -1;
    p->layer = k->layer;
    p->f32 = w->f32 || k->bias || w->axes == 1;
    p->role = k->bias ? w->bias_role : w->role;
    return 0;
}

int arch_part_of(const struct model *m, const struct arch_place *at, const struct arch_weight *w, int bias,
                 int64_t expert, struct arch_part *p, struct shape *stored, struct err *e)
{
    char role[64];
    struct walk k = {.m = m, .row = at->row, .layer = at->layer, .w = w, .bias = bias, .role = role, .e = e};
    int by_expert = at->row->name[at->form] && strchr(at->row->name[at->form], '@') != NULL;

    snprintf(role, sizeof role, "%s%s", w->role, bias ? ".bias" : "");
    memset(stored, 0, sizeof *stored);
    if ((at->row->dims ? laid_out(&k, stored) : plain(&k, by_expert, stored)) < 0 ||
        finish(&k, expert, by_expert, p) < 0)
        return -1;
    p->whole = view_whole(&p->view, shape_count(stored)) && (stored->rank == p->shape.rank);
    return 0;
}

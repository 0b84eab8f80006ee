/* layout: where in a stored tensor its weights lie: digits of the weights' axes, with strides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/place.h"
#include "base/mem.h"

#define DIGITS 12

struct digit {
    const char *text;  /* of the atom */
    uint64_t n, stride;
};

/* A walk through one stored tensor's dims for one weight. */
struct walk {
    const struct model *m;
    const struct arch_store *row;
    int64_t layer;
    const struct arch_weight *w; /* that is looked for */
    int bias;
    const char *role;            /* its role, with ".bias" */
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

/* The atoms of a weight's axes that the layout leaves to its role, outer first; a bias has no inputs. Returns how many. */
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

    return n->kind == NODE_ROLE && (strcmp(n->text, k->role) == 0 || (k->bias && strcmp(n->text, k->w->role) == 0 && n->text[len] == '\0'));
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
    case NODE_SIZE: return atom_value(k, n->size, n->text, &v) < 0 ? -1 : add_digit(k, n->text, v, stride);
    case NODE_ROLE: return run_of(k, left, rest(k, k->w, k->bias, left), stride);
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
            return err_set(k->e, "%s: there is no expert %lld of %llu", k->role, (long long)expert, (unsigned long long)d->n);
        p->view.base += (uint64_t)expert * d->stride;
    }
    if (!vector && axis_digits(k, &w->axis[first], p->view.row, &p->view.rows) < 0)
        return -1;
    if (axis_digits(k, &w->axis[axes - 1], p->view.col, &p->view.cols) < 0)
        return -1;
    view_simplify(&p->view);
    p->shape = (struct shape){.rank = vector ? 1 : 2, .dim = {vector ? view_cols(&p->view) : view_rows(&p->view), view_cols(&p->view)}};
    p->expert = first ? expert : -1;
    p->layer = k->layer;
    p->f32 = w->f32 || k->bias || w->axes == 1;
    p->role = k->bias ? w->bias_role : w->role;
    return 0;
}

/* Where the weight lies in the row's tensor. */
static int part_of(const struct model *m, const struct arch_place *at, const struct arch_weight *w, int bias, int64_t expert, struct arch_part *p,
                   struct shape *stored, struct err *e)
{
    char role[64];
    struct walk k = {.m = m, .row = at->row, .layer = at->layer, .w = w, .bias = bias, .role = role, .e = e};
    int by_expert = at->row->name[at->form] && strchr(at->row->name[at->form], '@') != NULL;

    snprintf(role, sizeof role, "%s%s", w->role, bias ? ".bias" : "");
    memset(stored, 0, sizeof *stored);
    if ((at->row->dims ? laid_out(&k, stored) : plain(&k, by_expert, stored)) < 0 || finish(&k, expert, by_expert, p) < 0)
        return -1;
    p->whole = view_whole(&p->view, shape_count(stored)) && (stored->rank == p->shape.rank);
    return 0;
}

/* Every role of a tree, in its order. */
static void roles_of(const struct arch_node *n, const char **out, int *count)
{
    if (n->kind == NODE_ROLE && *count < 8)
        out[(*count)++] = n->text;
    for (int i = 0; i < n->kids; i++)
        roles_of(&n->kid[i], out, count);
}

static int place_roles(const struct arch_place *p, const char **out)
{
    int n = 0;

    if (p->row->role) {
        out[0] = p->row->role;
        return 1;
    }
    for (int i = 0; i < p->row->dims; i++)
        roles_of(&p->row->dim[i], out, &n);
    return n;
}

struct order {
    uint64_t key;
    int i;
};

static int by_key(const void *a, const void *b)
{
    const struct order *x = a, *y = b;

    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->i - y->i;
}

static void sort(const struct arch *a, struct arch_part *p, int n)
{
    struct order *o = mem_new((size_t)n + 1, sizeof *o);
    struct arch_part *copy = mem_new((size_t)n + 1, sizeof *copy);

    memcpy(copy, p, (size_t)n * sizeof *p);
    for (int i = 0; i < n; i++)
        o[i] = (struct order){arch_order(a, p[i].role, p[i].layer, p[i].expert), i};
    qsort(o, (size_t)n, sizeof *o, by_key);
    for (int i = 0; i < n; i++)
        p[i] = copy[o[i].i];
    free(copy);
    free(o);
}

static int add_parts(const struct model *m, const struct arch_place *at, const char *role, const struct shape *stored, struct arch_part **out, int *n,
                     struct err *e)
{
    int bias, by_expert = strchr(at->row->name[at->form], '@') != NULL;
    const struct arch_weight *w = arch_weight(m->arch, role, &bias);
    int64_t from = at->expert, to = at->expert + 1;
    struct shape want;
    char is[200], must[200];

    if (!w)
        return err_set(e, "%s is no weight of the page", role);
    if (w->axes == 3 && !by_expert) {
        struct shape all;

        if (model_axes(m, w, 0, at->layer, &all, e) < 0)
            return -1;
        from = 0;
        to = (int64_t)all.dim[0];
    } else if (w->axes < 3) {
        from = -1;
        to = 0;
    }
    *out = mem_resize(*out, (size_t)*n + (size_t)(to - from) + 1, sizeof **out);
    for (int64_t x = from; x < to; x++) {
        if (part_of(m, at, w, bias || at->bias, x, &(*out)[*n], &want, e) < 0)
            return -1;
        if (!shape_equal(&want, stored))
            return err_set(e, "it is %s, the configuration says %s", shape_text(stored, is), shape_text(&want, must));
        ++*n;
    }
    return 0;
}

int arch_parts(const struct model *m, const struct arch_place *p, const struct shape *stored, struct arch_part **out, int *n, struct err *e)
{
    const char *role[8];
    int roles = place_roles(p, role);

    *out = NULL;
    *n = 0;
    for (int i = 0; i < roles; i++)
        if (add_parts(m, p, role[i], stored, out, n, e) < 0) {
            free(*out);
            *out = NULL;
            return -1;
        }
    sort(m->arch, *out, *n);
    return 0;
}

/* Does the row hold this role? */
static int row_holds(const struct arch_store *r, const struct arch_weight *w, int bias)
{
    struct arch_place p = {.row = r};
    const char *role[8];
    int n = place_roles(&p, role);
    size_t len = strlen(w->role);

    for (int i = 0; i < n; i++)
        if (strncmp(role[i], w->role, len) == 0 && (role[i][len] == '\0' || (bias && strcmp(role[i] + len, ".bias") == 0)))
            return 1;
    return 0;
}

int arch_place_holds(const struct arch_place *p, const struct arch_weight *w)
{
    return row_holds(p->row, w, p->bias);
}

/* "layers.#.mlp.experts.@.up_proj" filled in. */
static char *fill_name(const struct arch *a, const struct arch_place *p)
{
    const char *s = p->row->name[p->form], *prefix = p->form == ARCH_HF && !p->row->rooted[ARCH_HF] && a->prefix ? a->prefix[0] : "";
    struct buf b = {0};
    char *text;

    buf_puts(&b, prefix);
    for (; *s; s++)
        if (*s == '#')
            buf_printf(&b, "%lld", (long long)p->layer);
        else if (*s == '@')
            buf_printf(&b, "%lld", (long long)p->expert);
        else
            buf_add(&b, s, 1);
    if (!p->row->bare[p->form])
        buf_puts(&b, p->bias ? ".bias" : ".weight");
    text = mem_strdup(buf_str(&b));
    buf_free(&b);
    return text;
}

/* A bias in a row of its own ("gate_up_proj_bias!") is not in the row of the weight. */
static int own_bias_row(const struct arch_store *r, const struct arch_weight *w)
{
    struct arch_place p = {.row = r};
    const char *role[8];
    int n = place_roles(&p, role);

    for (int i = 0; i < n; i++)
        if (strncmp(role[i], w->role, strlen(w->role)) == 0 && strcmp(role[i] + strlen(w->role), ".bias") == 0)
            return 1;
    return 0;
}

/* m NULL: guards do not count. */
static int first_row(const struct arch *a, const struct model *m, enum arch_form form, const struct arch_weight *w, int bias, struct arch_place *p)
{
    for (int pass = bias ? 0 : 1; pass < 2; pass++)
        for (int i = 0; i < a->stores; i++) {
            const struct arch_store *r = &a->store[i];
            struct err e;
            double yes;

            if (!r->name[form] || !row_holds(r, w, bias) || own_bias_row(r, w) != (pass == 0) || (pass && bias && r->bare[form]))
                continue;
            if (m && r->guard && (model_eval(m, r->guard, p->layer, &yes, &e) < 0 || yes == 0))
                continue;
            p->row = r;
            p->form = form;
            p->bias = bias;
            return 1;
        }
    return 0;
}

char *arch_name_in(const struct arch *a, enum arch_form form, const char *role, int64_t layer, int64_t expert)
{
    struct arch_place p = {.layer = layer, .expert = expert};
    struct arch_part part = {.layer = layer, .expert = expert};
    int bias;
    const struct arch_weight *w = arch_weight(a, role, &bias);
    char *stored, *name;

    if (!w || !first_row(a, NULL, form, w, bias, &p))
        return NULL;
    part.role = bias ? w->bias_role : w->role;
    part.whole = p.row->role && (!p.row->dims || w->axes < 3) && (w->axes < 3 || strchr(p.row->name[form], '@'));
    if (w->axes == 3 && strchr(p.row->name[form], '@'))
        part.expert = -1;
    stored = fill_name(a, &p);
    name = arch_part_name(stored, &part);
    free(stored);
    return name;
}

int arch_target(const struct model *m, enum arch_form form, const char *name, const char *role, int64_t layer, int64_t expert,
                struct arch_target *out, struct err *e)
{
    struct arch_place own, p = {.layer = layer, .expert = expert};
    struct arch_part part;
    int bias, known = arch_place(m->arch, m, name, &own);

    memset(out, 0, sizeof *out);
    out->from = known ? own.form : form;
    if (!(out->weight = arch_weight(m->arch, role, &bias)))
        return 0;
    out->bias = bias;
    if (known && own.form == form) {
        p.row = own.row;
        p.form = form;
        p.bias = own.bias;
        out->name = arch_stored_name(name);
    } else if (!first_row(m->arch, m, form, out->weight, bias, &p)) {
        return 0;
    } else {
        out->name = fill_name(m->arch, &p);
    }
    if (known && own.form == form && arch_is_one(m->arch, &p)) { /* as it was: its own shape counts */
        out->whole = 1;
        return 1;
    }
    if (part_of(m, &p, out->weight, bias, expert, &part, &out->stored, e) < 0) {
        err_in(e, "%s", out->name);
        free(out->name);
        out->name = NULL;
        return -1;
    }
    out->view = part.view;
    out->whole = part.whole;
    return 1;
}

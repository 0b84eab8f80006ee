/* parts: the weights of a stored tensor, in the order of the page, and the tensor of a weight. */
#include <stdlib.h>
#include <string.h>

#include "arch/layout.h"
#include "base/mem.h"

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

static int add_parts(const struct model *m, const struct arch_place *at, const char *role, const struct shape *stored,
                     struct arch_part **out, int *n, struct err *e)
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
        if (arch_part_of(m, at, w, bias || at->bias, x, &(*out)[*n], &want, e) < 0)
            return -1;
        if (!shape_equal(&want, stored))
            return err_set(e, "it is %s, the configuration says %s", shape_text(stored, is), shape_text(&want, must));
        ++*n;
    }
    return 0;
}

int arch_parts(const struct model *m, const struct arch_place *p, const struct shape *stored, struct arch_part **out,
               int *n, struct err *e)
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
        if (strncmp(role[i], w->role, len) == 0 &&
            (role[i][len] == '\0' || (bias && strcmp(role[i] + len, ".bias") == 0)))
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
    const char *s = p->row->name[p->form],
               *prefix = p->form == ARCH_HF && !p->row->rooted[ARCH_HF] && a->prefix ? a->prefix[0] : "";
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
static int first_row(const struct arch *a, const struct model *m, enum arch_form form, const struct arch_weight *w,
                     int bias, struct arch_place *p)
{
    for (int pass = bias ? 0 : 1; pass < 2; pass++)
        for (int i = 0; i < a->stores; i++) {
            const struct arch_store *r = &a->store[i];
            struct err e;
            double yes;

            if (!r->name[form] || !row_holds(r, w, bias) || own_bias_row(r, w) != (pass == 0) ||
                (pass && bias && r->bare[form]))
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

int arch_target(const struct model *m, enum arch_form form, const char *name, const char *role, int64_t layer,
                int64_t expert, struct arch_target *out, struct err *e)
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
    if (arch_part_of(m, &p, out->weight, bias, expert, &part, &out->stored, e) < 0) {
        err_in(e, "%s", out->name);
        free(out->name);
        out->name = NULL;
        return -1;
    }
    out->view = part.view;
    out->whole = part.whole;
    return 1;
}

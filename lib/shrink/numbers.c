#include "shrink/numbers.h"

#include <stdlib.h>
#include <string.h>

#include "arch/axes.h"

#define RELATED_MAX 6 /* numbers that a size is computed from */

static int in_file(const struct arch_number *n)
{
    return n->paths || n->keys;
}

/* Numbers that change together with another one. */
struct related {
    const struct model *m;
    const char *name[64]; /* all that were reached */
    int names;
};

static void reach(struct related *r, const char *name);

static void see(void *ctx, const char *name)
{
    reach(ctx, name);
}

/* A number, and those that its formula has where no file says it. */
static void reach(struct related *r, const char *name)
{
    const struct arch_number *n = arch_number(r->m->arch, name);

    for (int i = 0; i < r->names; i++)
        if (strcmp(r->name[i], name) == 0)
            return;
    if (!n || r->names == 64)
        return;
    r->name[r->names++] = n->name;
    if (!n->paths && n->otherwise)
        expr_names(n->otherwise, see, r);
}

static void reach_all(struct related *r, const char *number)
{
    const struct arch *a = r->m->arch;

    reach(r, number);
    for (int i = 0; i < a->numbers; i++)
        if (axes_same(r->m, number, a->number[i].name))
            reach(r, a->number[i].name);
    for (int i = 0; i < a->weights; i++)
        for (int x = 0; x < a->weight[i].axes; x++)
            for (int k = 0; k < a->weight[i].axis[x].atoms; k++)
                expr_names(a->weight[i].axis[x].atom[k].size, see, r);
}

/* Of those reached: what a file says and what can be scaled by left / units. */
static int scalable(const struct related *r, const char *number, uint64_t units, uint64_t left,
                    const char *out[RELATED_MAX])
{
    int n = 0;

    for (int i = 0; i < r->names && n < RELATED_MAX; i++) {
        const struct arch_number *a = arch_number(r->m->arch, r->name[i]);
        double v = model_number(r->m, r->name[i], -1, 0) * (double)left / (double)units;

        if (strcmp(r->name[i], number) != 0 && in_file(a) && !a->each && !a->list && v >= 1 && v < 0x1p63 &&
            v == (double)(int64_t)v)
            out[n++] = r->name[i];
    }
    return n;
}

/* The value of a formula, whatever the head says of it; otherwise when there is none. */
static double by_formula(const struct attrs *head, const struct arch_number *n, double otherwise)
{
    struct attrs without = {0};
    struct model m;
    struct err e;
    double v = otherwise;

    attrs_copy(&without, head);
    attrs_drop(&without, n->name);
    if (model_bind(&m, &without, &e) == 0) {
        v = model_number(&m, n->name, -1, otherwise);
        model_close(&m);
    }
    attrs_free(&without);
    return v;
}

/* Numbers that the head has by their formulas have the formulas' values again: those that no file says, or all. */
static void refresh(const struct model *was, struct attrs *now, int all)
{
    for (int i = 0; i < was->arch->numbers; i++) {
        const struct arch_number *n = &was->arch->number[i];
        double old = attrs_f64(&was->head, n->name, -1), new;

        if ((all || !n->paths) && n->otherwise && !n->each && !n->list && old >= 0 &&
            by_formula(&was->head, n, -2) == old && (new = by_formula(now, n, old)) != old)
            attrs_set_int(now, n->name, (int64_t) new);
    }
}

static double atom_wanted(const struct model *was, const struct arch_atom *a, int64_t layer, const char *number,
                          double units, double left)
{
    const char *name = expr_name(a->size);
    double v = 0;
    struct err e;

    if (model_eval(was, a->size, layer, &v, &e) < 0)
        return -1;
    return name && axes_same(was, number, name) ? v * left / units : v;
}

static int weight_follows(const struct model *was, const struct model *now, const struct arch_weight *w, int64_t layer,
                          const char *number, double units, double left, struct err *e)
{
    for (int x = 0; x < w->axes; x++)
        for (int k = 0; k < w->axis[x].atoms; k++) {
            const struct arch_atom *a = &w->axis[x].atom[k];
            double want = atom_wanted(was, a, layer, number, units, left), v;

            if (model_eval(now, a->size, layer, &v, e) < 0)
                return -1;
            if (v != want)
                return err_set(e, "%s would be %.10g, %.10g is needed", a->text, v, want);
        }
    return 0;
}

/* Has every weight the size that is wanted? *right: the number itself has. */
static int sizes_follow(const struct model *was, const struct attrs *head, const char *number, uint64_t units,
                        uint64_t left, int *right, struct err *e)
{
    const struct arch *a = was->arch;
    struct model now;
    int rc;

    if (model_open(&now, head, e) < 0)
        return -1;
    *right = now.layers == was->layers && model_number(&now, number, -1, -1) == (double)left;
    rc = *right ? 0
                : err_set(e, "%s would be %.10g, %llu is needed", number, model_number(&now, number, -1, -1),
                          (unsigned long long)left);
    for (int i = 0; i < a->weights && rc == 0; i++) {
        const struct arch_weight *w = &a->weight[i];

        for (int64_t l = w->section == 1 ? 0 : -1; l < (w->section == 1 ? was->layers : 0) && rc == 0; l++)
            if (model_has(was, w, 0, l))
                rc = weight_follows(was, &now, w, l, number, (double)units, (double)left, e);
    }
    model_close(&now);
    return rc;
}

static int bits(unsigned v)
{
    return v ? (int)(v & 1) + bits(v >> 1) : 0;
}

int numbers_scale(const struct model *was, const char *number, uint64_t units, uint64_t left, struct attrs *now,
                  struct err *e)
{
    struct related r = {.m = was};
    const char *also[RELATED_MAX];
    struct err first = {0}, why;
    int n, right = 0, told = 0;

    reach_all(&r, number);
    n = scalable(&r, number, units, left, also);
    for (int size = 0; size <= n; size++)
        for (unsigned set = 0; set < 1u << n; set++) {
            struct attrs try = {0};

            if (bits(set) != size)
                continue;
            attrs_copy(&try, now);
            for (int i = 0; i < was->arch->numbers; i++) /* the number, and those that are by default what it is */
                if (in_file(&was->arch->number[i]) && axes_same(was, number, was->arch->number[i].name))
                    attrs_set_int(&try, was->arch->number[i].name, (int64_t)left);
            for (int i = 0; i < n; i++)
                if (set & 1u << i)
                    attrs_set_int(&try, also[i],
                                  (int64_t)(model_number(was, also[i], -1, 0) * (double)left / (double)units));
            refresh(was, &try, 0);
            if (sizes_follow(was, &try, number, units, left, &right, &why) == 0) {
                attrs_free(now);
                *now = try;
                return 0;
            }
            if (size == 0 || (right && !told))
                first = why;
            told |= right;
            attrs_free(&try);
        }
    return err_set(e, "the configuration of architecture '%s' cannot say what would be left: %s", was->arch->name,
                   first.msg);
}

static void slice(struct attrs *now, const char *name, const uint64_t *keep, uint64_t left, int64_t layers)
{
    int n;
    double *list = attrs_list(now, name, &n);

    for (uint64_t i = 0; list && n == layers && i < left; i++)
        list[i] = list[keep[i]];
    if (list && n == layers)
        attrs_set_list(now, name, list, (int)left);
    free(list);
}

/* Does the page's formula give this list? */
static int gives(const struct attrs *head, const char *name, const double *want, uint64_t n)
{
    struct attrs without = {0};
    struct model m;
    struct err e;
    int same = 0;

    attrs_copy(&without, head);
    attrs_drop(&without, name);
    if (model_open(&m, &without, &e) == 0) {
        const double *is = model_list(&m, name);

        same = is && (uint64_t)m.layers == n;
        for (uint64_t i = 0; same && i < n; i++)
            same = is[i] == want[i];
        model_close(&m);
    }
    attrs_free(&without);
    return same;
}

/* What the formula of a list is computed from and a file says. */
struct inputs {
    const struct arch *a;
    const char *name[RELATED_MAX];
    int n;
};

static void see_input(void *ctx, const char *name)
{
    struct inputs *in = ctx;
    const struct arch_number *n = arch_number(in->a, name);

    if (n && in_file(n) && !n->each && in->n < RELATED_MAX && strcmp(name, "layers") != 0)
        in->name[in->n++] = n->name;
}

/* The indices of layers whose value is (or, as not, is not) 0. */
static void set_indices(struct attrs *to, const char *name, const double *want, uint64_t n, int not )
{
    double *list = mem_new(n + 1, sizeof *list);
    int count = 0;

    for (uint64_t i = 0; i < n; i++)
        if ((want[i] != 0) == not )
            list[count++] = (double)i;
    attrs_set_list(to, name, list, count);
    free(list);
}

/* One number set to all it may be, or a list to either set of layers. 1 when the formula then gives the list. */
static int try_input(const struct arch_number *n, const char *name, const double *want, uint64_t left,
                     struct attrs *now)
{
    struct attrs try = {0};

    for (int64_t v = 0; v <= (n->list ? 1 : (int64_t)left); v++) {
        attrs_free(&try);
        attrs_copy(&try, now);
        if (n->list)
            set_indices(&try, n->name, want, left, (int)v);
        else
            attrs_set_int(&try, n->name, v);
        if (gives(&try, name, want, left)) {
            attrs_free(now);
            *now = try;
            return 1;
        }
    }
    attrs_free(&try);
    return 0;
}

/* Set what a list is computed from such that it is this one: one number, or a list beside a number that is 1. */
static int solve(const struct arch *a, const struct arch_number *n, const double *want, uint64_t left,
                 struct attrs *now)
{
    struct inputs in = {.a = a};

    if (gives(now, n->name, want, left))
        return 1;
    expr_names(n->otherwise, see_input, &in);
    for (int i = 0; i < in.n; i++)
        if (try_input(arch_number(a, in.name[i]), n->name, want, left, now))
            return 1;
    for (int i = 0; i < in.n; i++)
        for (int k = 0; k < in.n; k++) {
            struct attrs try = {0};

            if (i == k || arch_number(a, in.name[k])->list)
                continue;
            attrs_copy(&try, now);
            attrs_set_int(&try, in.name[k], 1);
            if (try_input(arch_number(a, in.name[i]), n->name, want, left, &try)) {
                attrs_free(now);
                *now = try;
                return 1;
            }
            attrs_free(&try);
        }
    return 0;
}

/* Lists of layers (no list of the page's `each`) are of the layers that stay, by their new numbers: what formulas make
 * of them is solved for. */
int numbers_layers(const struct model *was, const uint64_t *keep, uint64_t left, struct attrs *now, struct err *e)
{
    const struct arch *a = was->arch;

    attrs_set_int(now, "layers", (int64_t)left);
    for (int i = 0; i < a->numbers; i++)
        if (!a->number[i].list)
            slice(now, a->number[i].name, keep, left, was->layers);
    refresh(was, now, 1);
    for (int i = 0; i < a->numbers; i++) {
        const struct arch_number *n = &a->number[i];
        const double *list = n->each && !in_file(n) && n->otherwise ? model_list(was, n->name) : NULL;
        double *want;
        int ok;

        if (!list)
            continue;
        want = mem_new(left, sizeof *want);
        for (uint64_t k = 0; k < left; k++)
            want[k] = list[keep[k]];
        ok = solve(a, n, want, left, now);
        if (ok && attrs_find(now, n->name))
            attrs_set_list(now, n->name, want, (int)left);
        free(want);
        if (!ok)
            return err_set(e, "the configuration of architecture '%s' cannot say %s of the layers that would be left",
                           a->name, n->name);
    }
    return 0;
}

int numbers_say(const struct buf *config, const struct attrs *now, struct err *e)
{
    struct buf made = {0}, out = {0};
    struct model m;
    int rc = 0;

    if (!config->len) {
        if (model_open(&m, now, e) < 0)
            return -1;
        if (m.arch->classes)
            config_make(&m, NULL, &made);
        model_close(&m);
    }
    if (config->len || made.len)
        rc = config_correct(config->len ? config : &made, now, &out, e);
    buf_free(&made);
    buf_free(&out);
    return rc;
}

int numbers_accepted(const struct model *now, struct err *e)
{
    return model_requires(now, now->arch->require, now->arch->requires, 1, e);
}

#include "shrink/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arch/axes.h"

struct pair {
    const struct model *was, *now;
    struct walk a, b;         /* the same layer of both */
    const struct walk *after; /* of was: behind the layers */
    const char *number;
    struct steps_fixes *fixes;
    struct err *e;
};

static void add_fix(struct pair *p, const struct arch_weight *w, int64_t layer, double factor)
{
    p->fixes->fix = mem_resize(p->fixes->fix, (size_t)p->fixes->n + 1, sizeof *p->fixes->fix);
    p->fixes->fix[p->fixes->n++] = (struct steps_fix){w, layer, factor};
}

/* Is a value read by one step only? */
static int read_once(const struct walk *w, int value)
{
    int reads = 0;

    for (int i = 0; i < w->steps; i++)
        for (int k = 0; k < w->step[i].ins; k++)
            reads += w->step[i].in[k] == value;
    return reads == 1 && (value != w->x || w->y >= 0);
}

/* The step that makes a value, where a factor on its weight is a factor on the value and on nothing else. */
static const struct walk_step *maker(const struct walk *w, int value)
{
    int made;

    for (made = w->value[value].made; made >= 0 && read_once(w, value); made = w->value[value].made) {
        const struct walk_step *s = &w->step[made];

        if (s->weight)
            return s->op == WALK_linear || s->op == WALK_embed || s->op == WALK_rmsnorm || s->op == WALK_layernorm
                       ? s
                       : NULL;
        if (s->op != WALK_rope && s->op != WALK_copy)
            return NULL;
        value = s->in[0];
    }
    return NULL;
}

/* The rows of embed also score the next token: what they are multiplied by is taken out of the last norm's gains. */
static int untie(struct pair *p, double factor)
{
    const struct walk *w = p->after;

    for (int i = 0; i < w->steps; i++)
        if (w->step[i].op == WALK_linear && w->step[i].weight->tied) {
            const struct walk_step *s = maker(w, w->step[i].in[0]);
            double tied = 1;

            if (!s || (s->op != WALK_rmsnorm && s->op != WALK_layernorm))
                return 0;
            if (w->step[i].weight->tied_if && model_eval(p->was, w->step[i].weight->tied_if, -1, &tied, p->e) < 0)
                return 0;
            if (tied != 0)
                add_fix(p, s->weight, -1, 1 / factor);
        }
    return 1;
}

/* Queries times factor, or a scaled value times factor. 1 when a weight takes it. */
static int compensate(struct pair *p, const struct walk_step *s, double factor)
{
    const struct walk_step *by = maker(&p->a, s->in[0]);

    if (!by || !isfinite(factor) || factor == 0)
        return 0;
    add_fix(p, by->weight, p->a.layer, factor);
    return by->op != WALK_embed || untie(p, factor);
}

static int differs(struct pair *p, int i, const struct arch_attr *a)
{
    struct model_at at[2] = {{p->was, p->a.layer}, {p->now, p->b.layer}};
    struct value v[2];

    for (int k = 0; k < 2; k++) {
        struct names names = model_names(&at[k]);

        if (expr_eval(a->value, &names, &v[k], p->e) < 0)
            return err_in(p->e, "%s:%d: %s", p->a.arch->file, p->a.step[i].from->line, a->name);
    }
    if (v[0].kind != v[1].kind)
        return 1;
    if (v[0].kind == VALUE_WORD)
        return strcmp(v[0].word, v[1].word) != 0;
    return v[0].number != v[1].number;
}

static int attribute(struct pair *p, int i, const struct arch_attr *a)
{
    const struct walk_step *s = &p->a.step[i];
    int other = a->value ? differs(p, i, a) : 0;
    const char *name = other > 0 ? expr_name(a->value) : NULL;
    double was, now;

    if (other <= 0 ||
        (name && p->number && axes_same(p->was, p->number, name))) /* join each=heads: it counts what is cut */
        return other < 0 ? -1 : 0;
    if (walk_number(p->was, &p->a, s, a->name, &was, p->e) < 0 ||
        walk_number(p->now, &p->b, &p->b.step[i], a->name, &now, p->e) < 0)
        return -1;
    if ((s->op == WALK_attention && strcmp(a->name, "scale") == 0) ||
        (s->op == WALK_scale && strcmp(a->name, "by") == 0))
        if (compensate(p, s, was / now))
            return 0;
    return err_set(p->e, "%s:%d: %s of %s is %.6g, of what would be left %.6g, and no weight can make up for it",
                   p->a.arch->file, s->from->line, a->name, walk_op_name[s->op], was, now);
}

/* ALiBi: slopes go by the count of heads. */
static int alibi(struct pair *p, const struct walk_step *s)
{
    const struct arch_axis *x;
    double slope = 0;
    int made = s->op == WALK_attention ? axes_made_by(&p->a, s->in[0]) : -1;

    if (made < 0 || !p->number || walk_number(p->was, &p->a, s, "alibi", &slope, p->e) <= 0 || slope == 0)
        return 0;
    x = &p->a.step[made].weight->axis[0];
    for (int k = 0; k < x->atoms; k++)
        if (axes_same(p->was, p->number, x->atom[k].text))
            return err_set(p->e, "%s:%d: the slopes of ALiBi go by the number of heads, so heads cannot go",
                           p->a.arch->file, s->from->line);
    return 0;
}

static double route_number(struct pair *p, const struct walk_step *s, const char *attr, double otherwise)
{
    double v;

    return walk_number(p->now, &p->b, s, attr, &v, p->e) > 0 ? v : otherwise;
}

/* Are the experts that are left enough for the route, and do they fill its groups? */
static int route(struct pair *p, const struct walk_step *s)
{
    const char *name = axes_experts(&p->b), *score = walk_word(p->now, &p->b, s, "gscore", "sum", p->e);
    double left, groups, chosen, top, least;

    if (s->op != WALK_route || !name || !score)
        return 0;
    left = model_number(p->now, name, p->b.layer, 0);
    groups = route_number(p, s, "groups", 1);
    chosen = groups > 1 ? route_number(p, s, "gtop", groups) : 1;
    top = route_number(p, s, "top", 1);
    least = route_number(p, s, "gsum", strcmp(score, "max") == 0 ? 1 : 2); /* of a group so many are added up */
    if (groups > 1 && (fmod(left, groups) != 0 || left / groups < least))
        return err_set(p->e, "%s:%d: %.10g experts are no %.10g groups of the same size of at least %.10g",
                       p->a.arch->file, s->from->line, left, groups, least);
    if (top > chosen * left / (groups > 1 ? groups : 1))
        return err_set(p->e, "%s:%d: each token asks for %.10g experts, %.10g would be left to choose from",
                       p->a.arch->file, s->from->line, top, chosen * left / (groups > 1 ? groups : 1));
    return 0;
}

static int same_steps(struct pair *p)
{
    int same = p->a.steps == p->b.steps, rc = 0;

    for (int i = 0; same && i < p->a.steps; i++)
        same = p->a.step[i].from == p->b.step[i].from;
    if (!same)
        return err_set(p->e, "the steps of layer %lld would be others", (long long)p->a.layer);
    for (int i = 0; rc == 0 && i < p->a.steps; i++) {
        const struct walk_step *s = &p->a.step[i];

        rc = alibi(p, s) < 0 || route(p, &p->b.step[i]) < 0 ? -1 : 0;
        for (int k = 0; rc == 0 && k < s->from->attrs; k++)
            rc = attribute(p, i, &s->from->attr[k]);
    }
    return rc;
}

/* One layer of both, or what stands before or behind them. */
static int compare(struct pair *p, int (*walk_it)(const struct model *, struct walk *, struct err *), int64_t was,
                   int64_t now)
{
    int rc = walk_it ? walk_it(p->was, &p->a, p->e) : walk_layer(p->was, was, &p->a, p->e);

    if (rc < 0)
        return -1;
    rc = walk_it ? walk_it(p->now, &p->b, p->e) : walk_layer(p->now, now, &p->b, p->e);
    if (rc == 0) {
        rc = same_steps(p);
        walk_free(&p->b);
    }
    walk_free(&p->a);
    return rc;
}

int steps_compare(const struct model *was, const struct model *now, const uint64_t *keep, const char *number,
                  struct steps_fixes *fixes, struct err *e)
{
    struct pair p = {.was = was, .now = now, .number = number, .fixes = fixes, .e = e};
    struct walk after;
    int rc;

    if (walk_after(was, &after, e) < 0)
        return -1;
    p.after = &after;
    rc = compare(&p, walk_before, 0, 0);
    for (int64_t i = 0; rc == 0 && i < now->layers; i++)
        rc = compare(&p, NULL, keep ? (int64_t)keep[i] : i, i);
    if (rc == 0)
        rc = compare(&p, walk_after, 0, 0);
    walk_free(&after);
    return rc;
}

double steps_factor(const struct steps_fixes *f, const struct arch_weight *w, int64_t layer)
{
    double factor = 1;

    for (int i = 0; i < f->n; i++)
        if (f->fix[i].weight == w && f->fix[i].layer == layer)
            factor *= f->fix[i].factor;
    return factor;
}

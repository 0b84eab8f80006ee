#include "arch/axes.h"

#include <math.h>
#include <string.h>

int axes_same(const struct model *m, const char *number, const char *other)
{
    const struct arch_number *n = arch_number(m->arch, other);
    const char *is = n && n->otherwise ? expr_name(n->otherwise) : NULL;

    if (strcmp(number, other) == 0)
        return 1;
    return is && strcmp(is, number) == 0 && model_number(m, number, -1, -1) == model_number(m, other, -1, -2);
}

struct seen {
    const struct model *m;
    const char *number;
    int found;
};

static void see(void *ctx, const char *name)
{
    struct seen *s = ctx;

    s->found |= axes_same(s->m, s->number, name);
}

/* One axis: 1 and *u where the number stands on it. */
static int on_axis(const struct model *m, const struct arch_weight *w, const struct arch_axis *x, int64_t layer,
                   const char *number, struct axes_units *u, struct err *e)
{
    int found = 0;

    u->outer = u->n = u->inner = 1;
    for (int k = 0; k < x->atoms; k++) {
        const char *name = x->atom[k].size ? expr_name(x->atom[k].size) : NULL;
        struct seen s = {m, number, 0};
        double v;

        if (!x->atom[k].size)
            return err_set(e, "%s: the page does not say its sizes", w->role);
        if (model_eval(m, x->atom[k].size, layer, &v, e) < 0)
            return err_in(e, "%s", w->role);
        if (!(v >= 1 && v <= 0x1p31) || v != floor(v))
            return err_set(e, "%s: its size %s is %.10g; a whole number from 1 to 2^31 is needed", w->role,
                           x->atom[k].text, v);
        expr_names(x->atom[k].size, see, &s);
        if (s.found && (!name || found))
            return err_set(e, "%s: units of %s cannot be told from its size %s", w->role, number, x->atom[k].text);
        if (s.found) {
            u->n = (uint64_t)v;
            found = 1;
        } else {
            *(found ? &u->inner : &u->outer) *= (uint64_t)v;
        }
    }
    return found;
}

int axes_units(const struct model *m, const struct arch_weight *w, int bias, int64_t layer, const char *number,
               struct axes_units at[2], struct err *e)
{
    int first = w->axes == 3, last = w->axes - (bias && w->axes > 1), n = 0;

    for (int i = first; i < last; i++) {
        int got = on_axis(m, w, &w->axis[i], layer, number, &at[n], e);

        if (got < 0)
            return -1;
        at[n].axis = last - first == 1 ? 1 : i - first;
        n += got;
    }
    return n;
}

const char *axes_experts(const struct walk *w)
{
    for (int i = 0; i < w->steps; i++)
        if (w->step[i].weight && w->step[i].weight->axes == 3)
            return w->step[i].weight->axis[0].atom[0].text;
    return NULL;
}

/* Ops that leave units what they are, element by element. */
static int elementwise(enum walk_op op)
{
    return op == WALK_act || op == WALK_mul || op == WALK_clamp || op == WALK_offset || op == WALK_scale ||
           op == WALK_copy;
}

/* Ops between the linears and attention that leave heads heads. */
static int by_head(enum walk_op op)
{
    return op == WALK_rope || op == WALK_join || op == WALK_rmsnorm || op == WALK_layernorm || elementwise(op);
}

static int bears(const struct arch_weight *weight, const char *number)
{
    const struct arch_axis *x = &weight->axis[weight->axes == 3];

    for (int k = 0; k < x->atoms; k++)
        if (strcmp(x->atom[k].text, number) == 0)
            return 1;
    return 0;
}

static void add_maker(struct axes_group *g, const struct arch_weight *weight)
{
    for (int i = 0; i < g->makers; i++)
        if (g->maker[i] == weight)
            return;
    if (g->makers < AXES_MAKERS)
        g->maker[g->makers++] = weight;
}

/* From a value back to the linears that make it. -1: there is something else on the way; else how many ops that make
 * channels were passed. */
static int trace(const struct walk *w, int value, enum axes_kind kind, struct axes_group *g)
{
    int made = w->value[value].made, passed = 0;
    const struct walk_step *s = made >= 0 ? &w->step[made] : NULL;

    if (!s)
        return -1;
    if (s->op == WALK_linear) {
        if (bears(s->weight, g->number))
            add_maker(g, s->weight);
        return 0;
    }
    if (kind == AXES_HEADS ? !by_head(s->op) : !elementwise(s->op))
        return -1;
    for (int i = s->ins; i-- > 0;) { /* mul g u: what is not activated first */
        int got = trace(w, s->in[i], kind, g);

        if (got < 0)
            return -1;
        passed += got;
    }
    return passed + (s->op == WALK_act || s->op == WALK_mul);
}

/* Is this linear the closing one of a group? */
static int closes(const struct walk *w, const struct walk_step *s, enum axes_kind kind, struct axes_group *g)
{
    int made = w->value[s->in[0]].made;

    if (made < 0)
        return 0;
    if (kind == AXES_CHANNELS)
        return trace(w, s->in[0], kind, g) > 0 && g->makers > 0;
    if (w->step[made].op != WALK_attention)
        return 0;
    for (int i = 0; i < 3; i++)
        if (trace(w, w->step[made].in[i], kind, g) < 0)
            return 0;
    return g->makers > 0;
}

int axes_groups(const struct walk *w, enum axes_kind kind, struct axes_group *out, int most, struct err *e)
{
    int n = 0;

    for (int i = 0; i < w->steps && n < most; i++) {
        const struct walk_step *s = &w->step[i];
        const struct arch_axis *x = s->op == WALK_linear ? &s->weight->axis[s->weight->axes - 1] : NULL;
        struct axes_group g = {.closing = s->weight};

        if (!x)
            continue;
        g.number = x->atom[kind == AXES_HEADS ? 0 : x->atoms - 1].text; /* kv_heads.share.head_dim; shared.einter */
        if (!closes(w, s, kind, &g))
            continue;
        if (!arch_number(w->arch, g.number))
            return err_set(e, "%s: its inputs are counted by %s, which is no number of the page", s->weight->role,
                           g.number);
        out[n++] = g;
    }
    return n;
}

const struct arch_weight *axes_expert_closing(const struct walk *w)
{
    for (int i = 0; i < w->steps; i++)
        if (w->step[i].op == WALK_gather) {
            int made = axes_made_by(w, w->step[i].in[0]);

            return made >= 0 && w->step[made].op == WALK_linear ? w->step[made].weight : NULL;
        }
    return NULL;
}

int axes_made_by(const struct walk *w, int value)
{
    int made = w->value[value].made;

    while (made >= 0 && !w->step[made].weight && w->step[made].ins == 1 &&
           (w->step[made].op == WALK_rope || w->step[made].op == WALK_copy))
        made = w->value[w->step[made].in[0]].made;
    return made >= 0 && w->step[made].weight ? made : -1;
}

#include "arch/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const walk_op_name[WALK_OPS] = {
#define OP(name, values, weights, attributes, role) #name,
#include "arch/ops.def"
#undef OP
};

static const struct {
    int values, weights;
    const char *attributes, *role;
} ops[WALK_OPS] = {
#define OP(name, values, weights, attributes, role) {values, weights, attributes, role},
#include "arch/ops.def"
#undef OP
};

struct walker {
    const struct model *m;
    struct walk *w;
    const struct arch_step *at;
    int scatter, gather; /* steps, or -1 */
    struct err *e;
};

/* What is wrong at the page's line; returns -1. */
static int place(const struct walker *k)
{
    return err_in(k->e, "%s:%d", STEP_FILE(k->m->arch, k->at), k->at->line);
}

static int find_op(struct walker *k, enum walk_op *op)
{
    for (int i = 0; i < WALK_OPS; i++)
        if (strcmp(walk_op_name[i], k->at->op) == 0) {
            *op = (enum walk_op)i;
            return 0;
        }
    return err_set(k->e, "op '%s' is not one that runs here", k->at->op);
}

/* The newest value of that name, -1: none. */
static int value_of(const struct walk *w, const char *name)
{
    for (int i = w->values; i-- > 0;)
        if (strcmp(w->value[i].name, name) == 0)
            return w->value[i].made == -2 ? -1 : i;
    return -1;
}

static int new_value(struct walk *w, const char *name, int made)
{
    w->value = mem_resize(w->value, (size_t)w->values + 1, sizeof *w->value);
    w->value[w->values] = (struct walk_value){.name = name, .made = made, .last = -1};
    return w->values++;
}

static int take_values(struct walker *k, struct walk_step *s)
{
    for (; s->ins < ops[s->op].values; s->ins++) {
        const char *name = k->at->in[s->ins];
        int v = name ? value_of(k->w, name) : -1;

        if (v < 0)
            return !name ? err_set(k->e, "%s takes %d values, %d are given", k->at->op, ops[s->op].values, s->ins)
                         : err_set(k->e, "%s is no value that an earlier step made", name);
        s->in[s->ins] = v;
        k->w->value[v].last = k->w->steps;
    }
    return 0;
}

static int take_weight(struct walker *k, const char *role, const struct arch_weight **w)
{
    int bias;

    *w = arch_weight(k->m->arch, role, &bias);
    if (!*w || bias)
        return err_set(k->e, "%s is no weight of this page", role);
    if (!model_has(k->m, *w, 0, k->w->layer))
        return k->w->layer < 0
                   ? err_set(k->e, "%s is read, but this model does not have it", role)
                   : err_set(k->e, "%s is read, but layer %lld does not have it", role, (long long)k->w->layer);
    return 0;
}

static int has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return 1;
    return 0;
}

static int take_weights(struct walker *k, struct walk_step *s)
{
    int given = 0;

    while (given < 3 && k->at->in[given])
        given++;
    if (given != ops[s->op].values + ops[s->op].weights)
        return err_set(k->e, "%s takes %d inputs, %d are given", k->at->op, ops[s->op].values + ops[s->op].weights,
                       given);
    if (ops[s->op].weights && take_weight(k, k->at->in[given - 1], &s->weight) < 0)
        return -1;
    for (int i = 0; i < k->at->attrs; i++) {
        const struct arch_attr *a = &k->at->attr[i];

        if (a->role ? strcmp(a->name, ops[s->op].role) != 0 : !has_word(ops[s->op].attributes, a->name))
            return err_set(k->e, a->role ? "%s takes no weight as %s" : "%s has no attribute %s", k->at->op, a->name);
        if (a->role && take_weight(k, a->role, &s->extra) < 0)
            return -1;
    }
    return 0;
}

/* Between scatter and gather, behind gather, or neither; and whether the ops agree. */
static int set_phase(struct walker *k, struct walk_step *s)
{
    int by_expert = 0;

    for (int i = 0; i < s->ins; i++)
        by_expert |= k->w->value[s->in[i]].expert;
    s->phase = s->op == WALK_scatter || (by_expert && s->op != WALK_gather) ? 1
               : k->gather >= 0 || s->op == WALK_gather                     ? 2
                                                                            : 0;
    for (int i = 0; s->phase == 1 && s->op != WALK_scatter && i < s->ins; i++)
        if (!k->w->value[s->in[i]].expert)
            return err_set(k->e, "%s is a value of all tokens, but stands between scatter and gather",
                           k->w->value[s->in[i]].name);
    if (s->op == WALK_scatter) {
        if (by_expert || k->scatter >= 0)
            return err_set(k->e, "a second scatter in a layer");
        k->scatter = k->w->steps;
    }
    if (s->op == WALK_gather) {
        if (!by_expert || s->in[1] != k->w->step[k->scatter].in[1])
            return err_set(k->e, "gather needs a value that scatter made, and scatter's route");
        k->gather = k->w->steps;
    }
    if (s->weight && (s->weight->axes == 3) != (s->phase == 1))
        return err_set(k->e, "%s is %s", s->weight->role,
                       s->phase == 1 ? "one matrix, but stands between scatter and gather"
                                     : "a matrix for each expert, but does not stand between scatter and gather");
    return 0;
}

static int routed(struct walker *k, const struct walk_step *s)
{
    const struct walk_value *r;

    if (s->op != WALK_scatter)
        return 0;
    r = &k->w->value[s->in[1]];
    if (r->made < 0 || k->w->step[r->made].op != WALK_route)
        return err_set(k->e, "scatter needs what route made, %s is not", r->name);
    k->w->route = r->made;
    return 0;
}

static int one(struct walker *k, enum arch_section section)
{
    struct walk *w = k->w;
    struct walk_step s = {.from = k->at, .section = section};
    double yes;

    if (w->values == WALK_VALUES)
        return err_set(k->e, "more than %d steps", WALK_VALUES);
    if (model_eval(k->m, k->at->guard, w->layer, &yes, k->e) < 0)
        return -1;
    if (yes == 0)
        return 0;
    if (find_op(k, &s.op) < 0 || take_values(k, &s) < 0 || take_weights(k, &s) < 0 || set_phase(k, &s) < 0 ||
        routed(k, &s) < 0)
        return -1;
    s.out = new_value(w, k->at->out, w->steps);
    w->value[s.out].expert = s.phase == 1 || s.op == WALK_scatter;
    w->step = mem_resize(w->step, (size_t)w->steps + 1, sizeof *w->step);
    w->step[w->steps++] = s;
    return 0;
}

/* What lives on behind the last step. */
static void ends(struct walk *w, int last_section)
{
    int i = w->values;

    w->y = -1;
    while (i-- > 0 && strcmp(w->value[i].name, "x") != 0)
        ;
    w->x = i;
    w->value[i].last = w->steps;
    for (i = w->values; last_section && i-- > 0 && w->y < 0;)
        if (strcmp(w->value[i].name, "y") == 0)
            w->y = i;
    if (w->y >= 0)
        w->value[w->y].last = w->steps;
}

static int walk(const struct model *m, int64_t layer, enum arch_section first, enum arch_section last, struct walk *w,
                struct err *e)
{
    struct walker k = {m, w, NULL, -1, -1, e};
    const struct arch *a = m->arch;

    *w = (struct walk){.arch = a, .layer = layer, .y = -1, .middle = 0, .route = -1};
    if (!a->steps[ARCH_BEFORE])
        return err_set(e, "architecture '%s' cannot be run: its page gives names only", a->name);
    new_value(w, "x", first == ARCH_BEFORE ? -2 : -1);
    for (int s = first; s <= (int)last; s++) {
        for (int i = 0; i < a->steps[s]; i++) {
            k.at = &a->step[s][i];
            if (one(&k, (enum arch_section)s) < 0) {
                place(&k);
                walk_free(w);
                return -1;
            }
        }
        if (s == ARCH_ATTENTION)
            w->middle = w->values - 1;
    }
    if (k.scatter >= 0 && k.gather < 0) {
        k.at = w->step[k.scatter].from;
        err_set(e, "no gather follows this scatter");
        place(&k);
        walk_free(w);
        return -1;
    }
    ends(w, last == ARCH_AFTER);
    return 0;
}

int walk_layer(const struct model *m, int64_t layer, struct walk *w, struct err *e)
{
    return walk(m, layer, ARCH_ATTENTION, ARCH_MLP, w, e);
}

int walk_before(const struct model *m, struct walk *w, struct err *e)
{
    return walk(m, -1, ARCH_BEFORE, ARCH_BEFORE, w, e);
}

int walk_after(const struct model *m, struct walk *w, struct err *e)
{
    return walk(m, -1, ARCH_AFTER, ARCH_AFTER, w, e);
}

void walk_free(struct walk *w)
{
    free(w->step);
    free(w->value);
    memset(w, 0, sizeof *w);
}

int walk_reads(const struct walk *w, const char *role)
{
    for (int i = 0; role && i < w->steps; i++)
        if ((w->step[i].weight && strcmp(w->step[i].weight->role, role) == 0) ||
            (w->step[i].extra && strcmp(w->step[i].extra->role, role) == 0))
            return i;
    return -1;
}

static const struct arch_attr *attr_of(const struct walk_step *s, const char *name)
{
    for (int i = 0; i < s->from->attrs; i++)
        if (s->from->attr[i].value && strcmp(s->from->attr[i].name, name) == 0)
            return &s->from->attr[i];
    return NULL;
}

int walk_number(const struct model *m, const struct walk *w, const struct walk_step *s, const char *attr, double *v,
                struct err *e)
{
    const struct arch_attr *a = attr_of(s, attr);

    if (!a)
        return 0;
    if (model_eval(m, a->value, w->layer, v, e) < 0)
        return err_in(e, "%s:%d: %s", STEP_FILE(w->arch, s->from), s->from->line, attr);
    return 1;
}

const char *walk_word(const struct model *m, const struct walk *w, const struct walk_step *s, const char *attr,
                      const char *otherwise, struct err *e)
{
    const struct arch_attr *a = attr_of(s, attr);
    struct model_at at = {m, w->layer};
    struct names names = model_names(&at);
    struct value v;

    if (!a)
        return otherwise;
    if (expr_eval(a->value, &names, &v, e) == 0 && v.kind == VALUE_WORD)
        return v.word;
    err_set(e, "%s:%d: %s is no word", STEP_FILE(w->arch, s->from), s->from->line, attr);
    return NULL;
}

#include "arch/fold.h"

#include <string.h>

/* How many steps read a value; does it live on behind the layer? */
static int read_once(const struct walk *w, int v)
{
    int n = 0;

    for (int i = 0; i < w->steps; i++)
        for (int k = 0; k < w->step[i].ins; k++)
            n += w->step[i].in[k] == v;
    return n == 1 && v != w->x && v != w->y;
}

/* All linears that read a value, through copies. 0: something else reads it, too, or there are none. */
static int readers(const struct walk *w, int v, struct fold *f)
{
    if (v == w->x || v == w->y)
        return 0;
    for (int i = 0; i < w->steps; i++) {
        const struct walk_step *s = &w->step[i];

        for (int k = 0; k < s->ins; k++) {
            if (s->in[k] != v)
                continue;
            if (s->op == WALK_copy) {
                if (!readers(w, s->out, f))
                    return 0;
                continue;
            }
            if (s->op != WALK_linear || f->readers == FOLD_READERS)
                return 0;
            f->reader[f->readers++] = s->weight;
        }
    }
    return f->readers > 0;
}

static const struct walk_step *made_by(const struct walk *w, int v)
{
    return v >= 0 && w->value[v].made >= 0 ? &w->step[w->value[v].made] : NULL;
}

/* The linear that makes a value which nobody else reads. */
static const struct arch_weight *only_linear(const struct walk *w, int v)
{
    const struct walk_step *s = made_by(w, v);

    return s && s->op == WALK_linear && read_once(w, v) ? s->weight : NULL;
}

static int is_relu(const struct walk_step *s)
{
    for (int i = 0; i < s->from->attrs; i++)
        if (strcmp(s->from->attr[i].name, "fn") == 0) {
            const char *name = expr_name(s->from->attr[i].value);

            return name && strcmp(name, "relu") == 0;
        }
    return 0;
}

static const struct arch_weight *maker(const struct walk *w, int v)
{
    const struct walk_step *s = made_by(w, v);
    const struct arch_weight *m;

    if (!s)
        return NULL;
    switch (s->op) {
    case WALK_rmsnorm:
    case WALK_layernorm:
    case WALK_linear:
        return s->weight;
    case WALK_mul:
        return (m = only_linear(w, s->in[1])) ? m : only_linear(w, s->in[0]);
    case WALK_attention:
        return only_linear(w, s->in[2]);
    case WALK_act:
        return is_relu(s) ? only_linear(w, s->in[0]) : NULL;
    case WALK_copy:
        return read_once(w, s->in[0]) ? maker(w, s->in[0]) : NULL;
    default:
        return NULL;
    }
}

int fold_places(const struct walk *w, struct fold out[FOLDS])
{
    int n = 0;

    for (int v = 0; v < w->values && n < FOLDS; v++) {
        struct fold f = {.maker = maker(w, v), .expert = w->value[v].expert};
        const struct walk_step *s = made_by(w, v);

        if (!f.maker || (s && s->op == WALK_copy) || !readers(w, v, &f))
            continue;
        out[n++] = f;
    }
    return n;
}

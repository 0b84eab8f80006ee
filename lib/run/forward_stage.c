/* forward_stage: a dense stage of a layer over all tokens: batches of whole windows, and the values that live across
 * its experts. */
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "run/forward_int.h"

struct run {
    struct forward *f;
    struct layer *l;
    struct stage *s;
    const struct taps *taps;
    int keep;
    struct batch b;
    float *given[WALK_VALUES];
    float *received, *route;
};

static int64_t heads_of(const struct stage *s)
{
    for (int i = 0; i < s->ops; i++)
        if (s->op[i].step->op == WALK_attention) {
            const struct op_size *q = &s->size[s->op[i].step->in[0]];

            return q->width / q->head;
        }
    return 0;
}

static void run_window(void *ctx, size_t i)
{
    const struct run *r = ctx;
    const struct window *w = r->b.window + i;
    int64_t row = w->start - r->b.window->start;

    stage_run(r->s, r->given, r->f->work, r->b.tokens, row, w->len, w, 1,
              r->received ? r->received + row * heads_of(r->s) : NULL);
}

/* A thread a window when there are windows for all threads, else all threads on every matrix: the same numbers, less
 * waiting. */
static void run_batch(struct run *r)
{
    if (r->received)
        memset(r->received, 0, (size_t)(r->b.tokens * heads_of(r->s)) * sizeof *r->received);
    if (r->b.windows >= par_jobs())
        par_for((size_t)r->b.windows, run_window, r);
    else
        stage_run(r->s, r->given, r->f->work, r->b.tokens, 0, r->b.tokens, r->b.window, r->b.windows, r->received);
}

static float *value_at(const struct run *r, int value)
{
    return stage_at(r->s, value, r->given, r->f->work, r->b.tokens);
}

static void see(const struct run *r)
{
    const struct taps *t = r->taps;

    if (t && r->received)
        t->attend(t->ctx, r->received, heads_of(r->s), r->b.window, r->b.windows);
    for (int v = 0; t && t->see && v < r->l->walk.values; v++)
        if (stage_taps(&r->l->walk, r->s->phase, v))
            t->see(t->ctx, v, &(struct seen){value_at(r, v), r->b.tokens, r->l->size[v].width, r->b.row0, NULL});
}

/* The batch's rows of some states: as give() got them (they may have been written on since), or got now. */
static float *rows_of(const struct run *r, struct states *s, struct err *e)
{
    if (r->s->phase == 0 && s == &r->f->x)
        return r->given[0];
    for (int i = 0; r->s->phase == 2 && i < r->l->keeps; i++)
        if (r->l->kept[i].at == s)
            return r->given[r->l->kept[i].value];
    return states_get(s, r->b.row0, r->b.tokens, e);
}

/* What later stages read goes to its states. */
static int keep_values(const struct run *r, struct err *e)
{
    for (int i = 0; i < r->l->keeps && r->s->phase == 0; i++) {
        struct kept *k = &r->l->kept[i];
        float *to = rows_of(r, k->at, e), *from = value_at(r, k->value);

        if (!to)
            return -1;
        if (to != from)
            memcpy(to, from, (size_t)(r->b.tokens * k->at->width) * sizeof *to);
        if (states_put(k->at, r->b.row0, r->b.tokens, e) < 0)
            return -1;
    }
    return 0;
}

static void keep_route(const struct run *r)
{
    const struct walk *w = &r->l->walk;
    int v = w->route >= 0 ? w->step[w->route].out : -1;

    if (r->route && v >= 0)
        memcpy(r->route + r->b.row0 * r->l->size[v].width, value_at(r, v),
               (size_t)(r->b.tokens * r->l->size[v].width) * sizeof *r->route);
}

/* The last stage: x is the next layer's. */
static int finish_batch(const struct run *r, struct err *e)
{
    const struct walk *w = &r->l->walk;
    const struct taps *t = r->taps;
    float *x = value_at(r, w->x), *to;

    if (t && t->pass)
        t->pass(t->ctx, value_at(r, 0), value_at(r, w->middle), x, r->b.tokens, r->f->x.width);
    if (!r->keep)
        return 0;
    if (!(to = rows_of(r, &r->f->x, e)))
        return -1;
    if (to != x)
        memcpy(to, x, (size_t)(r->b.tokens * r->f->x.width) * sizeof *to);
    return states_put(&r->f->x, r->b.row0, r->b.tokens, e);
}

/* Pointers to what lies outside: x, or what earlier stages kept. */
static int give(struct run *r, struct err *e)
{
    struct layer *l = r->l;

    if (r->s->phase == 0)
        return (r->given[0] = states_get(&r->f->x, r->b.row0, r->b.tokens, e)) ? 0 : -1;
    for (int i = 0; i < l->keeps; i++)
        if (!(r->given[l->kept[i].value] = states_get(l->kept[i].at, r->b.row0, r->b.tokens, e)))
            return -1;
    return 0;
}

int layer_is_last(const struct layer *l, int phase)
{
    return phase == 2 || !l->experts;
}

static int all_batches(struct run *r, struct err *e)
{
    int64_t most = batch_most(r->f), heads = heads_of(r->s);
    int rc = 0;

    work_room(r->f, (size_t)((r->s->room + r->s->lasting) * most));
    if (r->taps && r->taps->attend && heads)
        r->received = mem_new((size_t)(most * heads), sizeof *r->received);
    for (int64_t i = 0; i < r->f->w->n && rc == 0; i += r->b.windows) {
        r->b = batch_at(r->f, i);
        if (give(r, e) < 0) {
            rc = -1;
            break;
        }
        run_batch(r);
        see(r);
        keep_route(r);
        rc = layer_is_last(r->l, r->s->phase) ? finish_batch(r, e) : r->keep ? keep_values(r, e) : 0;
    }
    free(r->received);
    return rc;
}

/* --- what lives how long --- */

/* Does a step of a later phase read the value (scatter: all tokens' rows)? */
static int crosses(const struct walk *w, int v)
{
    for (int i = 0; i < w->steps; i++) {
        const struct walk_step *s = &w->step[i];

        for (int k = 0; k < s->ins; k++)
            if (s->in[k] == v && s->phase > 0 && !(s->op == WALK_scatter && k == 1) && s->op != WALK_gather)
                return !w->value[v].expert && (w->value[v].made < 0 || w->step[w->value[v].made].phase == 0);
    }
    return 0;
}

static int add_kept(struct forward *f, struct layer *l, int v, int in_x, struct err *e)
{
    struct kept *k = &l->kept[l->keeps];

    k->value = v;
    k->at = in_x ? &f->x : &k->own;
    if (!in_x && states_open(&k->own, f->w->tokens, l->size[v].width, f->limit, e) < 0)
        return -1;
    l->keeps++;
    return 0;
}

/* The x of phase 0 takes the place of the layer's own x, where that is not needed any more. */
static int keep_crossing(struct forward *f, struct layer *l, int pass, struct err *e)
{
    const struct walk *w = &l->walk;
    int taken = 0;

    if (pass || crosses(w, 0))
        taken = 1;
    for (int v = w->values; v-- > 0;) {
        int yes = crosses(w, v) || (pass && (v == 0 || v == w->middle)), in_x = v == 0;

        if (!yes)
            continue;
        if (v && !taken && l->size[v].width == f->x.width && strcmp(w->value[v].name, "x") == 0)
            in_x = taken = 1;
        if (add_kept(f, l, v, in_x, e) < 0)
            return -1;
    }
    return 0;
}

static void holds(const struct layer *l, int phase, const struct taps *taps, int keep, char *hold, char *outside)
{
    const struct walk *w = &l->walk;
    int pass = taps && taps->pass;

    memset(hold, 0, WALK_VALUES + 1);
    memset(outside, 0, WALK_VALUES + 1);
    for (int v = 0; v < w->values; v++) {
        hold[v] = (taps && taps->see && stage_taps(w, phase, v)) || (phase == 0 && l->experts && crosses(w, v));
        hold[v] |= pass && (v == 0 || v == w->middle);
    }
    if (w->route >= 0)
        hold[w->step[w->route].out] = 1;
    if (phase == 0)
        outside[0] = hold[0] || !keep ? 1 : 2;
    for (int i = 0; phase == 2 && i < l->keeps; i++)
        outside[l->kept[i].value] = hold[l->kept[i].value] || !keep ? 1 : 2;
    hold[0] |= !keep;
}

int layer_stage(struct forward *f, struct layer *l, int phase, const struct taps *taps, int keep, struct err *e)
{
    struct stage s;
    struct run r = {.f = f, .l = l, .s = &s, .taps = taps, .keep = keep};
    struct op_room room = forward_room(f, &l->walk);
    char hold[WALK_VALUES + 1], outside[WALK_VALUES + 1];
    int route = l->walk.route, rc;

    holds(l, phase, taps, keep, hold, outside);
    if (stage_open(&s, &room, phase, layer_weight, l, l->size, hold, outside, e) < 0)
        return -1;
    if (l->size[l->walk.x].width != f->x.width && layer_is_last(l, phase))
        rc = err_set(e, "layer %lld: its last value is %lld wide, its first %lld", (long long)l->number,
                     (long long)l->size[l->walk.x].width, (long long)f->x.width);
    else
        rc = phase == 0 && l->experts && keep ? keep_crossing(f, l, taps && taps->pass, e) : 0;
    if (rc == 0 && phase == 0 && route >= 0 && keep)
        r.route = mem_new((size_t)(f->w->tokens * l->size[l->walk.step[route].out].width), sizeof *r.route);
    if (rc == 0)
        rc = all_batches(&r, e);
    if (rc == 0 && r.route) {
        l->count = l->size[l->walk.step[route].in[0]].width;
        rc = layer_assign(l, r.route, f->w->tokens, l->size[l->walk.step[route].out].width / 2, e);
    }
    free(r.route);
    stage_free(&s);
    return rc;
}

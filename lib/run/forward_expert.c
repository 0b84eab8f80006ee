/* forward_expert: one expert of a layer over all tokens that go to it. */
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "num/kern.h"
#include "run/forward_int.h"

int layer_assign(struct layer *l, const float *route, int64_t tokens, int64_t top, struct err *e)
{
    int64_t *at;

    if (tokens > UINT32_MAX)
        return err_set(e, "%lld tokens are more than experts can be given", (long long)tokens);
    l->start = mem_new((size_t)l->count + 2, sizeof *l->start);
    l->token = mem_new((size_t)(tokens * top) + 1, sizeof *l->token);
    l->weight = mem_new((size_t)(tokens * top) + 1, sizeof *l->weight);
    at = l->start + 1; /* at[x] becomes the end of expert x, which is the start of the next */
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t k = 0; k < top; k++)
            at[(int64_t)route[t * 2 * top + k] + 1]++;
    for (int64_t x = 0; x < l->count; x++)
        at[x + 1] += at[x];
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t k = 0; k < top; k++) {
            int64_t to = at[(int64_t)route[t * 2 * top + k]]++;

            l->token[to] = (uint32_t)t;
            l->weight[to] = route[t * 2 * top + top + k];
        }
    return 0;
}

static const struct walk_step *step_of(const struct walk *w, enum walk_op op)
{
    for (int i = 0; i < w->steps; i++)
        if (w->step[i].op == op)
            return &w->step[i];
    return NULL;
}

static struct states *kept_at(struct layer *l, int value)
{
    for (int i = 0; i < l->keeps; i++)
        if (l->kept[i].value == value)
            return l->kept[i].at;
    return NULL;
}

/* The gathered sums, zeros before the first expert. */
static struct states *sums(struct forward *f, struct layer *l, int value, int64_t width, struct err *e)
{
    struct kept *k = &l->kept[l->keeps];

    if (kept_at(l, value))
        return kept_at(l, value);
    *k = (struct kept){.value = value, .at = &k->own};
    if (states_open(&k->own, f->w->tokens, width, f->limit, e) < 0)
        return NULL;
    l->keeps++;
    return &k->own;
}

/* Rows of listed tokens. */
struct some {
    struct states *all;
    const uint32_t *token;
    const float *weight;
    float *x;
    int64_t width;
};

static void copy_row(void *ctx, size_t i)
{
    const struct some *s = ctx;

    memcpy(s->x + i * (size_t)s->width, s->all->all + (size_t)s->token[i] * (size_t)s->width,
           (size_t)s->width * sizeof *s->x);
}

static void add_row(void *ctx, size_t i)
{
    const struct some *s = ctx;

    kern_axpy(s->weight[i], s->x + i * (size_t)s->width, s->all->all + (size_t)s->token[i] * (size_t)s->width,
              (size_t)s->width);
}

static int fetch(const struct some *s, int64_t n, struct err *e)
{
    if (s->all->all) {
        par_for((size_t)n, copy_row, (void *)(uintptr_t)s);
        return 0;
    }
    for (int64_t i = 0; i < n; i++) {
        const float *row = states_get(s->all, s->token[i], 1, e);

        if (!row)
            return -1;
        memcpy(s->x + i * s->width, row, (size_t)s->width * sizeof *row);
    }
    return 0;
}

static int add(const struct some *s, int64_t n, struct err *e)
{
    if (s->all->all) {
        par_for((size_t)n, add_row, (void *)(uintptr_t)s);
        return 0;
    }
    for (int64_t i = 0; i < n; i++) {
        float *row = states_get(s->all, s->token[i], 1, e);

        if (!row)
            return -1;
        kern_axpy(s->weight[i], s->x + i * s->width, row, (size_t)s->width);
        if (states_put(s->all, s->token[i], 1, e) < 0)
            return -1;
    }
    return 0;
}

struct expert {
    struct forward *f;
    struct layer *l;
    struct stage s;
    const struct walk_step *scatter, *gather;
    const struct taps *taps;
    int64_t number;
    int keep;
};

static void see(const struct expert *x, const uint32_t *token, int64_t from, int64_t n)
{
    const struct taps *t = x->taps;
    float *none[WALK_VALUES] = {0};

    for (int v = 0; t && t->see && v < x->l->walk.values; v++)
        if (stage_taps(&x->l->walk, 1, v))
            t->see(t->ctx, v,
                   &(struct seen){stage_at(&x->s, v, none, x->f->work, n), n, x->l->size[v].width, token[0], token});
    if (t && t->mix)
        t->mix(t->ctx, x->number, stage_at(&x->s, x->gather->in[0], none, x->f->work, n), x->l->weight + from, n,
               x->l->size[x->gather->in[0]].width);
}

/* Tokens [from, from + n) of its list. */
static int some_tokens(const struct expert *x, int64_t from, int64_t n, struct err *e)
{
    float *none[WALK_VALUES] = {0};
    const struct op_size *size = x->l->size;
    int in = x->scatter->out, out = x->gather->in[0];
    struct some m = {kept_at(x->l, x->scatter->in[0]), x->l->token + from, NULL,
                     stage_at(&x->s, in, none, x->f->work, n), size[in].width};
    struct some d = {NULL, m.token, x->l->weight + from, stage_at(&x->s, out, none, x->f->work, n), size[out].width};

    if (fetch(&m, n, e) < 0)
        return -1;
    stage_run(&x->s, none, x->f->work, n, 0, n, NULL, 0, NULL);
    see(x, m.token, from, n);
    if (!x->keep)
        return 0;
    d.all = sums(x->f, x->l, x->gather->out, d.width, e);
    return !d.all ? -1
           : d.all->width == d.width
               ? add(&d, n, e)
               : err_set(e, "layer %lld: expert %lld gives %lld values, others %lld", (long long)x->l->number,
                         (long long)x->number, (long long)d.width, (long long)d.all->width);
}

/* Every weight that an expert has must be there, even when no token goes to it. */
static int open_stage(struct expert *x, struct err *e)
{
    struct op_room room = forward_room(x->f, &x->l->walk);
    char hold[WALK_VALUES + 1] = {0}, outside[WALK_VALUES + 1] = {0};

    for (int v = 0; v < x->l->walk.values; v++)
        hold[v] =
            (x->taps && x->taps->see && stage_taps(&x->l->walk, 1, v)) || v == x->gather->in[0] || v == x->scatter->out;
    return stage_open(&x->s, &room, 1, layer_weight, x->l, x->l->size, hold, outside, e);
}

static int run(struct expert *x, struct err *e)
{
    int64_t from = x->l->start[x->number], to = x->l->start[x->number + 1];

    work_room(x->f, (size_t)((x->s.room + x->s.lasting) * (to - from < BATCH ? to - from : BATCH)));
    if (x->keep && !sums(x->f, x->l, x->gather->out, x->l->size[x->gather->in[0]].width, e))
        return -1;
    for (int64_t n; from < to; from += n) {
        n = to - from < BATCH ? to - from : BATCH;
        if (some_tokens(x, from, n, e) < 0)
            return -1;
    }
    return 0;
}

int layer_expert(struct forward *f, struct layer *l, const struct bundle *b, int n, const struct taps *taps, int keep,
                 struct err *e)
{
    struct expert x = {.f = f, .l = l, .taps = taps, .number = b->expert, .keep = keep};
    int rc;

    if (!l->experts)
        return err_set(e, "%s: layer %lld has no experts", b->name, (long long)l->number);
    if (x.number != l->next || x.number >= l->count || l->ran[2])
        return err_set(e, "%s: expert %lld of layer %lld comes where expert %lld of %lld must come", b->name,
                       (long long)x.number, (long long)l->number, (long long)l->next, (long long)l->count);
    x.scatter = step_of(&l->walk, WALK_scatter);
    x.gather = step_of(&l->walk, WALK_gather);
    rc = layer_take(f, l, b, n, 1, e) < 0 || open_stage(&x, e) < 0 ? -1 : 0;
    if (rc == 0)
        rc = run(&x, e);
    if (rc < 0)
        err_in(e, "expert %lld", (long long)x.number);
    stage_free(&x.s);
    layer_drop(l, f);
    l->next += rc == 0 && keep;
    return rc;
}

/*
 * forward_chain: the sections before and after the layers. Their tensors come one by one, so each step is run over all
 * tokens when its weight is there; a bias that comes behind it is added then, which is the same. Each step reads what
 * the one before it made.
 */
#include <stdlib.h>
#include <string.h>

#include "num/kern.h"
#include "run/forward_int.h"

static const struct walk_step *step_of(const struct chain *c, int i)
{
    return i >= 0 && i < c->walk.steps ? &c->walk.step[i] : NULL;
}

/* Over all tokens: fn(f, ctx, batch, x), x its rows. */
typedef int each_batch(struct forward *f, void *ctx, const struct batch *b, float *x, struct err *e);
static int all_batches(struct forward *f, each_batch *fn, void *ctx, int keep, struct err *e)
{
    struct batch b;

    for (int64_t i = 0; i < f->w->n; i += b.windows) {
        float *x;

        b = batch_at(f, i);
        if (!(x = states_get(&f->x, b.row0, b.tokens, e)) || fn(f, ctx, &b, x, e) < 0 ||
            (keep && states_put(&f->x, b.row0, b.tokens, e) < 0))
            return -1;
    }
    return 0;
}

static int embed_batch(struct forward *f, void *ctx, const struct batch *b, float *x, struct err *e)
{
    const struct bundle *table = ctx;

    for (int64_t t = 0; t < b->tokens; t++)
        if (bundle_rows(table, f->w->input[b->row0 + t], 1, x + t * f->x.width, e) < 0)
            return err_in(e, "%s", table->name);
    return 0;
}

static int embed(struct forward *f, const struct bundle *b, struct err *e)
{
    uint32_t max = windows_max_id(f->w);

    if (max >= b->rows)
        return err_set(e, "%s: token id %lu is not in a vocabulary of %llu", b->name, (unsigned long)max,
                       (unsigned long long)b->rows);
    if (states_open(&f->x, f->w->tokens, (int64_t)b->cols, f->limit, e) < 0)
        return -1;
    return all_batches(f, embed_batch, (void *)(uintptr_t)b, 1, e);
}

/* One op on the states, in place or into states of another width. */
struct job {
    const struct op *o;
    const struct op_size *size;
    const struct taps *taps;
    struct states *to; /* or NULL: in place */
};

static int op_batch(struct forward *f, void *ctx, const struct batch *b, float *x, struct err *e)
{
    struct job *j = ctx;
    float *value[WALK_VALUES + 1] = {0};

    value[j->o->step->in[0]] = value[j->o->step->out] = x;
    if (j->to && !(value[j->o->step->out] = states_get(j->to, b->row0, b->tokens, e)))
        return -1;
    op_run(j->o, &(struct op_rows){value, j->size, b->tokens, b->window, b->windows, NULL});
    (void)f;
    return j->to ? states_put(j->to, b->row0, b->tokens, e) : 0;
}

/* Run a step; w: its weight, or NULL. */
static int run_step(struct forward *f, struct chain *c, const struct walk_step *s, const struct weight *w,
                    struct err *e)
{
    struct op_room room = forward_room(f, &c->walk);
    struct op_size size[WALK_VALUES + 1] = {{0}};
    struct states to;
    struct op o;
    struct job j = {.o = &o, .size = size};
    int rc;

    size[s->in[0]] = (struct op_size){f->x.width, f->x.width};
    if (s->ins != 1 || (s != c->walk.step && s->in[0] != s[-1].out))
        return err_set(e, "%s:%d: a step outside of the layers reads what the step before it made, and nothing else",
                       STEP_FILE(c->walk.arch, s->from), s->from->line);
    if (op_make(&o, &room, s, w, NULL, size, e) < 0)
        return -1;
    if (!op_table[s->op].run)
        return err_set(e, "%s:%d: op '%s' stands outside of the layers", STEP_FILE(c->walk.arch, s->from),
                       s->from->line, walk_op_name[s->op]);
    if (op_table[s->op].in_place)
        return all_batches(f, op_batch, &j, 1, e);
    if (states_open(&to, f->w->tokens, size[s->out].width, f->limit, e) < 0)
        return -1;
    j.to = &to;
    rc = all_batches(f, op_batch, &j, 0, e);
    states_free(rc == 0 ? &f->x : &to);
    if (rc == 0)
        f->x = to;
    return rc;
}

/* Nothing more comes for the step that was run last: did its bias come, where it must have one? */
static int close_step(struct forward *f, struct chain *c, struct err *e)
{
    const struct walk_step *s = step_of(c, c->biased);

    if (s && s->op != WALK_embed && weight_needs_bias(&f->m, s->weight, -1))
        return err_set(e, "the stream has no tensor of role %s", s->weight->bias_role);
    c->biased = -1;
    return 0;
}

/* Steps that need no weights; no bias of one before them can come any more. */
int chain_settle(struct forward *f, struct chain *c, struct err *e)
{
    const struct walk_step *s;

    if (close_step(f, c, e) < 0)
        return -1;
    while ((s = step_of(c, c->next)) && !s->weight) {
        if (run_step(f, c, s, NULL, e) < 0)
            return -1;
        c->next++;
    }
    if (c == &f->before && s)
        return err_set(e, "a layer comes before the tensor of role %s; tsplit writes tensors in the order a model runs",
                       s->weight->role);
    return 0;
}

static int see_batch(struct forward *f, void *ctx, const struct batch *b, float *x, struct err *e)
{
    struct job *j = ctx;

    (void)e;
    j->taps->see(j->taps->ctx, j->o->step->in[0], &(struct seen){x, b->tokens, f->x.width, b->row0, NULL});
    return 0;
}

static int look(struct forward *f, const struct walk_step *s, const struct taps *taps, struct err *e)
{
    struct op o = {.step = s};

    return taps && taps->see && s->op == WALK_linear
               ? all_batches(f, see_batch, &(struct job){.o = &o, .taps = taps}, 0, e)
               : 0;
}

static int bias_batch(struct forward *f, void *ctx, const struct batch *b, float *x, struct err *e)
{
    const struct weight *w = ctx;

    (void)e;
    for (int64_t t = 0; t < b->tokens; t++)
        kern_add(x + t * f->x.width, w->bias, x + t * f->x.width, (size_t)f->x.width);
    return 0;
}

/* A table of positions: only the rows that windows need are taken. */
static int take_positions(struct forward *f, struct chain *c, const struct walk_step *s, const struct bundle *b,
                          struct weight *w, struct err *e)
{
    double row = -1, skip = 0;
    uint64_t from, n;

    if (walk_number(&f->m, &c->walk, s, "row", &row, e) < 0 || walk_number(&f->m, &c->walk, s, "skip", &skip, e) < 0)
        return -1;
    from = (uint64_t)(row >= 0 ? row : skip);
    n = row >= 0 ? 1 : (uint64_t)f->w->longest;
    if (b->rows < from || b->rows - from < n)
        return row >= 0 ? err_set(e, "%s: it has %llu rows, row %llu is needed", b->name, (unsigned long long)b->rows,
                                  (unsigned long long)from)
                        : err_set(e, "%s: windows of %lld tokens are longer than its %llu positions", b->name,
                                  (long long)f->w->longest, (unsigned long long)(b->rows < from ? 0 : b->rows - from));
    *w = (struct weight){.w = mem_new(n * b->cols, sizeof(float)), .rows = (int64_t)n, .cols = (int64_t)b->cols};
    return bundle_rows(b, from, n, w->w, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

static int take(struct forward *f, struct chain *c, const struct walk_step *s, const struct bundle *b, struct weight *w,
                int bias, struct err *e)
{
    if (s->op == WALK_position)
        return bias ? err_set(e, "%s: positions have no bias", b->name) : take_positions(f, c, s, b, w, e);
    return weight_take(w, &f->m, s->weight, b, bias, f->q8, e);
}

/* The section and step that a role belongs to; -1: none. */
static int find(struct forward *f, const char *role, struct chain **c, int *bias)
{
    const struct arch_weight *w = arch_weight(f->m.arch, role, bias);
    int at = -1;

    *c = &f->before;
    if (w && (at = walk_reads(&f->before.walk, w->role)) < 0) {
        *c = &f->after;
        at = walk_reads(&f->after.walk, w->role);
    }
    return at;
}

static int late(const struct bundle *b, const struct chain *c, int at, int bias, struct err *e)
{
    const struct walk_step *next = step_of(c, c->next);

    if (at < c->next && !bias)
        return err_set(e, "%s: a second tensor of role %s, or it comes too late", b->name, b->role);
    if (bias)
        return err_set(e, "%s: a bias must come right behind its weight", b->name);
    return err_set(e, "%s: it comes before the tensor of role %s; tsplit writes tensors in the order a model runs",
                   b->name, next && next->weight ? next->weight->role : "its layer");
}

static int add_bias(struct forward *f, struct chain *c, const struct walk_step *s, const struct bundle *b,
                    struct err *e)
{
    struct weight w = {0};
    int rc = take(f, c, s, b, &w, 1, e);

    if (rc == 0 && s->op == WALK_rmsnorm)
        rc = err_set(e, "%s: a bias of a norm, which the norms of this architecture do not have", b->name);
    if (rc == 0 && w.bias_n != f->x.width)
        rc = err_set(e, "%s: it has %lld values, the states are %lld wide", b->name, (long long)w.bias_n,
                     (long long)f->x.width);
    if (rc == 0)
        rc = all_batches(f, bias_batch, &w, 1, e);
    weight_free(&w);
    return rc;
}

int chain_unit(struct forward *f, const struct bundle *b, const struct taps *taps, int keep, struct err *e)
{
    struct chain *c;
    struct weight w = {0};
    int bias, at = find(f, b->role, &c, &bias), rc;
    const struct walk_step *s = step_of(c, at);

    if (!s)
        return err_set(e, "%s: a tensor of role %s has no place in the forward pass of architecture '%s'", b->name,
                       b->role, f->m.arch->name);
    f->seen = &c->walk;
    if (c == &f->after && layer_end(f, NULL, e) < 0)
        return -1;
    if (bias && at == c->biased) {
        c->biased = keep ? -1 : c->biased;
        return keep ? add_bias(f, c, s, b, e) : 0;
    }
    if (!bias && at >= c->next && close_step(f, c, e) < 0)
        return -1;
    while (!bias && c->next < at && !step_of(c, c->next)->weight) {
        if (run_step(f, c, step_of(c, c->next), NULL, e) < 0)
            return -1;
        c->next++;
    }
    if (at != c->next || bias)
        return late(b, c, at, bias, e);
    if (s->op != WALK_embed && look(f, s, taps, e) < 0)
        return -1;
    if (!keep || strcmp(s->weight->role, "head") == 0)
        return 0;
    rc = s->op == WALK_embed ? embed(f, b, e) : take(f, c, s, b, &w, 0, e) < 0 || run_step(f, c, s, &w, e) < 0 ? -1 : 0;
    weight_free(&w);
    if (rc < 0)
        return -1;
    c->next++;
    c->biased = at;
    return 0;
}

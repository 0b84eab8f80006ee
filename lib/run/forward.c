#include "run/forward_int.h"

#include <stdlib.h>
#include <string.h>

int forward_open(struct forward *f, const struct attrs *model, const struct windows *w, uint64_t limit, struct err *e)
{
    struct walk layer;
    int64_t context;

    *f = (struct forward){.w = w, .limit = limit, .last_layer = -1, .as = -1, .x.fd = -1};
    if (model_open(&f->m, model, e) < 0)
        return -1;
    if (attrs_find(model, "unsupported"))
        return err_set(e, "this model cannot be run: %s",
                       attrs_str(model, "unsupported", "its configuration asks for more than is known here"));
    for (int64_t i = 0; i < f->m.layers; i++) { /* every layer's guards and ops, before anything is run */
        if (walk_layer(&f->m, i, &layer, e) < 0)
            return -1;
        walk_free(&layer);
    }
    if (walk_before(&f->m, &f->before.walk, e) < 0 || walk_after(&f->m, &f->after.walk, e) < 0)
        return -1;
    f->before.biased = f->after.biased = -1;
    context = model_int(&f->m, "context", INT64_MAX);
    if (w->longest > context && !rope_stretches(&f->m))
        return err_set(e, "windows of %lld tokens are longer than the model's context of %lld", (long long)w->longest,
                       (long long)context);
    return 0;
}

void forward_free(struct forward *f)
{
    layer_free(f);
    states_free(&f->x);
    rope_free(f->ropes);
    walk_free(&f->before.walk);
    walk_free(&f->after.walk);
    if (f->m.arch)
        model_close(&f->m);
    free(f->work);
    memset(f, 0, sizeof *f);
    f->x.fd = -1;
}

struct batch batch_at(const struct forward *f, int64_t first)
{
    struct batch b = {.windows = windows_batch(f->w, first, BATCH), .window = f->w->window + first};
    const struct window *last = b.window + b.windows - 1;

    b.row0 = b.window->start;
    b.tokens = last->start + last->len - b.row0;
    return b;
}

int64_t batch_most(const struct forward *f)
{
    int64_t most = f->w->longest > BATCH ? f->w->longest : BATCH;

    return most > f->w->tokens ? f->w->tokens : most;
}

float *work_room(struct forward *f, size_t floats)
{
    if (floats > f->works) {
        free(f->work);
        f->work = mem_new(floats, sizeof *f->work);
        f->works = floats;
    }
    return f->work ? f->work : (f->work = mem_new(1, sizeof *f->work));
}

struct op_room forward_room(struct forward *f, const struct walk *w)
{
    return (struct op_room){&f->m, w, &f->ropes, f->w->longest};
}

static int unit(struct forward *f, const struct bundle *b, int n, const struct taps *taps, int keep, struct err *e)
{
    if (b->layer < 0)
        return chain_unit(f, b, taps, keep, e);
    if (f->before.next == 0)
        return err_set(e, "layer %lld comes before the embedding; tsplit writes tensors in the order a model runs",
                       (long long)b->layer);
    if (chain_settle(f, &f->before, e) < 0)
        return -1;
    return layer_unit(f, b, n, taps, keep, e);
}

int forward_run(struct forward *f, const struct bundle *b, int n, const struct taps *taps, struct err *e)
{
    return unit(f, b, n, taps, 1, e);
}

int forward_look(struct forward *f, const struct bundle *b, int n, const struct taps *taps, struct err *e)
{
    return unit(f, b, n, taps, 0, e);
}

int forward_settle(struct forward *f, const struct taps *taps, struct err *e)
{
    return layer_end(f, taps, e);
}

static const struct walk_step *linear_of(const struct forward *f, const char *role)
{
    for (int i = 0; role && f->seen && i < f->seen->steps; i++) {
        const struct walk_step *s = &f->seen->step[i];

        if (s->op == WALK_linear && strcmp(s->weight->role, role) == 0)
            return s;
    }
    return NULL;
}

int forward_tap(const struct forward *f, const char *role)
{
    const struct walk_step *s = linear_of(f, role);

    return s ? s->in[0] : -1;
}

int forward_in_mlp(const struct forward *f, const char *role)
{
    const struct walk_step *s = linear_of(f, role);

    return s && s->section == ARCH_MLP;
}

int forward_within(const struct forward *f)
{
    return f->layer && !f->layer->done && f->layer->ran[0];
}

int64_t forward_routed(const struct forward *f, int64_t expert)
{
    const struct layer *l = f->layer;

    return l && l->start && expert >= 0 && expert < l->count ? l->start[expert + 1] - l->start[expert] : 0;
}

int forward_finish(struct forward *f, const struct attrs *tail, struct err *e)
{
    int64_t want = tail ? attrs_int(tail, "layers", f->m.layers) : f->m.layers;
    const struct chain *c = &f->after;

    if (layer_end(f, NULL, e) < 0)
        return -1;
    if (f->blocks != want)
        return err_set(e, "the stream has %lld layers, its head says %lld", (long long)f->blocks, (long long)want);
    if (chain_settle(f, &f->after, e) < 0)
        return -1;
    layer_free(f);
    free(f->work);
    f->work = NULL;
    f->works = 0;
    if (c->next < c->walk.steps && strcmp(c->walk.step[c->next].weight->role, "head") != 0)
        return err_set(e, "the stream has no tensor of role %s", c->walk.step[c->next].weight->role);
    return 0;
}

/* The step that makes scores, or NULL. */
static const struct walk_step *head_step(const struct forward *f)
{
    for (int i = 0; i < f->after.walk.steps; i++)
        if (f->after.walk.step[i].op == WALK_linear && strcmp(f->after.walk.step[i].weight->role, "head") == 0)
            return &f->after.walk.step[i];
    return NULL;
}

int forward_scores(const struct forward *f)
{
    return head_step(f) != NULL;
}

int forward_tied(const struct forward *f)
{
    const struct walk_step *s = head_step(f);
    struct err e;
    double yes = 0;

    return s && s->weight->tied && model_eval(&f->m, s->weight->tied_if, -1, &yes, &e) == 0 && yes != 0;
}

int forward_shape_scores(const struct forward *f, float *y, int64_t n, struct err *e)
{
    const struct walk *w = &f->after.walk;
    const struct walk_step *head = head_step(f);
    struct op_size size[WALK_VALUES + 1];
    float *value[WALK_VALUES + 1];
    struct rope *none = NULL;
    struct op_room room = {&f->m, w, &none, 1};

    for (int v = 0; v < w->values; v++) {
        size[v] = (struct op_size){n, n};
        value[v] = y;
    }
    for (const struct walk_step *s = head + 1; s < w->step + w->steps; s++) {
        struct op o;

        if (!op_table[s->op].in_place || s->weight || s->ins != 1)
            return err_set(e, "%s:%d: op '%s' is not run on scores", STEP_FILE(w->arch, s->from), s->from->line,
                           walk_op_name[s->op]);
        if (op_make(&o, &room, s, NULL, NULL, size, e) < 0)
            return -1;
        op_run(&o, &(struct op_rows){value, size, 1, NULL, 0, NULL});
    }
    return 0;
}

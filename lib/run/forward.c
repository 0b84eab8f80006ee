#include "run/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "run/ops.h"
#include "num/kern.h"

#define BATCH 2048 /* tokens run together: enough to keep matrix products near the peak, little enough to be small beside a layer */

int forward_open(struct forward *f, const struct attrs *model, const struct windows *w, uint64_t limit, struct err *e)
{
    memset(f, 0, sizeof *f);
    f->x.fd = -1;
    f->w = w;
    f->last_layer = -1;
    if (arch_params(model, &f->p, e) < 0)
        return -1;
    if (w->longest > f->p.context)
        return err_set(e, "windows of %lld tokens are longer than the model's context of %lld", (long long)w->longest,
                       (long long)f->p.context);
    if (states_open(&f->x, w->tokens, f->p.hidden, limit, e) < 0)
        return -1;
    if (!f->p.learned_positions)
        f->rope = rope_table(&f->p, w->longest);
    return 0;
}

void forward_free(struct forward *f)
{
    states_free(&f->x);
    free(f->rope);
    f->rope = NULL;
}

/* The batch that begins at a window: its first token and how many there are. Returns its count of windows. */
static int64_t batch_at(const struct forward *f, int64_t first, int64_t *row0, int64_t *tokens)
{
    int64_t n = windows_batch(f->w, first, BATCH);
    const struct window *last = &f->w->window[first + n - 1];

    *row0 = f->w->window[first].start;
    *tokens = last->start + last->len - *row0;
    return n;
}

/* One row of a table added to, or set as, the state of each token: row(token) of b. */
static int add_rows(struct forward *f, const struct bundle *b, int positions, struct err *e)
{
    float *row = mem_new((size_t)f->p.hidden, sizeof *row);
    int64_t row0, tokens;
    int rc = 0;

    for (int64_t i = 0, n; i < f->w->n && rc == 0; i += n) {
        float *x;

        n = batch_at(f, i, &row0, &tokens);
        x = states_get(&f->x, row0, tokens, e);
        rc = x ? 0 : -1;
        for (int64_t k = i; rc == 0 && k < i + n; k++)
            for (int64_t t = 0; t < f->w->window[k].len && rc == 0; t++) {
                int64_t token = f->w->window[k].start + t;
                float *to = x + (token - row0) * f->p.hidden;

                rc = bundle_rows(b, positions ? (uint64_t)t : f->w->input[token], 1, row, e);
                kern_add(to, row, to, (size_t)f->p.hidden);
            }
        if (rc == 0)
            rc = states_put(&f->x, row0, tokens, e);
    }
    free(row);
    return rc;
}

static int is_hidden_wide(const struct forward *f, const struct bundle *b, struct err *e)
{
    return b->cols == (uint64_t)f->p.hidden ? 0
         : err_set(e, "%s: it has %llu columns, the model's hidden size is %lld", b->name, (unsigned long long)b->cols,
                   (long long)f->p.hidden);
}

static int embed(struct forward *f, const struct bundle *b, struct err *e)
{
    uint32_t max = windows_max_id(f->w);

    if (f->embedded++)
        return err_set(e, "%s: a second embedding", b->name);
    if (is_hidden_wide(f, b, e) < 0)
        return -1;
    if (max >= b->rows)
        return err_set(e, "%s: token id %lu is not in a vocabulary of %llu", b->name, (unsigned long)max,
                       (unsigned long long)b->rows);
    return add_rows(f, b, 0, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

static int position(struct forward *f, const struct bundle *b, struct err *e)
{
    if (!f->embedded || f->positioned++)
        return err_set(e, "%s: the table of positions comes %s", b->name, f->embedded ? "twice" : "before the embedding");
    if (is_hidden_wide(f, b, e) < 0)
        return -1;
    if ((uint64_t)f->w->longest > b->rows)
        return err_set(e, "%s: windows of %lld tokens are longer than its %llu positions", b->name, (long long)f->w->longest,
                       (unsigned long long)b->rows);
    return add_rows(f, b, 1, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

/* Room for the largest batch: inputs of the taps, then the layer's own work. */
static void batch_room(const struct forward *f, const struct block *b, const struct taps *taps, struct batch *t)
{
    int64_t most = f->w->longest > BATCH ? f->w->longest : BATCH;

    if (most > f->w->tokens)
        most = f->w->tokens;
    for (int at = 0; at < TAPS; at++)
        t->in[at] = mem_new((size_t)(most * block_tap_cols(b, at)), sizeof(float));
    t->work = mem_new((size_t)(most * b->kind->work(b)), sizeof(float));
    if (taps && taps->attend)
        t->received = mem_new((size_t)(most * b->kind->heads(b)), sizeof(float));
    if (taps && taps->pass)
        t->middle = mem_new((size_t)(most * f->p.hidden), sizeof(float));
}

static void batch_free(struct batch *t)
{
    for (int at = 0; at < TAPS; at++)
        free(t->in[at]);
    free(t->work);
    free(t->received);
    free(t->middle);
}

struct share {
    const struct block *b;
    const struct batch *t;
};

/* One window of a batch as a batch of its own. */
static void run_window(void *ctx, size_t i)
{
    const struct share *s = ctx;
    struct batch t = *s->t;
    int64_t row;

    t.window += i;
    t.windows = 1;
    t.tokens = t.window->len;
    row = t.window->start - s->t->window->start;
    t.x += row * s->b->p->hidden;
    for (int at = 0; at < TAPS; at++)
        t.in[at] += row * block_tap_cols(s->b, at);
    t.work += row * s->b->kind->work(s->b);
    if (t.received)
        t.received += row * s->b->kind->heads(s->b);
    if (t.middle)
        t.middle += row * s->b->p->hidden;
    s->b->kind->forward(s->b, &t);
}

/* A thread a window when there are windows for all threads, else all threads on every matrix: the same numbers, less waiting. */
static void run_batch(const struct block *b, struct batch *t, const struct taps *taps)
{
    if (t->received)
        memset(t->received, 0, (size_t)(t->tokens * b->kind->heads(b)) * sizeof *t->received);
    if (t->windows >= par_jobs())
        par_for((size_t)t->windows, run_window, &(struct share){b, t});
    else
        b->kind->forward(b, t);
    if (taps && t->received)
        taps->attend(taps->ctx, t->received, b->kind->heads(b), t->window, t->windows);
    for (int at = 0; taps && at < TAPS; at++)
        if (block_tap_cols(b, at))
            taps->see(taps->ctx, at, t->in[at], t->tokens, block_tap_cols(b, at));
}

static int run(struct forward *f, const struct block *b, const struct taps *taps, int keep, struct err *e)
{
    struct batch t = {.cos = f->rope, .sin = f->rope ? f->rope + f->w->longest * (f->p.head_dim / 2) : NULL};
    float *copy = NULL, *x;
    int64_t row0;
    int rc = 0, pass = taps && taps->pass;

    batch_room(f, b, taps, &t);
    for (int64_t i = 0; i < f->w->n && rc == 0; i += t.windows) {
        t.windows = batch_at(f, i, &row0, &t.tokens);
        t.window = f->w->window + i;
        t.x = x = states_get(&f->x, row0, t.tokens, e);
        if (x && (pass || !keep)) {
            copy = mem_resize(copy, (size_t)(t.tokens * f->p.hidden), sizeof *copy);
            memcpy(copy, x, (size_t)(t.tokens * f->p.hidden) * sizeof *copy);
            t.x = copy;
        }
        if (x)
            run_batch(b, &t, taps);
        if (x && pass)
            taps->pass(taps->ctx, x, t.middle, copy, t.tokens, f->p.hidden);
        if (x && pass && keep)
            memcpy(x, copy, (size_t)(t.tokens * f->p.hidden) * sizeof *copy);
        rc = !x ? -1 : keep ? states_put(&f->x, row0, t.tokens, e) : 0;
    }
    free(copy);
    batch_free(&t);
    return rc;
}

/* keep: the states that come out stay, and the layer is done. */
static int layer_run(struct forward *f, struct bundle *bundle, int n, const struct taps *taps, int keep, struct err *e)
{
    int64_t layer = bundle[0].layer;
    struct block b;
    int rc;

    if (!f->embedded)
        return err_set(e, "layer %lld comes before the embedding; tsplit writes tensors in the order a model runs",
                       (long long)layer);
    if (f->p.learned_positions && !f->positioned)
        return err_set(e, "layer %lld comes before the table of positions; tsplit writes tensors in the order a model runs",
                       (long long)layer);
    if (layer <= f->last_layer || f->normed)
        return err_set(e, "layer %lld comes after %s %lld; tsplit writes tensors in the order a model runs",
                       (long long)layer, f->normed ? "the final norm, and layer" : "layer", (long long)f->last_layer);
    if (block_make(&b, &f->p, bundle, n, e) < 0)
        return -1;
    rc = run(f, &b, taps, keep, e);
    if (keep) {
        f->last_layer = layer;
        f->blocks++;
    }
    block_free(&b);
    return rc;
}

int forward_block(struct forward *f, struct bundle *bundle, int n, const struct taps *taps, struct err *e)
{
    return layer_run(f, bundle, n, taps, 1, e);
}

int forward_look(struct forward *f, struct bundle *bundle, int n, const struct taps *taps, struct err *e)
{
    return layer_run(f, bundle, n, taps, 0, e);
}

/* One tensor of the final norm on a batch: the weight (with RMSNorm or LayerNorm), or the bias. */
static void norm_batch(const struct forward *f, const float *w, int is_bias, float *x, int64_t tokens)
{
    int64_t h = f->p.hidden;

    if (is_bias)
        for (int64_t t = 0; t < tokens; t++)
            kern_add(x + t * h, w, x + t * h, (size_t)h);
    else if (f->p.layernorm)
        op_layernorm(x, w, NULL, f->p.norm_eps, tokens, h, x);
    else
        op_rmsnorm(x, w, f->p.norm_eps, tokens, h, x);
}

int forward_normed(const struct forward *f)
{
    return f->normed == (f->p.layernorm ? 2 : 1);
}

static int norm(struct forward *f, const struct bundle *b, int is_bias, const struct taps *taps, struct err *e)
{
    float *w = mem_new((size_t)f->p.hidden, sizeof *w);
    int rc = 0;

    if (!f->embedded || f->normed++ != is_bias)
        rc = err_set(e, "%s: the final norm comes %s", b->name, !f->embedded ? "before the embedding" : is_bias ? "after its bias" : "twice");
    else if (b->rows * b->cols != (uint64_t)f->p.hidden)
        rc = err_set(e, "%s: it has %llu values, the model's hidden size is %lld", b->name,
                     (unsigned long long)(b->rows * b->cols), (long long)f->p.hidden);
    else
        rc = bundle_rows(b, 0, b->rows, w, e);
    for (int64_t i = 0, row0, tokens, n; i < f->w->n && rc == 0; i += n) {
        float *x;

        n = batch_at(f, i, &row0, &tokens);
        if (!(x = states_get(&f->x, row0, tokens, e))) {
            rc = -1;
            break;
        }
        norm_batch(f, w, is_bias, x, tokens);
        if (taps && forward_normed(f))
            taps->see(taps->ctx, TAP_HEAD, x, tokens, f->p.hidden);
        rc = states_put(&f->x, row0, tokens, e);
    }
    free(w);
    return rc;
}

int forward_single(struct forward *f, const struct bundle *b, const struct taps *taps, struct err *e)
{
    if (strcmp(b->role, "embed") == 0)
        return embed(f, b, e);
    if (strcmp(b->role, "head") == 0)
        return 0;
    if (strcmp(b->role, "pos") == 0 && f->p.learned_positions)
        return position(f, b, e);
    if (strcmp(b->role, "norm.final") == 0)
        return norm(f, b, 0, taps, e);
    if (strcmp(b->role, "norm.final.bias") == 0 && f->p.layernorm)
        return norm(f, b, 1, taps, e);
    return err_set(e, "%s: a tensor of role %s has no place in the forward pass of architecture '%s'", b->name, b->role,
                   f->p.arch);
}

int forward_check_layers(const struct forward *f, const struct attrs *head, const struct attrs *tail, struct err *e)
{
    int64_t want = attrs_int(head, "layers", 0);

    if (tail)
        want = attrs_int(tail, "layers", want);
    if (f->blocks != want)
        return err_set(e, "the stream has %lld layers, its head says %lld", (long long)f->blocks, (long long)want);
    return 0;
}

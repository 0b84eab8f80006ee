#include "model/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "model/ops.h"

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

int forward_embed(struct forward *f, const struct bundle *b, struct err *e)
{
    uint32_t max = windows_max_id(f->w);
    int64_t row0, tokens;

    if (f->embedded++)
        return err_set(e, "%s: a second embedding", b->name);
    if (b->cols != (uint64_t)f->p.hidden)
        return err_set(e, "%s: it has %llu columns, the model's hidden size is %lld", b->name,
                       (unsigned long long)b->cols, (long long)f->p.hidden);
    if (max >= b->rows)
        return err_set(e, "%s: token id %lu is not in a vocabulary of %llu", b->name, (unsigned long)max,
                       (unsigned long long)b->rows);
    for (int64_t i = 0; i < f->w->n; ) {
        int64_t n = batch_at(f, i, &row0, &tokens);
        float *x = states_get(&f->x, row0, tokens, e);

        for (int64_t t = 0; x && t < tokens; t++)
            if (bundle_rows(b, f->w->input[row0 + t], 1, x + t * f->p.hidden, e) < 0)
                return err_in(e, "%s", b->name);
        if (!x || states_put(&f->x, row0, tokens, e) < 0)
            return -1;
        i += n;
    }
    return 0;
}

/* Room for the largest batch: inputs of the taps, then the layer's own work. */
static void batch_room(const struct forward *f, const struct block *b, struct batch *t)
{
    int64_t most = f->w->longest > BATCH ? f->w->longest : BATCH;

    if (most > f->w->tokens)
        most = f->w->tokens;
    for (int at = 0; at < TAPS; at++)
        t->in[at] = mem_new((size_t)(most * block_tap_cols(b, at)), sizeof(float));
    t->work = mem_new((size_t)(most * b->kind->work(b)), sizeof(float));
}

static void batch_free(struct batch *t)
{
    for (int at = 0; at < TAPS; at++)
        free(t->in[at]);
    free(t->work);
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
    s->b->kind->forward(s->b, &t);
}

/* A thread a window when there are windows for all threads, else all threads on every matrix: the same numbers, less waiting. */
static void run_batch(const struct block *b, struct batch *t, const struct taps *taps)
{
    if (t->windows >= par_jobs())
        par_for((size_t)t->windows, run_window, &(struct share){b, t});
    else
        b->kind->forward(b, t);
    for (int at = 0; taps && at < TAPS; at++)
        if (block_tap_cols(b, at))
            taps->see(taps->ctx, at, t->in[at], t->tokens, block_tap_cols(b, at));
}

static int run(struct forward *f, const struct block *b, const struct taps *taps, struct err *e)
{
    struct batch t = {.cos = f->rope, .sin = f->rope + f->w->longest * (f->p.head_dim / 2)};
    int64_t row0;
    int rc = 0;

    batch_room(f, b, &t);
    for (int64_t i = 0; i < f->w->n && rc == 0; i += t.windows) {
        t.windows = batch_at(f, i, &row0, &t.tokens);
        t.window = f->w->window + i;
        t.x = states_get(&f->x, row0, t.tokens, e);
        if (t.x)
            run_batch(b, &t, taps);
        rc = t.x ? states_put(&f->x, row0, t.tokens, e) : -1;
    }
    batch_free(&t);
    return rc;
}

int forward_block(struct forward *f, struct bundle *bundle, int n, const struct taps *taps, struct err *e)
{
    int64_t layer = bundle[0].layer;
    struct block b;
    int rc;

    if (!f->embedded)
        return err_set(e, "layer %lld comes before the embedding; tsplit writes tensors in the order a model runs",
                       (long long)layer);
    if (layer <= f->last_layer || f->normed)
        return err_set(e, "layer %lld comes after %s %lld; tsplit writes tensors in the order a model runs",
                       (long long)layer, f->normed ? "the final norm, and layer" : "layer", (long long)f->last_layer);
    if (block_make(&b, &f->p, bundle, n, e) < 0)
        return -1;
    rc = run(f, &b, taps, e);
    f->last_layer = layer;
    f->blocks++;
    block_free(&b);
    return rc;
}

int forward_norm(struct forward *f, const struct bundle *b, const struct taps *taps, struct err *e)
{
    float *w;
    int rc = -1;

    if (!f->embedded || f->normed++)
        return err_set(e, "%s: the final norm comes %s", b->name, f->embedded ? "twice" : "before the embedding");
    if (b->rows * b->cols != (uint64_t)f->p.hidden)
        return err_set(e, "%s: it has %llu values, the model's hidden size is %lld", b->name,
                       (unsigned long long)(b->rows * b->cols), (long long)f->p.hidden);
    w = mem_new((size_t)f->p.hidden, sizeof *w);
    if (bundle_rows(b, 0, b->rows, w, e) < 0)
        goto out;
    for (int64_t i = 0, row0, tokens; i < f->w->n; ) {
        int64_t n = batch_at(f, i, &row0, &tokens);
        float *x = states_get(&f->x, row0, tokens, e);

        if (!x)
            goto out;
        op_rmsnorm(x, w, f->p.norm_eps, tokens, f->p.hidden, x);
        if (taps)
            taps->see(taps->ctx, TAP_HEAD, x, tokens, f->p.hidden);
        if (states_put(&f->x, row0, tokens, e) < 0)
            goto out;
        i += n;
    }
    rc = 0;
out:
    free(w);
    return rc;
}

int forward_other(const struct forward *f, const struct bundle *b, struct err *e)
{
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

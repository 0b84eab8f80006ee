/*
 * op_attention: out[t] of head h = sum_s softmax_s(scale q[t].k[s]) v[s]; head h uses keys and values of head h /
 * (heads / kv heads). s runs over the window up to t (causal), over the last `window` of those, or over the whole
 * window. Scores may be capped, shifted by ALiBi's slopes, and a sink, a score without a value, may take part in the
 * softmax.
 *
 * Cost: 4 len^2 d for a window and head. Memory: for each thread 64 floats for each token of the longest window.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "base/real.h"
#include "la/gemm.h"
#include "num/half.h"
#include "num/kern.h"
#include "run/op.h"

#define QUERIES 64 /* rows of queries taken together; no effect on results */

int op_shape_attention(struct op *o, struct op_size *size, struct err *e)
{
    const struct op_size *q = &size[o->step->in[0]], *k = &size[o->step->in[1]], *v = &size[o->step->in[2]];
    int64_t heads = q->width / q->head, shared = k->width / k->head;

    if (q->head != k->head || heads % shared != 0)
        return err_set(e, "%lld values of q and %lld of k are not heads of %lld that share keys evenly",
                       (long long)q->width, (long long)k->width, (long long)k->head);
    if (v->width / v->head != shared)
        return err_set(e, "%lld heads of keys, %lld of values", (long long)shared, (long long)(v->width / v->head));
    if (o->extra && o->extra->rows * o->extra->cols != heads)
        return err_set(e, "%lld heads, %s has %lld values", (long long)heads, o->step->extra->role,
                       (long long)(o->extra->rows * o->extra->cols));
    if (o->at[AT_causal] == 0 && o->at[AT_window] > 0)
        return err_set(e, "a sliding window needs causal attention");
    size[o->step->out] = (struct op_size){heads * v->head, v->head};
    return 0;
}

double op_slope(int64_t head, int64_t heads)
{
    int64_t near = 1;

    while (2 * near <= heads)
        near *= 2;
    if (head < near)
        return real_pow(2, -8.0 * (double)(head + 1) / (double)near);
    return real_pow(2, -4.0 * (double)(2 * (head - near) + 1) / (double)near);
}

struct attend {
    const struct op *o;
    const struct op_rows *r;
    float *work; /* for each thread, work_n floats */
    int64_t work_n, heads, share, d, dv;
};

/* The block of one head: queries [from, to), keys [low, high). Pointers are to position 0 of the window. */
struct block {
    const struct attend *a;
    const float *q, *k, *v;
    float *out, *score, *received;
    int64_t head, from, to, low, high;
};

/* By how much a key's score is raised: slope times its place (to the query's where nothing is rounded: the softmax is
 * the same). */
static void add_slope(const struct block *b, float *row, int64_t t, int64_t first, int64_t last)
{
    const struct op *o = b->a->o;
    double slope = op_slope(b->head, b->a->heads);
    int rounded = *o->word != '\0';
    float s16 = bf16_to_f32(bf16_from_f32((float)slope));

    for (int64_t s = first; s <= last; s++) {
        float place = rounded ? bf16_to_f32(bf16_from_f32(s16 * bf16_to_f32(bf16_from_f32((float)s))))
                              : (float)(slope * (double)(s - t));

        row[s - first] += place * (float)o->at[AT_alibi];
    }
}

/* Scores to weights, of the keys that the query sees; exactly 0 for the others. row begins at key low. */
static void weights(const struct block *b, float *row, int64_t t)
{
    const struct op *o = b->a->o;
    int64_t window = (int64_t)o->at[AT_window], last = o->at[AT_causal] != 0 ? t : b->high - 1;
    int64_t first = window > 0 && t >= window ? t - window + 1 : 0, n = last - first + 1;
    float *at = row + (first - b->low);

    kern_scale((float)o->at[AT_scale], at, at, (size_t)n);
    if (o->at[AT_cap] != 0)
        op_softcap(at, o->at[AT_cap], at, (size_t)n);
    if (o->at[AT_alibi] != 0)
        add_slope(b, at, t, first, last);
    if (o->extra)
        at[n] = o->extra->w[b->head];
    kern_softmax(at, at, (size_t)(n + (o->extra != NULL)));
    memset(row, 0, (size_t)(first - b->low) * sizeof *row);
    memset(at + n, 0, (size_t)(b->high - 1 - last) * sizeof *row);
    for (int64_t s = 0; b->received && s < n; s++)
        b->received[(first + s) * b->a->heads] += at[s];
}

static void attend_block(const struct block *b)
{
    const struct attend *a = b->a;
    size_t rows = (size_t)(b->to - b->from), keys = (size_t)(b->high - b->low), row = keys + (a->o->extra != NULL);
    size_t q_ld = (size_t)(a->heads * a->d), kv_ld = (size_t)(a->heads / a->share);

    gemm_nt(rows, keys, (size_t)a->d, b->q + (size_t)b->from * q_ld, q_ld, b->k + b->low * (int64_t)kv_ld * a->d,
            kv_ld * (size_t)a->d, b->score, row, KERN_SET);
    for (int64_t t = b->from; t < b->to; t++)
        weights(b, b->score + (size_t)(t - b->from) * row, t);
    gemm_nn(rows, (size_t)a->dv, keys, b->score, row, b->v + b->low * (int64_t)kv_ld * a->dv, kv_ld * (size_t)a->dv,
            b->out + b->from * a->heads * a->dv, (size_t)(a->heads * a->dv), KERN_SET);
}

static void attend_head(void *ctx, size_t i)
{
    const struct attend *a = ctx;
    const struct op *o = a->o;
    const struct window *w = &a->r->window[(int64_t)i / a->heads];
    int64_t h = (int64_t)i % a->heads, g = h / a->share, start = w->start - a->r->window[0].start,
            kv = a->heads / a->share;
    int64_t window = (int64_t)o->at[AT_window];
    struct block b = {.a = a, .head = h, .score = a->work + par_self() * a->work_n};

    b.q = op_in(o, a->r, 0) + (start * a->heads + h) * a->d;
    b.k = op_in(o, a->r, 1) + (start * kv + g) * a->d;
    b.v = op_in(o, a->r, 2) + (start * kv + g) * a->dv;
    b.out = op_out(o, a->r) + (start * a->heads + h) * a->dv;
    b.received = a->r->received ? a->r->received + start * a->heads + h : NULL;
    for (b.from = 0; b.from < w->len; b.from = b.to) {
        b.to = b.from + QUERIES < w->len ? b.from + QUERIES : w->len;
        b.low = window > 0 && b.from >= window ? b.from - window + 1 : 0;
        b.high = o->at[AT_causal] != 0 ? b.to : w->len;
        attend_block(&b);
    }
}

void op_run_attention(const struct op *o, const struct op_rows *r)
{
    const struct op_size *q = &r->size[o->step->in[0]], *k = &r->size[o->step->in[1]];
    struct attend a = {.o = o, .r = r, .heads = q->width / q->head, .d = q->head, .dv = r->size[o->step->in[2]].head};

    a.share = a.heads / (k->width / k->head);
    for (int64_t i = 0; i < r->windows; i++)
        if ((r->window[i].len + 1) * QUERIES > a.work_n)
            a.work_n = (r->window[i].len + 1) * QUERIES;
    a.work = mem_new((size_t)(a.work_n * par_jobs()), sizeof *a.work);
    par_for((size_t)(r->windows * a.heads), attend_head, &a);
    free(a.work);
}

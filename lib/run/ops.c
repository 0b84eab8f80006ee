#include "run/ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "base/real.h"
#include "la/gemm.h"
#include "num/kern.h"

#define PIECE 16384 /* floats of elementwise work that one call of a thread takes; no effect on results */

struct rows {
    const float *x, *w, *b;
    float *y;
    double eps;
    int64_t n, width;
};

static void rmsnorm_row(void *ctx, size_t t)
{
    struct rows *r = ctx;

    kern_rmsnorm(r->x + t * (size_t)r->width, r->w, r->y + t * (size_t)r->width, (size_t)r->width, r->eps);
}

void op_rmsnorm(const float *x, const float *w, double eps, int64_t tokens, int64_t width, float *y)
{
    struct rows r = {.x = x, .w = w, .y = y, .eps = eps, .width = width};

    par_for((size_t)tokens, rmsnorm_row, &r);
}

static void layernorm_row(void *ctx, size_t t)
{
    struct rows *r = ctx;

    kern_layernorm(r->x + t * (size_t)r->width, r->w, r->b, r->y + t * (size_t)r->width, (size_t)r->width, r->eps);
}

void op_layernorm(const float *x, const float *w, const float *b, double eps, int64_t tokens, int64_t width, float *y)
{
    struct rows r = {.x = x, .w = w, .b = b, .y = y, .eps = eps, .width = width};

    par_for((size_t)tokens, layernorm_row, &r);
}

void op_linear(const struct weight *w, const float *x, int64_t tokens, float *y)
{
    gemm_nt((size_t)tokens, (size_t)w->rows, (size_t)w->cols, x, (size_t)w->cols, w->w, (size_t)w->cols, y,
            (size_t)w->rows, KERN_SET);
    for (int64_t t = 0; w->bias && t < tokens; t++)
        kern_add(y + t * w->rows, w->bias, y + t * w->rows, (size_t)w->rows);
}

void op_keep_middle(const struct block *b, struct batch *t)
{
    if (t->middle)
        memcpy(t->middle, t->x, (size_t)(t->tokens * b->p->hidden) * sizeof *t->x);
}

void op_add(float *x, const float *y, int64_t n)
{
    kern_add(x, y, x, (size_t)n);
}

static void swiglu_piece(void *ctx, size_t i)
{
    struct rows *r = ctx;
    size_t at = i * PIECE, n = (size_t)r->n - at < PIECE ? (size_t)r->n - at : PIECE;

    kern_silu(r->y + at, r->y + at, n);
    kern_mul(r->y + at, r->x + at, r->y + at, n);
}

void op_swiglu(float *g, const float *u, int64_t n)
{
    struct rows r = {.x = u, .y = g, .n = n};

    par_for(((size_t)n + PIECE - 1) / PIECE, swiglu_piece, &r);
}

static void gelu_piece(void *ctx, size_t i)
{
    struct rows *r = ctx;
    size_t at = i * PIECE, n = (size_t)r->n - at < PIECE ? (size_t)r->n - at : PIECE;

    kern_gelu_tanh(r->y + at, r->y + at, n);
}

void op_gelu(float *x, int64_t n)
{
    struct rows r = {.y = x, .n = n};

    par_for(((size_t)n + PIECE - 1) / PIECE, gelu_piece, &r);
}

/* --- rotary positions --- */

/* The frequency of pair i after scaling, radians a position. */
static double frequency(const struct arch_params *p, int64_t i)
{
    double f = real_pow(p->rope_theta, -2.0 * (double)i / (double)p->head_dim), wave = 2 * M_PI / f, blend;
    double low = (double)p->rope_original_context / p->rope_low_freq;
    double high = (double)p->rope_original_context / p->rope_high_freq;

    if (strcmp(p->rope_scaling, "linear") == 0)
        return f / p->rope_factor;
    if (strcmp(p->rope_scaling, "llama3") != 0 || wave < high)
        return f;
    if (wave > low)
        return f / p->rope_factor;
    blend = ((double)p->rope_original_context / wave - p->rope_low_freq) / (p->rope_high_freq - p->rope_low_freq);
    return (1 - blend) * f / p->rope_factor + blend * f;
}

float *rope_table(const struct arch_params *p, int64_t positions)
{
    int64_t half = p->head_dim / 2;
    float *table = mem_new((size_t)(2 * positions * half), sizeof *table);

    for (int64_t i = 0; i < half; i++) {
        double f = frequency(p, i);

        for (int64_t t = 0; t < positions; t++) {
            table[t * half + i] = (float)real_cos((double)t * f);
            table[(positions + t) * half + i] = (float)real_sin((double)t * f);
        }
    }
    return table;
}

struct turn {
    float *x;
    int64_t heads;
    const struct arch_params *p;
    const struct batch *t;
};

static void turn_head(float *x, const float *c, const float *s, int64_t half, int interleaved)
{
    int64_t step = interleaved ? 2 : 1, other = interleaved ? 1 : half;

    for (int64_t i = 0; i < half; i++) {
        float a = x[i * step], b = x[i * step + other];

        x[i * step] = a * c[i] - b * s[i];
        x[i * step + other] = b * c[i] + a * s[i];
    }
}

static void turn_window(void *ctx, size_t i)
{
    struct turn *r = ctx;
    const struct window *w = &r->t->window[i];
    int64_t d = r->p->head_dim, half = d / 2;

    for (int64_t pos = 0; pos < w->len; pos++) {
        float *row = r->x + (w->start - r->t->window[0].start + pos) * r->heads * d;

        for (int64_t h = 0; h < r->heads; h++)
            turn_head(row + h * d, r->t->cos + pos * half, r->t->sin + pos * half, half, r->p->rope_interleaved);
    }
}

void op_rope(float *x, int64_t heads, const struct arch_params *p, const struct batch *t)
{
    struct turn r = {x, heads, p, t};

    par_for((size_t)t->windows, turn_window, &r);
}

/* --- attention --- */

#define QUERIES 64 /* rows of queries taken together; no effect on results */

struct attend {
    const struct heads *in;
    float *out, *work;        /* work: for each thread, work_n floats */
    int64_t work_n;
    const struct batch *t;
};

/* One block of queries [from, to) of a window: scores against all keys before its end, softmax of each row up to its own position, and
 * the mix of values. What lies behind a row's own position has weight exactly 0. */
static void attend_queries(const struct attend *a, const float *q, const float *k, const float *v, float *out,
                           int64_t from, int64_t to, float *score, float *received)
{
    const struct heads *h = a->in;
    size_t q_ld = (size_t)h->q_ld, kv_ld = (size_t)h->kv_ld, d = (size_t)h->d, n = (size_t)to;
    float root = (float)(1 / sqrt((double)h->d));

    gemm_nt(n - (size_t)from, n, d, q, q_ld, k, kv_ld, score, n, KERN_SET);
    for (size_t t = (size_t)from; t < n; t++) {
        float *row = score + (t - (size_t)from) * n;

        kern_scale(root, row, row, t + 1);
        kern_softmax(row, row, t + 1);
        memset(row + t + 1, 0, (n - t - 1) * sizeof *row);
        for (size_t s = 0; received && s <= t; s++)
            received[s * (size_t)h->heads] += row[s];
    }
    gemm_nn(n - (size_t)from, d, n, score, n, v, kv_ld, out, (size_t)h->heads * d, KERN_SET);
}

static void attend_head(void *ctx, size_t i)
{
    const struct attend *a = ctx;
    const struct heads *in = a->in;
    const struct window *w = &a->t->window[(int64_t)i / in->heads];
    int64_t h = (int64_t)i % in->heads, g = h / (in->heads / in->kv_heads), start = w->start - a->t->window[0].start;
    const float *k = in->k + start * in->kv_ld + g * in->d, *v = in->v + start * in->kv_ld + g * in->d;

    for (int64_t from = 0; from < w->len; from += QUERIES) {
        int64_t to = from + QUERIES < w->len ? from + QUERIES : w->len, row = start + from;

        attend_queries(a, in->q + row * in->q_ld + h * in->d, k, v, a->out + (row * in->heads + h) * in->d, from, to,
                       a->work + par_self() * a->work_n,
                       a->t->received ? a->t->received + start * in->heads + h : NULL);
    }
}

void op_attention(const struct heads *in, const struct batch *t, float *out)
{
    struct attend a = {in, out, NULL, 0, t};

    for (int64_t i = 0; i < t->windows; i++)
        if (t->window[i].len * QUERIES > a.work_n)
            a.work_n = t->window[i].len * QUERIES;
    a.work = mem_new((size_t)(a.work_n * par_jobs()), sizeof *a.work);
    par_for((size_t)(t->windows * in->heads), attend_head, &a);
    free(a.work);
}

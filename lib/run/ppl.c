#include "run/ppl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "base/real.h"
#include "num/kern.h"

#define TILE 8192 /* rows of the head at a time */
#define SLAB 128  /* tokens at a time */

/* One model's running figures of a position: the largest score so far, whose it is, sum of e^(score - max), the
 * target's score. */
struct running {
    double max, sum;
    uint32_t top;
    float target;
};

#define READ (16 * SLAB) /* positions whose states are fetched at once */

struct scored {
    struct running *run[2]; /* [all tokens] */
    double *gap;            /* sum of e^(ref - max) (ref - model), scaled as run[1] */
};

/* Both models (0 the model, 1 the reference) on one tile of the vocabulary and the tokens whose states are fetched. */
struct tile {
    const struct scorer *const *m;
    int models;
    struct weight w[2];
    uint32_t row0; /* the tile's first vocabulary row */
    int64_t rows;
    int64_t first;
    const float *x[2]; /* [positions][hidden], the first that of `first` */
    uint32_t *list;    /* [n]: those of them that have a target, counted from `first` */
    int64_t n;
    struct scored *all;
    float *work; /* for each thread, `room` */
    size_t room;
};

/* Take one tile's scores into the running figures; prob gets the tile's own softmax. Returns the tile's share of the
 * new sum. */
static double take(struct running *r, const float *score, int64_t rows, uint32_t row0, uint32_t target, float *prob,
                   double *old_share)
{
    double max = kern_max(score, (size_t)rows), sum = kern_softmax(score, prob, (size_t)rows), part = sum;

    *old_share = 1;
    if (max > r->max) {
        *old_share = r->max > -INFINITY ? real_exp(r->max - max) : 0;
        r->sum = r->sum * *old_share + sum;
        r->max = max;
        for (r->top = 0; r->top < rows && score[r->top] != (float)max; r->top++)
            ;
        r->top += row0;
    } else {
        part = sum * real_exp(max - r->max);
        r->sum += part;
    }
    if (target - row0 < (uint64_t)rows && target >= row0)
        r->target = score[target - row0];
    return part;
}

/* score[i]: [tile's rows], model i's scores of token t. prob: room for two rows. */
static void token(const struct tile *s, int64_t t, const float *const *score, float *prob)
{
    uint32_t target = s->m[0]->f->w->target[t];
    float *diff = prob + TILE;
    double part, old;

    take(&s->all->run[0][t], score[0], s->rows, s->row0, target, prob, &old);
    if (s->models == 1)
        return;
    part = take(&s->all->run[1][t], score[1], s->rows, s->row0, target, prob, &old);
    for (int64_t i = 0; i < s->rows; i++)
        diff[i] = score[1][i] - score[0][i];
    s->all->gap[t] = s->all->gap[t] * old + part * kern_dotd(prob, diff, (size_t)s->rows);
}

/* Scores of the slab's positions by model k: [n][tile's rows]. x: room for their states side by side. */
static void scores(const struct tile *s, int k, const uint32_t *list, int64_t n, float *x, float *out)
{
    size_t width = (size_t)s->m[k]->f->x.width;

    for (int64_t t = 0; t < n; t++)
        memcpy(x + (size_t)t * width, s->x[k] + list[t] * width, width * sizeof *x);
    weight_mul(&s->w[k], n, x, out);
    (void)forward_shape_scores(s->m[k]->f, out, n * s->rows, NULL); /* heads_fit has tried it */
}

static void slab(void *ctx, size_t i)
{
    const struct tile *s = ctx;
    float *work = s->work + (size_t)par_self() * s->room, *prob = work + 2 * SLAB * TILE;
    int64_t from = (int64_t)i * SLAB, n = s->n - from < SLAB ? s->n - from : SLAB;

    for (int k = 0; k < s->models; k++)
        scores(s, k, s->list + from, n, prob + 2 * TILE, work + k * SLAB * TILE);
    for (int64_t t = 0; t < n; t++) {
        const float *score[2] = {work + t * s->rows, work + SLAB * TILE + t * s->rows};

        token(s, s->first + s->list[from + t], score, prob);
    }
}

/* All positions that are scored against the tile whose rows are in s->w. */
static int walk_tokens(struct tile *s, struct err *e)
{
    const struct windows *w = s->m[0]->f->w;

    for (s->first = 0; s->first < w->tokens; s->first += READ) {
        int64_t some = w->tokens - s->first < READ ? w->tokens - s->first : READ;

        s->n = 0;
        for (int64_t t = 0; t < some; t++)
            if (w->target[s->first + t] != NO_TARGET)
                s->list[s->n++] = (uint32_t)t;
        for (int k = 0; s->n && k < s->models; k++)
            if (!(s->x[k] = states_get(&s->m[k]->f->x, s->first, some, e)))
                return -1;
        par_for((size_t)(s->n + SLAB - 1) / SLAB, slab, s);
    }
    return 0;
}

/* Rows from row0 on of model k's head; it counts as one weight. */
static int take_rows(struct tile *s, int k, struct err *e)
{
    struct rounding *q8 = s->m[k]->f->q8, again = {0};

    weight_free(&s->w[k]);
    return weight_rows(&s->w[k], s->m[k]->head, s->row0, (uint64_t)s->rows, q8 && s->row0 ? &again : q8, e);
}

static int walk_vocabulary(struct tile *s, struct err *e)
{
    uint64_t vocab = s->m[0]->head->rows;

    for (uint64_t r = 0; r < vocab; r += TILE) {
        s->row0 = (uint32_t)r;
        s->rows = (int64_t)(vocab - r < TILE ? vocab - r : TILE);
        for (int k = 0; k < s->models; k++)
            if (take_rows(s, k, e) < 0)
                return -1;
        if (walk_tokens(s, e) < 0)
            return -1;
    }
    return 0;
}

static int heads_fit(const struct scorer *const *m, int models, struct err *e)
{
    uint32_t max = windows_max_id(m[0]->f->w);

    for (int i = 0; i < models; i++) {
        const struct bundle *h = m[i]->head;

        if (h->cols != (uint64_t)m[i]->f->x.width)
            return err_set(e, "%s: it has %llu columns, the model's hidden size is %lld", h->name,
                           (unsigned long long)h->cols, (long long)m[i]->f->x.width);
        if (forward_shape_scores(m[i]->f, NULL, 0, e) < 0)
            return -1;
        if (max >= h->rows || h->rows >= NO_TARGET)
            return err_set(e, "%s: token id %lu is not in a vocabulary of %llu", h->name, (unsigned long)max,
                           (unsigned long long)h->rows);
        if (h->rows != m[0]->head->rows)
            return err_set(e, "the model's vocabulary is %llu, the reference's %llu",
                           (unsigned long long)m[0]->head->rows, (unsigned long long)h->rows);
    }
    return 0;
}

/* Running figures to nats: log-sum-exp; KL = E_ref[ref - model] - (Z_ref - Z_model). */
static int finish(const struct windows *w, const struct scored *all, int models, struct ppl_token *out, struct err *e)
{
    for (int64_t t = 0; t < w->tokens; t++) {
        const struct running *a = &all->run[0][t], *b = models == 2 ? &all->run[1][t] : a;
        double z = a->max + real_log(a->sum), zb = b->max + real_log(b->sum);

        out[t] = (struct ppl_token){0};
        if (w->target[t] == NO_TARGET)
            continue;
        out[t].scored = 1;
        out[t].nll = z - (double)a->target;
        out[t].kl = models == 2 ? all->gap[t] / b->sum - (zb - z) : 0;
        out[t].same_top = a->top == b->top;
        if (!isfinite(out[t].nll) || !isfinite(out[t].kl))
            return err_set(e, "the scores of token %lld are not finite numbers", (long long)t);
    }
    return 0;
}

int ppl_score(const struct scorer *m, const struct scorer *ref, struct ppl_token *out, struct err *e)
{
    const struct scorer *both[2] = {m, ref};
    struct scored all = {0};
    struct tile s = {.m = both, .models = ref ? 2 : 1, .all = &all};
    size_t tokens = (size_t)m->f->w->tokens;
    int rc;

    if (heads_fit(both, s.models, e) < 0)
        return -1;
    for (int i = 0; i < s.models; i++) {
        size_t states = SLAB * (size_t)both[i]->f->x.width;

        s.room = states > s.room ? states : s.room;
        all.run[i] = mem_new(tokens, sizeof *all.run[i]);
        for (size_t t = 0; t < tokens; t++)
            all.run[i][t].max = -INFINITY;
    }
    s.room += (2 * SLAB + 2) * TILE;
    s.work = mem_new((size_t)par_jobs() * s.room, sizeof(float));
    s.list = mem_new(READ, sizeof *s.list);
    all.gap = mem_new(tokens, sizeof(double));
    rc = walk_vocabulary(&s, e) < 0 ? -1 : finish(m->f->w, &all, s.models, out, e);
    for (int i = 0; i < 2; i++) {
        weight_free(&s.w[i]);
        free(all.run[i]);
    }
    free(all.gap);
    free(s.list);
    free(s.work);
    return rc;
}

int ppl_possible(const struct attrs *model, struct err *e)
{
    static const struct windows none;
    struct forward f;
    int rc = forward_open(&f, model, &none, 0, e);

    if (rc == 0 && !forward_scores(&f))
        rc = err_set(e, "architecture '%s' gives states and does not score next tokens, so it has no perplexity",
                     f.m.arch->name);
    forward_free(&f);
    return rc;
}

const double ppl_percentile[PPL_PERCENTILES] = {50, 90, 95, 99, 99.9};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void percentiles(double *kl, size_t n, struct ppl_sum *s)
{
    qsort(kl, n, sizeof *kl, by_value);
    s->kl_max = kl[n - 1];
    for (int i = 0; i < PPL_PERCENTILES; i++) {
        double at = ppl_percentile[i] / 100 * (double)(n - 1);
        size_t lo = (size_t)at, hi = lo + 1 < n ? lo + 1 : lo;

        s->kl[i] = kl[lo] + (at - (double)lo) * (kl[hi] - kl[lo]);
    }
}

void ppl_sum(const struct ppl_token *token, int64_t n, struct ppl_sum *s)
{
    double *kl = mem_new((size_t)n + 1, sizeof *kl), squares = 0, count;

    memset(s, 0, sizeof *s);
    for (int64_t t = 0; t < n; t++) {
        if (!token[t].scored)
            continue;
        kl[s->tokens++] = token[t].kl;
        s->nll += token[t].nll;
        s->kl_mean += token[t].kl;
        s->same_top += token[t].same_top;
    }
    count = (double)s->tokens;
    if (s->tokens) {
        s->nll /= count;
        s->kl_mean /= count;
        s->same_top /= count;
        percentiles(kl, (size_t)s->tokens, s);
    }
    for (int64_t t = 0; t < n; t++)
        if (token[t].scored)
            squares += (token[t].nll - s->nll) * (token[t].nll - s->nll);
    s->nll_error = s->tokens > 1 ? sqrt(squares / count / (count - 1)) : 0;
    free(kl);
}

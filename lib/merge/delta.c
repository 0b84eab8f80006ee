#include "merge/delta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/pick.h"

void delta_take(const struct merge_job *j)
{
    for (int k = 0; k < j->models; k++)
        for (uint64_t i = 0; i < j->rows * j->cols; i++)
            j->model[k][i] -= j->base[i];
}

void delta_sum(const struct merge_job *j, int agree)
{
    const double *w = j->args->weight;
    double all = 0;

    for (int k = 0; k < j->models; k++)
        all += w[k];
    for (uint64_t i = 0; i < j->rows * j->cols; i++) {
        double sum = 0, by = all;

        for (int k = 0; k < j->models; k++)
            sum += w[k] * (double)j->model[k][i];
        if (agree) {
            int plus = sum >= 0;

            sum = by = 0;
            for (int k = 0; k < j->models; k++) {
                double d = w[k] * (double)j->model[k][i];

                if (plus ? d > 0 : d < 0)
                    sum += d, by += w[k];
            }
        }
        if (j->args->normalize && fabs(by) > 1e-8)
            sum /= by;
        sum *= j->args->lambda;
        j->out[i] = sum == 0 ? j->base[i] : (float)((double)j->base[i] + sum); /* -0 stays -0 */
    }
}

uint64_t delta_count(double share, uint64_t n)
{
    double k = floor(share * (double)n + 1e-9);

    return k < (double)n ? (uint64_t)k : n;
}

void delta_trim(float *d, uint64_t n, uint64_t top, uint64_t keep)
{
    uint64_t rest = keep < n - top ? n - top - keep : 0;
    float *size = mem_new(n, sizeof *size);
    uint8_t *low = mem_new(n, 1);

    for (uint64_t i = 0; i < n; i++)
        size[i] = fabsf(d[i]);
    pick_smallest(size, n, rest, low);
    for (uint64_t i = 0; i < n; i++)
        if (low[i])
            d[i] = 0;
    if (top) {
        pick_smallest(size, n, n - top, low);
        for (uint64_t i = 0; i < n; i++)
            if (!low[i])
                d[i] = 0;
    }
    free(size);
    free(low);
}

#define BLOCK 4096 /* elements whose magnitudes are looked at together */

/* Of one model: what is below low is trimmed, what is not below high too; NULL: nothing is. */
struct delta_sieve {
    int models;
    struct sieve_pair {
        struct pick_sieve *low, *high;
        uint64_t below_low, below_high;
    } of[];
};

struct delta_sieve *delta_sieve_new(int models)
{
    struct delta_sieve *s = mem_new(1, sizeof *s + (size_t)models * sizeof s->of[0]);

    s->models = models;
    return s;
}

void delta_sieve_set(struct delta_sieve *s, int model, uint64_t n, uint64_t top, uint64_t keep)
{
    struct sieve_pair *p = &s->of[model];

    p->below_low = keep < n - top ? n - top - keep : 0;
    p->below_high = n - top;
    p->low = p->below_low ? pick_sieve_new() : NULL;
    p->high = top ? pick_sieve_new() : NULL;
}

void delta_sieve_free(void *sieve)
{
    struct delta_sieve *s = sieve;

    for (int k = 0; k < s->models; k++) {
        free(s->of[k].low);
        free(s->of[k].high);
    }
    free(s);
}

struct look {
    struct delta_sieve *s;
    const struct merge_job *j;
};

static void count_model(void *ctx, size_t k)
{
    const struct look *l = ctx;
    struct sieve_pair *p = &l->s->of[k];
    uint64_t all = l->j->rows * l->j->cols;
    float size[BLOCK];

    for (uint64_t at = 0; at < all && (p->low || p->high); at += BLOCK) {
        uint64_t n = all - at < BLOCK ? all - at : BLOCK;

        for (uint64_t i = 0; i < n; i++)
            size[i] = fabsf(l->j->model[k][at + i] - l->j->base[at + i]);
        if (p->low)
            pick_sieve_count(p->low, size, n);
        if (p->high)
            pick_sieve_count(p->high, size, n);
    }
}

void delta_sieve_see(void *sieve, const struct merge_job *some, int pass)
{
    (void)pass;
    par_for((size_t)some->models, count_model, &(struct look){sieve, some});
}

void delta_sieve_next(void *sieve, int pass)
{
    struct delta_sieve *s = sieve;

    (void)pass;
    for (int k = 0; k < s->models; k++) {
        if (s->of[k].low)
            pick_sieve_next(s->of[k].low, s->of[k].below_low);
        if (s->of[k].high)
            pick_sieve_next(s->of[k].high, s->of[k].below_high);
    }
}

static void trim_model(void *ctx, size_t k)
{
    const struct look *l = ctx;
    struct sieve_pair *p = &l->s->of[k];
    uint64_t all = l->j->rows * l->j->cols;
    uint8_t low[BLOCK] = {0}, high[BLOCK];
    float size[BLOCK];

    memset(high, 1, sizeof high);
    for (uint64_t at = 0; at < all && (p->low || p->high); at += BLOCK) {
        uint64_t n = all - at < BLOCK ? all - at : BLOCK;
        float *d = l->j->model[k] + at;

        for (uint64_t i = 0; i < n; i++)
            size[i] = fabsf(d[i]);
        if (p->low)
            pick_sieve_mark(p->low, size, n, low);
        if (p->high)
            pick_sieve_mark(p->high, size, n, high);
        for (uint64_t i = 0; i < n; i++)
            d[i] = low[i] || !high[i] ? 0 : d[i];
    }
}

void delta_sieve_trim(struct delta_sieve *s, const struct merge_job *j)
{
    par_for((size_t)j->models, trim_model, &(struct look){s, j});
}

struct rng delta_rng(const struct merge_job *j, int k)
{
    char *name = mem_printf("%s/%d", j->name, k);
    struct rng r = rng_make(j->args->seed, name, strlen(name));

    free(name);
    return r;
}

void delta_drop(const struct merge_job *j, int k)
{
    double p = j->args->density[k], by = j->args->rescale == MERGE_BY_CHANCE && p > 0 ? p : 1;
    struct rng r = delta_rng(j, k);
    float *d = j->model[k];

    if (p >= 1)
        return;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        d[i] = rng_unit(r, j->row0 * j->cols + i) < p ? (float)((double)d[i] / by) : 0;
}

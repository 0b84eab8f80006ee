#include "merge/delta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/pick.h"
#include "base/wide.h"

void delta_take(const struct merge_job *j)
{
    for (int k = 0; k < j->models; k++)
        for (uint64_t i = 0; i < j->rows * j->cols; i++)
            j->model[k][i] -= j->base[i];
}

#define SUMS 512 /* elements whose sums are held at a time */

/* sum[n] = sum_k w_k d_k, in the order of the models. */
INNER void add_changes(const struct merge_job *j, uint64_t at, int n, double *restrict sum)
{
    for (int k = 0; k < j->models; k++) {
        const float *restrict d = j->model[k] + at;
        double w = j->args->weight[k];

        for (int i = 0; i < n; i++)
            sum[i] += w * (double)d[i];
    }
}

/* Of the same, only those with the sign of the whole sum, and the sum of their weights. A zero that is added for
 * another changes no bit. */
INNER void add_agreeing(const struct merge_job *j, uint64_t at, int n, const double *restrict whole,
                        double *restrict sum, double *restrict by)
{
    for (int k = 0; k < j->models; k++) {
        const float *restrict d = j->model[k] + at;
        double w = j->args->weight[k];

        for (int i = 0; i < n; i++) {
            double c = w * (double)d[i];
            int with = whole[i] >= 0 ? c > 0 : c < 0;

            sum[i] += with ? c : 0;
            by[i] += with ? w : 0;
        }
    }
}

/* Loops over elements inside, models outside: an element's sum has the order of the models all the same. */
WIDE static void sum_block(const struct merge_job *j, uint64_t at, int n, int agree, double all)
{
    double whole[SUMS] = {0}, some[SUMS] = {0}, by[SUMS], *sum = agree ? some : whole, lambda = j->args->lambda;
    const float *base = j->base + at;
    float *out = j->out + at;

    add_changes(j, at, n, whole);
    for (int i = 0; i < n; i++)
        by[i] = agree ? 0 : all;
    if (agree)
        add_agreeing(j, at, n, whole, some, by);
    for (int i = 0; i < n && j->args->normalize; i++)
        sum[i] /= fabs(by[i]) > 1e-8 ? by[i] : 1;
    for (int i = 0; i < n; i++) {
        double add = sum[i] * lambda;

        out[i] = add == 0 ? base[i] : (float)((double)base[i] + add); /* -0 stays -0 */
    }
}

void delta_sum(const struct merge_job *j, int agree)
{
    uint64_t n = j->rows * j->cols;
    double all = 0;

    for (int k = 0; k < j->models; k++)
        all += j->args->weight[k];
    for (uint64_t at = 0; at < n; at += SUMS)
        sum_block(j, at, (int)(n - at < SUMS ? n - at : SUMS), agree, all);
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

WIDE static void drop_block(float *restrict d, const double *restrict unit, int n, double p, double by)
{
    for (int i = 0; i < n; i++)
        d[i] = unit[i] < p ? (float)((double)d[i] / by) : 0;
}

void delta_drop(const struct merge_job *j, int k)
{
    double p = j->args->density[k], by = j->args->rescale == MERGE_BY_CHANCE && p > 0 ? p : 1, unit[SUMS];
    uint64_t all = j->rows * j->cols, n;
    struct rng r = delta_rng(j, k);

    for (uint64_t at = 0; p < 1 && at < all; at += n) {
        n = all - at < SUMS ? all - at : SUMS;
        rng_units(r, j->row0 * j->cols + at, n, unit);
        drop_block(j->model[k] + at, unit, (int)n, p, by);
    }
}

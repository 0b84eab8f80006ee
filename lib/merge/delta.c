#include "merge/delta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

struct rng delta_rng(const struct merge_job *j, int k)
{
    char *name = mem_printf("%s/%d", j->name, k);
    struct rng r = rng_make(j->args->seed, name, strlen(name));

    free(name);
    return r;
}

double delta_l1(const struct merge_job *j, int k)
{
    double sum = 0;

    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        sum += fabs((double)j->model[k][i]);
    return sum;
}

void delta_level(const struct merge_job *j, int k, double before)
{
    double after = j->args->rescale == MERGE_BY_L1 ? delta_l1(j, k) : 0;

    if (before < 1e-7 || after < 1e-7)
        return;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->model[k][i] = (float)((double)j->model[k][i] * (before / after));
}

void delta_drop(const struct merge_job *j, int k)
{
    double p = j->args->density[k], by = j->args->rescale == MERGE_BY_CHANCE && p > 0 ? p : 1, before = delta_l1(j, k);
    struct rng r = delta_rng(j, k);
    float *d = j->model[k];

    if (p >= 1)
        return;
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        d[i] = rng_unit(r, j->row0 * j->cols + i) < p ? (float)((double)d[i] / by) : 0;
    delta_level(j, k, before);
}

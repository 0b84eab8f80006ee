/*
 * features: feature-based coverage, f(S) = sum over b of sqrt (sum over j in S of x_jb^2): what is there already counts
 * less. With vectors of hashed n-grams x_jb^2 is the share of bucket b in text j, so long texts have no advantage.
 * Lazy greedy. Cost O(n d) and O(d) for each gain that is computed again; 8 d bytes.
 * Source: Kirchhoff and Bilmes 2014, Submodularity for data selection in machine translation, section 4.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "select/greedy.h"

struct features {
    const struct select_set *s;
    double *sum, *root; /* [d] of what was taken, and its roots */
};

static double gain(void *ctx, size_t j)
{
    const struct features *f = ctx;
    const float *x = f->s->x + j * f->s->d;
    double more = 0;

    for (size_t b = 0; b < f->s->d; b++)
        if (x[b] != 0)
            more += sqrt(f->sum[b] + (double)x[b] * x[b]) - f->root[b];
    return more;
}

static void take(void *ctx, size_t j)
{
    struct features *f = ctx;
    const float *x = f->s->x + j * f->s->d;

    for (size_t b = 0; b < f->s->d; b++) {
        f->sum[b] += (double)x[b] * x[b];
        f->root[b] = sqrt(f->sum[b]);
    }
}

static int order(struct select_set *s, struct err *e)
{
    struct features f = {s, mem_new(s->d + 1, sizeof *f.sum), mem_new(s->d + 1, sizeof *f.root)};

    (void)e;
    greedy_order(s, &(struct greedy){&f, gain, take});
    free(f.sum);
    free(f.root);
    return 0;
}

static const struct opt opts[] = {SELECT_VECTORS, OPT_END};

const struct select_method select_features = {.name = "features",
                                              .brief = "feature coverage: what is there already counts less",
                                              .opts = opts,
                                              .needs = SELECT_VECTOR,
                                              .order = order};

/*
 * facility: facility location, f(S) = sum over all i of max over j in S of max (0, <x_i, x_j>): every text has a chosen
 * one near it. Lazy greedy. Cost O(n^2 d) for the first gains, O(n d) for each that is computed again; 8 bytes a text.
 * Source: Mirchandani and Francis 1990; for choosing data, Lin and Bilmes 2009; greedy is within 1 - 1/e (Nemhauser and
 * others 1978).
 */
#include <stdlib.h>

#include "base/mem.h"
#include "select/greedy.h"
#include "select/vectors.h"

struct facility {
    const struct select_set *s;
    double *near; /* [n] how near the nearest chosen one is */
};

static double gain(void *ctx, size_t j)
{
    const struct facility *f = ctx;
    const float *x = f->s->x + j * f->s->d;
    double sum = 0;

    for (size_t i = 0; i < f->s->n; i++) {
        double v = vectors_dot(f->s->x + i * f->s->d, x, f->s->d);

        if (v > f->near[i])
            sum += v - f->near[i];
    }
    return sum;
}

static void take(void *ctx, size_t j)
{
    struct facility *f = ctx;
    const float *x = f->s->x + j * f->s->d;

    for (size_t i = 0; i < f->s->n; i++) {
        double v = vectors_dot(f->s->x + i * f->s->d, x, f->s->d);

        if (v > f->near[i])
            f->near[i] = v;
    }
}

static int order(struct select_set *s, struct err *e)
{
    struct facility f = {s, mem_new(s->n + 1, sizeof *f.near)};

    (void)e;
    greedy_order(s, &(struct greedy){&f, gain, take});
    free(f.near);
    return 0;
}

static const struct opt opts[] = {SELECT_VECTORS, OPT_END};

const struct select_method select_facility = {.name = "facility",
                                              .brief = "facility location: every text has a chosen one near it",
                                              .opts = opts,
                                              .needs = SELECT_VECTOR,
                                              .order = order};

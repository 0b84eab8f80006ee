#include "la/eigh.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "la/house.h"
#include "la/tridiag.h"

/* Rotations are kept until this many are due, then taken to all columns of the eigenvectors, 32 columns a thread at a time. */
#define ROTATIONS 262144

struct sweep {
    size_t first, count; /* pairs of rows from first: count rotations */
    size_t at;           /* in the rotations */
};

struct ql {
    size_t n;
    double *d, *e;
    double *panels;       /* [ceil(n/32)][n][32]: rows are eigenvectors, or NULL */
    double *cs;           /* [ROTATIONS][2] */
    struct sweep *sweeps; /* of the rotations not yet taken */
    size_t sweep_n, sweep_cap, cs_n;
};

static void take_panel(void *ctx, size_t c)
{
    const struct ql *q = ctx;

    for (size_t i = 0; i < q->sweep_n; i++) {
        const struct sweep *s = &q->sweeps[i];

        kern_sweep64(s->count, q->cs + 2 * s->at, q->panels + (c * q->n + s->first) * KERN_PANEL);
    }
}

static void take_all(struct ql *q)
{
    if (q->panels)
        par_for((q->n + KERN_PANEL - 1) / KERN_PANEL, take_panel, q);
    q->sweep_n = q->cs_n = 0;
}

static void sweep_note(struct ql *q, size_t first, size_t count)
{
    if (q->sweep_n == q->sweep_cap) {
        q->sweep_cap = q->sweep_cap ? 2 * q->sweep_cap : 256;
        q->sweeps = mem_resize(q->sweeps, q->sweep_cap, sizeof *q->sweeps);
    }
    q->sweeps[q->sweep_n++] = (struct sweep){first, count, q->cs_n - count};
}

/* One implicit QL sweep over rows l .. m, d and e as tridiag gives them. */
static void ql_sweep(struct ql *q, size_t l, size_t m)
{
    double *d = q->d, *e = q->e, s = 1, c = 1, p = 0;
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = sqrt(g * g + 1);
    size_t i = m, done = 0;

    if (q->cs_n + (m - l) > ROTATIONS)
        take_all(q);
    g = d[m] - d[l] + e[l] / (g + copysign(r, g));
    while (i-- > l) {
        double f = s * e[i], b = c * e[i];

        e[i + 1] = r = sqrt(f * f + g * g);
        if (r == 0) { /* splits here; the sweep ends early */
            d[i + 1] -= p;
            e[m] = 0;
            break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        q->cs[2 * q->cs_n] = c;
        q->cs[2 * q->cs_n++ + 1] = s;
        done++;
    }
    if (done > 0)
        sweep_note(q, m - done, done);
    if (done < m - l)
        return;
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

/* An off-diagonal that changes no eigenvalue by more than eps |A|, all of them together; A's largest element is between 1/2 and 1. */
static int negligible(const struct ql *q, size_t m)
{
    double e = fabs(q->e[m]);

    return e <= 0x1p-55 || e <= DBL_EPSILON / 2 * (fabs(q->d[m]) + fabs(q->d[m + 1]));
}

/* Diagonal d and off-diagonal e[0 .. n-2] to eigenvalues in d, the rotations into the panels. */
static int ql_run(struct ql *q, struct err *e)
{
    for (size_t l = 0; l < q->n; l++) {
        int turns = 0;

        for (;;) {
            size_t m = l;

            while (m + 1 < q->n && !negligible(q, m))
                m++;
            if (m == l)
                break;
            if (turns++ == 60)
                return err_set(e, "eigenvalue %zu of %zu is not found in 60 sweeps", l, q->n);
            ql_sweep(q, l, m);
        }
    }
    take_all(q);
    return 0;
}

/* Indices of d in ascending order, equal ones by index: a merge from the bottom up. */
static void order_by(size_t n, const double *d, size_t *order, size_t *spare)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t step = 1; step < n; step *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * step) {
            size_t mid = lo + step < n ? lo + step : n, hi = lo + 2 * step < n ? lo + 2 * step : n, a = lo, b = mid;

            for (size_t i = lo; i < hi; i++)
                spare[i] = b == hi || (a < mid && d[order[a]] <= d[order[b]]) ? order[a++] : order[b++];
        }
        memcpy(order, spare, n * sizeof *order);
    }
}

/* Row i of Z is row order[i] of the panels. */
static void unpack(const struct ql *q, const size_t *order, size_t top, double *Z)
{
    for (size_t i = 0; i < top; i++)
        for (size_t c = 0; c < q->n; c += KERN_PANEL) {
            const double *row = q->panels + c * q->n + order[i] * KERN_PANEL;

            memcpy(Z + i * q->n + c, row, (q->n - c < KERN_PANEL ? q->n - c : KERN_PANEL) * sizeof *Z);
        }
}

static void panels_identity(struct ql *q)
{
    q->panels = mem_new((q->n + KERN_PANEL - 1) / KERN_PANEL * KERN_PANEL * q->n, sizeof *q->panels);
    for (size_t i = 0; i < q->n; i++)
        q->panels[(i / KERN_PANEL * q->n + i) * KERN_PANEL + i % KERN_PANEL] = 1;
}

int eigh(size_t n, double *A, double *w, size_t top, double *Z, struct err *e)
{
    struct ql q = {.n = n, .d = mem_new(3 * n + 1, sizeof(double))};
    size_t *order = mem_new(2 * n, sizeof *order);
    double scale = 0, *tau;
    int got = -1;

    q.e = q.d + n;
    tau = q.e + n;
    if (tridiag_scale(n, A, &scale, e) < 0)
        goto end;
    tridiag(n, A, q.d, q.e, tau);
    q.cs = mem_resize(NULL, 2 * (ROTATIONS > n ? ROTATIONS : n), sizeof *q.cs);
    if (top > 0)
        panels_identity(&q);
    if ((got = ql_run(&q, e)) < 0)
        goto end;
    order_by(n, q.d, order, order + n);
    for (size_t i = 0; i < n; i++)
        w[i] = q.d[order[i]] * scale;
    if (top > 0) {
        unpack(&q, order + (n - top), top, Z);
        tridiag_back(n, A, tau, &(struct vectors){top, n, Z, NULL});
    }
end:
    free(q.d), free(order), free(q.cs), free(q.panels), free(q.sweeps);
    return got;
}

#include "la/chase.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/back.h"
#include "la/house.h"

#define B KERN_BAND
#define LD                                                                                                             \
    (3 * B -                                                                                                           \
     1) /* element (i, j) stands at LD i + j: a row has room from B - 1 before the diagonal to 2 B - 1 behind it */
#define WIDE (2 * B - 1) /* columns that B reflections of neighbouring sweeps touch */

/* The band with zeros around it, so that every block is whole. */
static double *spread(size_t n, const double *A)
{
    double *band = mem_new((n + 2 * B) * (LD + 1) + 3 * B, sizeof *band);

    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n && j <= i + B; j++) {
            band[B + i * LD + j] = A[i * n + j];
            if (j < i + B)
                band[B + j * LD + i] = A[i * n + j];
        }
    return band;
}

/* Of a reflection that begins at column p: tau and what lies inside the matrix, to the row of its sweep. */
static void keep(size_t n, double *A, size_t s, size_t p, const double *v, double tau)
{
    double *row = A + (n - 1 - s) * n + (p - s - 1);

    memcpy(row, v, (n - p < B ? n - p : B) * sizeof *v);
    row[0] = tau;
}

/* Take row s to e[s] and its neighbour on the diagonal, and what that throws out of the band down to the last row. */
static void sweep(size_t n, double *band, size_t s, double *A, double *e)
{
    double v[B], x[B], y[B], tau, *at = band + B + s * LD + s + 1;

    memcpy(v, at, sizeof v);
    tau = house_make(B, v, &e[s]);
    for (size_t p = s + 1; p < n; p += B) {
        double *far, beta, next;

        keep(n, A, s, p, v, tau);
        at = band + B + p * LD + p;
        far = at + B;
        kern_fold64(v, tau, at, LD, y);
        for (size_t j = 0; j < B; j++)
            x[j] = far[j] - y[j];
        next = house_make(B, x, &beta);
        memset(far, 0, sizeof x);
        far[0] = beta;
        kern_push64(v, y, x, next, far, LD);
        memcpy(v, x, sizeof v);
        tau = next;
    }
}

void chase_make(size_t n, double *A, double *d, double *e)
{
    double *band = spread(n, A);

    for (size_t s = 0; s + 2 < n; s++)
        sweep(n, band, s, A, e);
    if (n > 1)
        e[n - 2] = band[B + (n - 2) * LD + n - 1];
    e[n - 1] = 0;
    for (size_t i = 0; i < n; i++)
        d[i] = band[B + i * LD + i];
    free(band);
}

struct group {
    size_t n, first; /* of B sweeps */
    const double *A;
    struct back_block *block;
};

/* Reflections number k of each sweep of the group. */
static void make_block(void *ctx, size_t k)
{
    const struct group *g = ctx;
    struct back_block *b = &g->block[k];
    double tau[B] = {0};

    b->at = g->first + 1 + k * B;
    b->len = g->n - b->at < WIDE ? g->n - b->at : WIDE;
    memset(b->V, 0, B * b->len * sizeof *b->V);
    for (size_t i = 0; i < B && b->at + i < g->n && g->first + i + 2 < g->n; i++) {
        const double *row = g->A + (g->n - 1 - g->first - i) * g->n + k * B;
        double *v = b->V + i * b->len + i;

        memcpy(v, row, (b->len - i < B ? b->len - i : B) * sizeof *v);
        tau[i] = row[0];
        v[0] = 1;
    }
    back_finish(b, tau);
}

void chase_back(size_t n, const double *A, size_t rows, double *Z)
{
    size_t most = n < 3 ? 0 : (n - 2) / B + 1;
    struct group g = {n, 0, A, mem_new(most + 1, sizeof *g.block)};

    for (size_t k = 0; k < most; k++)
        back_new(&g.block[k], WIDE);
    for (size_t first = most * B;
         first > 0;) { /* the last sweep first; of neighbours, block k does not reach what block k - 1 has yet to do */
        first -= B;
        if (first + 2 >= n)
            continue;
        g.first = first;
        par_for((n - 2 - first) / B + 1, make_block, &g);
        back_apply(rows, n, Z, (n - 2 - first) / B + 1, g.block);
    }
    for (size_t k = 0; k < most; k++)
        back_free(&g.block[k]);
    free(g.block);
}

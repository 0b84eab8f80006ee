#include "la/dc.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/dc_merge.h"
#include "la/ql.h"

#define LEAF 48 /* rows, at most, that QL solves */
#define NONE SIZE_MAX

struct tree {
    size_t n, level; /* nodes of level l: 2^l, of rows n k / 2^l .. n (k+1) / 2^l */
    double *d, *z;
    const double *off;
    double *P; /* [n][ld]: each node's eigenvectors in its rows, from column 0 */
    size_t ld, top, *missing;
    double small, *Z;
};

static size_t begin(const struct tree *t, size_t level, size_t k)
{
    return (t->n * k) >> level;
}

static void solve_leaf(void *ctx, size_t k)
{
    const struct tree *t = ctx;
    size_t lo = begin(t, t->level, k), n = begin(t, t->level, k + 1) - lo, got;
    double off[LEAF]; /* of its own: the last of the leaf's in t->off is the merge's */

    memcpy(off, t->off + lo, n * sizeof *off);
    got = ql(n, t->d + lo, off, t->small / 16, t->P + lo * t->ld, t->ld);
    t->missing[k] = got < n ? lo + got : NONE;
}

/* z is the last row of the left half's eigenvectors and the first of the right's, here the last and the first column.
 * */
static void merge_node(void *ctx, size_t k)
{
    const struct tree *t = ctx;
    size_t lo = begin(t, t->level, k), mid = begin(t, t->level + 1, 2 * k + 1), hi = begin(t, t->level, k + 1);
    double off = t->off[mid - 1], unit = sqrt(0.5);
    struct dc_halves h = {.n = hi - lo,
                          .half = mid - lo,
                          .d = t->d + lo,
                          .z = t->z + lo,
                          .rho = 2 * fabs(off),
                          .small = t->small,
                          .P = t->P + lo * t->ld,
                          .ld = t->ld,
                          .top = hi - lo,
                          .Z = t->P + lo * t->ld,
                          .ldz = t->ld};

    if (t->level == 0)
        h.top = t->top, h.Z = t->Z, h.ldz = t->n;
    for (size_t j = lo; j < mid; j++)
        t->z[j] = unit * t->P[j * t->ld + mid - lo - 1];
    for (size_t j = mid; j < hi; j++)
        t->z[j] = copysign(unit, off) * t->P[j * t->ld];
    dc_merge(&h);
}

static double largest(size_t n, const double *d, const double *off)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fmax(fabs(d[i]), i + 1 < n ? fabs(off[i]) : 0));
    return most;
}

/* Leaves apart: each off-diagonal o between them becomes o's part of a matrix of rank one, |o| off the diagonal on both
 * sides. */
static void tear(const struct tree *t)
{
    for (size_t k = 1; k < (size_t)1 << t->level; k++) {
        size_t i = begin(t, t->level, k);

        t->d[i - 1] -= fabs(t->off[i - 1]);
        t->d[i] -= fabs(t->off[i - 1]);
    }
}

static void merge_level(struct tree *t)
{
    size_t nodes = (size_t)1 << t->level;

    if (nodes >= 4 * (size_t)par_jobs())
        par_for(nodes, merge_node, t);
    else
        for (size_t k = 0; k < nodes; k++)
            merge_node(t, k);
}

int dc(size_t n, double *d, const double *off, size_t top, double *Z, struct err *e)
{
    struct tree t = {.n = n, .d = d, .off = off, .top = top, .Z = Z, .small = 4 * DBL_EPSILON * largest(n, d, off)};
    size_t leaves, bad = NONE;

    while (((n - 1) >> t.level) + 1 > LEAF)
        t.level++;
    leaves = (size_t)1 << t.level;
    t.ld = t.level == 0 ? n : (n + 1) / 2 + 8;
    t.P = mem_resize(NULL, n * t.ld, sizeof *t.P);
    t.z = mem_new(n, sizeof *t.z);
    t.missing = mem_new(leaves, sizeof *t.missing);
    tear(&t);
    par_for(leaves, solve_leaf, &t);
    for (size_t k = leaves; k-- > 0;)
        bad = t.missing[k] != NONE ? t.missing[k] : bad;
    if (t.level == 0)
        memcpy(Z, t.P + (n - top) * n, top * n * sizeof *Z);
    while (bad == NONE && t.level > 0) {
        t.level--;
        merge_level(&t);
    }
    free(t.P), free(t.z), free(t.missing);
    return bad == NONE ? 0 : err_set(e, "eigenvalue %zu of %zu is not found in 60 sweeps", bad, n);
}

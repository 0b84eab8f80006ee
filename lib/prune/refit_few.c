/*
 * The refit on a gram of few directions, H = LL': its problem has L's rank, and is solved in it, a row at a time, in
 * double.
 *
 * With D the diagonal of H and B the rows of D^-1/2 L that stay, the change of them is D^-1/2 B (B'B + DAMP)^-1 L'(w0 -
 * w): of all that lose the least the smallest, whether more weights stay than there are directions or fewer. Steps on H
 * itself would walk along what f32 leaves of directions that are none.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/wide.h"
#include "la/chol.h"
#include "la/gemm.h"
#include "prune/refit.h"

#define DAMP 1e-6

struct few {
    const struct prune_refit *f;
    const float *w0;
    const uint8_t *mask;
    float *w;
    double
        *room; /* [threads][cols rank + rank^2 + 2 rank + cols]: B, B'B, what is lost and what will be, the new row */
};

/* u += a x; y = a x */
WIDE static void add(double a, const float *x, double *u, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        u[i] += a * x[i];
}

WIDE static void scale(double a, const float *x, double *y, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] = a * x[i];
}

/* u = L'(w0 - w). Returns u'u, the row's loss. */
static double lost(const struct prune_refit *f, const float *w0, const float *w, double *u)
{
    memset(u, 0, f->rank * sizeof *u);
    for (uint64_t c = 0; c < f->cols; c++)
        add((double)w0[c] - w[c], f->L + c * f->rank, u, f->rank);
    return kern_dot64(u, u, f->rank);
}

static void fit_row(void *ctx, size_t i)
{
    const struct few *k = ctx;
    const struct prune_refit *f = k->f;
    uint64_t cols = f->cols, rank = f->rank, n = 0;
    double *B = k->room + (uint64_t)par_self() * (rank * (cols + rank + 2) + cols), *A = B + cols * rank,
           *u = A + rank * rank, *v = u + rank, loss;
    float *next = (float *)(v + rank), *w = k->w + i * cols;
    const float *w0 = k->w0 + i * cols;
    const uint8_t *mask = k->mask + i * cols;

    for (uint64_t c = 0; c < cols; c++) {
        w[c] = mask[c] ? 0 : w[c];
        if (!mask[c])
            scale(f->root[c], f->L + c * rank, B + n++ * rank, rank);
    }
    loss = lost(f, w0, w, u);
    dsyrk_tn(rank, n, B, rank, B, rank, A, rank, KERN_SET);
    for (uint64_t a = 0; a < rank; a++)
        A[a * rank + a] += DAMP;
    if (chol(rank, A, rank, NULL, &(struct err){0}) < 0) /* a gram of no numbers */
        return;
    chol_solve(rank, 1, A, rank, u, 1);
    for (uint64_t c = n = 0; c < cols; c++)
        next[c] = mask[c] ? 0 : (float)(w[c] + f->root[c] * kern_dot64(B + n++ * rank, u, rank));
    if (lost(f, w0, next, v) <= loss)
        memcpy(w, next, cols * sizeof *w);
}

void prune_refit_few(const struct prune_refit *f, uint64_t rows, const float *w0, const uint8_t *mask, float *w)
{
    uint64_t each = f->rank * (f->cols + f->rank + 2) + f->cols;
    struct few k = {f, w0, mask, w, mem_resize(NULL, (uint64_t)par_jobs() * each + 1, sizeof(double))};

    par_for(rows, fit_row, &k);
    free(k.room);
}

/*
 * whiten: S S' = X X' / n, so the loss on the calibration inputs is exactly the sum of the squares of the singular
 * values left out. Wang et al. (2024), SVD-LLM, §3.1; where they add (1e-6 - the least eigenvalue) I when Cholesky
 * fails, see whiten_make.
 */
#include "factor/whiten.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "factor/factor.h"
#include "la/chol.h"
#include "la/eigh.h"
#include "la/gemm.h"

#define SLICE 512 /* columns of W U' at a time */

static void load(double *m, uint64_t n, const float *gram, double add)
{
    for (uint64_t i = 0; i < n * n; i++)
        m[i] = gram[i];
    for (uint64_t i = 0; i < n; i++)
        m[i * n + i] += add;
}

static int by_eigenvectors(struct whiten *s, const float *gram, struct err *e)
{
    double *h = mem_new(s->n * s->n, sizeof *h), floor_;

    load(h, s->n, gram, 0);
    s->root = mem_new(s->n, sizeof *s->root);
    if (eigh(s->n, h, s->root, s->n, s->m, e) < 0) {
        free(h);
        return -1;
    }
    free(h);
    floor_ = 1e-6 * s->root[s->n - 1];
    for (uint64_t i = 0; i < s->n; i++)
        s->root[i] = sqrt(s->root[i] > floor_ ? s->root[i] : floor_);
    return 0;
}

int whiten_make(struct whiten *s, uint64_t n, const float *gram, struct err *e)
{
    double mean = 0;

    for (uint64_t i = 0; i < n; i++)
        mean += gram[i * n + i] / (double)n;
    *s = (struct whiten){n, NULL, NULL, 0};
    if (!(mean > 0 && isfinite(mean)))
        return err_set(e, "the mean of gram's diagonal is %g", mean);
    s->m = mem_new(n * n, sizeof *s->m);
    for (s->damp = 1e-9; s->damp < 2e-5; s->damp *= 10) {
        load(s->m, n, gram, s->damp * mean);
        if (chol(n, s->m, n, NULL, NULL) == 0)
            return 0;
    }
    return by_eigenvectors(s, gram, e);
}

void whiten_free(struct whiten *s)
{
    free(s->m);
    free(s->root);
}

static void scale_columns(uint64_t rows, uint64_t n, double *p, const double *by, int divide)
{
    for (uint64_t i = 0; i < rows * n; i++)
        p[i] = divide ? p[i] / by[i % n] : p[i] * by[i % n];
}

void whiten_apply(const struct whiten *s, uint64_t rows, const double *w, double *p)
{
    if (!s->root) /* the part of U below the diagonal is not chol's to clear */
        for (uint64_t r = 1; r < s->n; r++)
            memset(s->m + r * s->n, 0, r * sizeof *s->m);
    for (uint64_t c = 0; c < s->n; c += SLICE) { /* of U' the rows before c are zero in these columns */
        uint64_t some = s->n - c < SLICE ? s->n - c : SLICE, k = s->root ? 0 : c;

        dgemm_nt(rows, some, s->n - k, w + k, s->n, s->m + c * s->n + k, s->n, p + c, s->n, KERN_SET);
    }
    if (s->root)
        scale_columns(rows, s->n, p, s->root, 0);
}

void whiten_undo(const struct whiten *s, uint64_t rank, double *a)
{
    double *t;

    if (!s->root) {
        tri_solve_right_ut(rank, s->n, s->m, s->n, a, s->n);
        return;
    }
    t = mem_new(rank * s->n, sizeof *t);
    memcpy(t, a, rank * s->n * sizeof *t);
    scale_columns(rank, s->n, t, s->root, 1);
    dgemm_nn(rank, s->n, s->n, t, s->n, s->m, s->n, a, s->n, KERN_SET);
    free(t);
}

static int apply(struct factor_job *j, struct err *e)
{
    double *p = mem_new(j->rows * j->cols, sizeof *p);
    struct whiten s;
    int rc = whiten_make(&s, j->cols, j->gram, e), of_w = factor_of_w(j);

    if (rc == 0)
        whiten_apply(&s, j->rows, j->w, p);
    if (of_w)
        whiten_free(&s); /* before the decomposition asks for room */
    if (rc == 0)
        rc = factor_triples(j, p, j->w, e);
    if (rc == 0 && !of_w)
        whiten_undo(&s, j->rank, j->a);
    if (!of_w)
        whiten_free(&s);
    free(p);
    return rc;
}

const struct factor_method factor_whiten = {.name = "whiten",
                                            .brief = "SVD in the norm of the layer's outputs (SVD-LLM)",
                                            .opts = factor_exact_opts,
                                            .needs = FACTOR_GRAM,
                                            .kind = FACTOR_REPLACE,
                                            .apply = apply};

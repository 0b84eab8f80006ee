/*
 * afm: keep the directions of the output that vary most: W ~ Q Q' W, Q the top eigenvectors of E[y y'] = W H W'.
 * Yu et al. (2023), Atomic Feature Mimicking, §3: they centre y and add the bias (I - Q Q') E[y]; a layer without bias has no place for
 * it, so the second moment is not centred here, which is the best choice without one. Where H is regular this is whiten's
 * product, found by an eigendecomposition of rows x rows: cheap for layers with few outputs, and no root of H is needed.
 * B = Q f, A = Q' W / f, f one factor that gives both the same norm.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "factor/factor.h"
#include "la/eigh.h"
#include "la/gemm.h"

/* C = W H W', both triangles; its trace. */
static double output_moment(const struct factor_job *j, double *c)
{
    double *h = mem_new(j->cols * j->cols, sizeof *h), *wh = mem_new(j->rows * j->cols, sizeof *wh), trace = 0;

    for (uint64_t i = 0; i < j->cols * j->cols; i++)
        h[i] = j->gram[i];
    dgemm_nn(j->rows, j->cols, j->cols, j->w, j->cols, h, j->cols, wh, j->cols, KERN_SET);
    dgemm_nt(j->rows, j->rows, j->cols, wh, j->cols, j->w, j->cols, c, j->rows, KERN_SET);
    for (uint64_t r = 0; r < j->rows; r++)
        trace += c[r * j->rows + r];
    free(h);
    free(wh);
    return trace;
}

/* The same norm for both factors, as the roots of the singular values give. */
static void balance(struct factor_job *j)
{
    double na = 0, f;

    for (uint64_t i = 0; i < j->rank * j->cols; i++)
        na += j->a[i] * j->a[i];
    f = na > 0 ? sqrt(sqrt(na / (double)j->rank)) : 1;
    for (uint64_t i = 0; i < j->rank * j->cols; i++)
        j->a[i] /= f;
    for (uint64_t i = 0; i < j->rows * j->rank; i++)
        j->b[i] *= f;
}

static int apply(struct factor_job *j, struct err *e)
{
    double *c = mem_new(j->rows * j->rows, sizeof *c), *value = mem_new(j->rows, sizeof *value);
    double *q = mem_new(j->rank * j->rows, sizeof *q), trace = output_moment(j, c), kept = 0;
    int rc = eigh(j->rows, c, value, j->rank, q, e);

    if (rc == 0) {
        for (uint64_t k = 0; k < j->rank; k++) {
            kept += value[j->rows - j->rank + k];
            for (uint64_t r = 0; r < j->rows; r++)
                j->b[r * j->rank + k] = q[k * j->rows + r];
        }
        dgemm_nn(j->rank, j->cols, j->rows, q, j->rows, j->w, j->cols, j->a, j->cols, KERN_SET);
        balance(j);
        j->lost = trace > kept ? (trace - kept) / trace : 0;
    }
    free(c);
    free(value);
    free(q);
    return rc;
}

const struct factor_method factor_afm = {"afm", "the principal directions of the layer's outputs", FACTOR_GRAM, FACTOR_REPLACE, apply, 0, 0};

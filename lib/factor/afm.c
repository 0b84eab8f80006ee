/*
 * afm: keep the directions of the output that vary most: W ~ Q Q' W, Q the top eigenvectors of Cov(y) = W (H - m m')
 * W', and the bias takes (I - Q Q') W m. Yu et al. (2023), Atomic Feature Mimicking, §3. A layer without bias has no
 * place for that, so there the second moment is not centred, which is the best choice without one; and where H is
 * regular this is whiten's product, found by an eigendecomposition of rows x rows: cheap for layers with few outputs,
 * and no root of H is needed. DAMP of H's mean diagonal is added to it, so that directions of which the calibration had
 * too few tokens to tell go by the weights alone. B = Q f, A = Q' W / f, f one factor that gives both the same norm.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "factor/factor.h"
#include "la/eigh.h"
#include "la/gemm.h"

#define DAMP 1e-5

/* C = W (H + damp I) W', both triangles; its trace. */
static double output_moment(const struct factor_job *j, double *c, double *damp)
{
    double *h = mem_new(j->cols * j->cols, sizeof *h), *wh = mem_new(j->rows * j->cols, sizeof *wh), trace = 0,
           mean = 0;

    factor_moment(j, h);
    for (uint64_t i = 0; i < j->cols; i++)
        mean += h[i * j->cols + i] / (double)j->cols;
    for (uint64_t i = 0; i < j->cols; i++)
        h[i * j->cols + i] += *damp = DAMP * mean;
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

static double squares(const double *v, uint64_t n)
{
    double sum = 0;

    for (uint64_t i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sum;
}

static int apply(struct factor_job *j, struct err *e)
{
    double *c = mem_new(j->rows * j->rows, sizeof *c), *value = mem_new(j->rows, sizeof *value);
    double *q = mem_new(j->rank * j->rows, sizeof *q), damp = 0, trace = output_moment(j, c, &damp), kept = 0;
    int rc = eigh(j->rows, c, value, j->rank, q, e);

    if (rc == 0) {
        for (uint64_t k = 0; k < j->rank; k++) {
            kept += value[j->rows - j->rank + k];
            for (uint64_t r = 0; r < j->rows; r++)
                j->b[r * j->rank + k] = q[k * j->rows + r];
        }
        dgemm_nn(j->rank, j->cols, j->rows, q, j->rows, j->w, j->cols, j->a, j->cols, KERN_SET);
        kept -= damp * squares(j->a, j->rank * j->cols);
        trace -= damp * squares(j->w, j->rows * j->cols);
        balance(j);
        j->lost = trace > kept ? (trace - kept) / trace : 0;
    }
    free(c);
    free(value);
    free(q);
    return rc;
}

const struct factor_method factor_afm = {.name = "afm",
                                         .brief = "the principal directions of the layer's outputs",
                                         .needs = FACTOR_GRAM | FACTOR_BIAS,
                                         .kind = FACTOR_REPLACE,
                                         .apply = apply};

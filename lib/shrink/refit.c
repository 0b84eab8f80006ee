#include "shrink/refit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/chol.h"
#include "la/gemm.h"

double *refit_damped(uint64_t n, const float *gram, struct err *e)
{
    double *u = mem_new(n * n, sizeof *u), mean = 0;

    for (uint64_t i = 0; i < n; i++)
        mean += (double)gram[i * n + i] / (double)n;
    if (!(mean > 0) || !isfinite(mean)) {
        free(u);
        err_set(e, "the mean of the gram's diagonal is %g; a number above 0 is needed", mean);
        return NULL;
    }
    for (double damp = REFIT_DAMP; damp <= 1.5; damp *= 10) {
        for (uint64_t i = 0; i < n * n; i++)
            u[i] = (double)gram[i];
        for (uint64_t i = 0; i < n; i++)
            u[i * n + i] += damp * mean;
        if (chol(n, u, n, NULL, e) == 0)
            return u;
    }
    free(u);
    return NULL;
}

/* x = W_R H_RK, the columns that went times how they go with those that stay. */
static void cross(uint64_t rows, uint64_t cols, const float *w, const float *gram, const uint64_t *keep, uint64_t stay,
                  double *x)
{
    uint64_t went = cols - stay, r = 0, k = 0;
    double *a = mem_new(rows * went + 1, sizeof *a), *b = mem_new(went * stay + 1, sizeof *b);

    for (uint64_t c = 0; c < cols; c++) {
        if (k < stay && keep[k] == c) {
            k++;
            continue;
        }
        for (uint64_t i = 0; i < rows; i++)
            a[i * went + r] = (double)w[i * cols + c];
        for (uint64_t i = 0; i < stay; i++)
            b[r * stay + i] = (double)gram[c * cols + keep[i]];
        r++;
    }
    memset(x, 0, rows * stay * sizeof *x);
    if (went)
        dgemm_nn(rows, stay, went, a, went, b, stay, x, stay, KERN_SET);
    free(a);
    free(b);
}

int refit_columns(uint64_t rows, uint64_t cols, const float *w, const float *gram, const uint64_t *keep, uint64_t stay,
                  float *out, struct err *e)
{
    float *h = mem_new(stay * stay, sizeof *h);
    double *x = mem_new(rows * stay, sizeof *x), *u;

    for (uint64_t i = 0; i < stay; i++)
        for (uint64_t k = 0; k < stay; k++)
            h[i * stay + k] = gram[keep[i] * cols + keep[k]];
    u = refit_damped(stay, h, e);
    free(h);
    if (u) {
        cross(rows, cols, w, gram, keep, stay, x);
        tri_solve_right_u(rows, stay, u, stay, x, stay);
        tri_solve_right_ut(rows, stay, u, stay, x, stay);
        for (uint64_t r = 0; r < rows; r++)
            for (uint64_t k = 0; k < stay; k++)
                out[r * stay + k] = (float)((double)w[r * cols + keep[k]] + x[r * stay + k]);
    }
    free(u);
    free(x);
    return u ? 0 : -1;
}

/* spectrum: how much of a matrix each rank holds, in the norm of its outputs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/alloc.h"
#include "la/chol.h"
#include "la/eigh.h"
#include "la/gemm.h"

/* P = W diag(sqrt(norm2)), or W. */
static double *scaled(uint64_t rows, uint64_t cols, const float *w, const float *norm2)
{
    double *p = mem_new(rows * cols, sizeof *p);

    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t c = 0; c < cols; c++)
            p[r * cols + c] = w[r * cols + c] * (norm2 ? sqrt((double)norm2[c]) : 1);
    return p;
}

static double *gram_of(uint64_t cols, const float *gram, double damp)
{
    double *h = mem_new(cols * cols, sizeof *h), mean = 0;

    for (uint64_t i = 0; i < cols * cols; i++)
        h[i] = gram[i];
    for (uint64_t i = 0; i < cols; i++)
        mean += h[i * cols + i] / (double)cols;
    for (uint64_t i = 0; i < cols; i++)
        h[i * cols + i] += damp * mean;
    return h;
}

/* W H W' [rows][rows]: its eigenvalues are the squares, whatever the rank of H. */
static double *outer(uint64_t rows, uint64_t cols, const double *w, const float *gram)
{
    double *h = gram_of(cols, gram, 0), *wh = mem_new(rows * cols, sizeof *wh), *m = mem_new(rows * rows, sizeof *m);

    dgemm_nn(rows, cols, cols, w, cols, h, cols, wh, cols, KERN_SET);
    dsyrk_nt(rows, cols, wh, cols, w, cols, m, rows, KERN_SET);
    free(h);
    free(wh);
    return m;
}

/* U W' W U' [cols][cols], H = U'U: the same eigenvalues from the smaller side. NULL where H has no factor. */
static double *inner(uint64_t rows, uint64_t cols, const double *w, const float *gram)
{
    double *h = gram_of(cols, gram, 1e-9), *p, *m;

    if (chol(cols, h, cols, NULL, NULL) < 0) {
        free(h);
        return NULL;
    }
    for (uint64_t r = 1; r < cols; r++) /* below the diagonal is not chol's to clear */
        memset(h + r * cols, 0, r * sizeof *h);
    p = mem_new(rows * cols, sizeof *p);
    m = mem_new(cols * cols, sizeof *m);
    dgemm_nt(rows, cols, cols, w, cols, h, cols, p, cols, KERN_SET);
    dsyrk_tn(cols, rows, p, cols, p, cols, m, cols, KERN_SET);
    free(h);
    free(p);
    return m;
}

double *alloc_spectrum(uint64_t rows, uint64_t cols, const float *w, const float *gram, const float *norm2,
                       struct err *e)
{
    uint64_t small = rows < cols ? rows : cols, side = small;
    double *p = scaled(rows, cols, w, gram ? NULL : norm2), *m = NULL, *value, *out = NULL;

    if (gram) {
        m = rows > cols ? inner(rows, cols, p, gram) : NULL;
        side = m ? cols : rows;
        m = m ? m : outer(rows, cols, p, gram);
    } else {
        m = mem_new(small * small, sizeof *m);
        if (rows <= cols)
            dsyrk_nt(small, cols, p, cols, p, cols, m, small, KERN_SET);
        else
            dsyrk_tn(small, rows, p, cols, p, cols, m, small, KERN_SET);
    }
    value = mem_new(side, sizeof *value);
    if (eigh(side, m, value, 0, NULL, e) == 0) {
        out = mem_new(small, sizeof *out);
        for (uint64_t i = 0; i < small; i++)
            out[i] = value[side - 1 - i] > 0 ? value[side - 1 - i] : 0;
    }
    free(p);
    free(m);
    free(value);
    return out;
}

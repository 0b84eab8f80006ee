/* factor: the table, and what the methods share. */
#include "factor/factor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/real.h"
#include "la/eigh.h"
#include "la/gemm.h"
#include "la/svd.h"

#define POWER 6 /* power rounds of the randomized decomposition */
#define FEW 16  /* it is taken for ranks up to this part of the smaller side; above, the exact one costs about as much */

#define METHOD(n) &factor_##n,
const struct factor_method *const factor_table[] = {
#include "factor/factor.def"
    NULL};
#undef METHOD

const struct factor_method *factor_find(const char *name)
{
    for (int i = 0; factor_table[i]; i++)
        if (strcmp(factor_table[i]->name, name) == 0)
            return factor_table[i];
    return NULL;
}

uint64_t factor_rank(uint64_t rows, uint64_t cols, double keep)
{
    uint64_t rank = (uint64_t)floor(keep * (double)rows * (double)cols / (double)(rows + cols));

    return rank ? rank : 1;
}

int factor_column_sizes(const struct factor_job *j, double *s, struct err *e)
{
    double most = 0;

    for (uint64_t c = 0; j->norm2 && c < j->cols; c++) {
        if (!(j->norm2[c] >= 0 && isfinite(j->norm2[c])))
            return err_set(e, "norm2[%llu] is %g, not a mean of squares", (unsigned long long)c, j->norm2[c]);
        most = j->norm2[c] > most ? j->norm2[c] : most;
    }
    if (j->norm2 && most == 0)
        return err_set(e, "norm2 is 0 in all %llu columns", (unsigned long long)j->cols);
    for (uint64_t c = 0; c < j->cols; c++)
        s[c] = j->norm2 ? real_pow(j->norm2[c] > 1e-12 * most ? j->norm2[c] : 1e-12 * most, j->alpha / 2) : 1;
    return 0;
}

int factor_of_w(const struct factor_job *j)
{
    return j->rows <= j->cols;
}

/* out[k][i] = by[k] X[k][i]; the same turned, out[i][k]. */
static void put_rows(uint64_t rank, uint64_t n, const float *X, const double *by, double *out)
{
    for (uint64_t k = 0; k < rank; k++)
        for (uint64_t i = 0; i < n; i++)
            out[k * n + i] = by[k] * X[k * n + i];
}

static void put_columns(uint64_t rank, uint64_t n, const float *X, const double *by, double *out)
{
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < rank; k++)
            out[i * rank + k] = by[k] * X[k * n + i];
}

static float *narrow(uint64_t n, const double *x)
{
    float *y = mem_resize(NULL, n, sizeof *y);

    for (uint64_t i = 0; i < n; i++)
        y[i] = (float)x[i];
    return y;
}

/* The rank largest eigenvalues of P P' (or P'P), descending, as singular values s of P; their vectors as rows of Z. */
static int side_vectors(const struct factor_job *j, const double *P, int left, double *s, float *Z, struct err *e)
{
    uint64_t n = left ? j->rows : j->cols;
    double *G = mem_resize(NULL, n * n, sizeof *G), *w = mem_new(n, sizeof *w);
    float *up = mem_resize(NULL, j->rank * n, sizeof *up);
    int rc;

    if (left)
        dsyrk_nt(n, j->cols, P, j->cols, P, j->cols, G, n, KERN_SET);
    else
        dsyrk_tn(n, j->rows, P, j->cols, P, j->cols, G, n, KERN_SET);
    rc = eighf(n, G, w, j->rank, up, e);
    for (uint64_t k = 0; rc == 0 && k < j->rank; k++) {
        s[k] = w[n - 1 - k] > 0 ? sqrt(w[n - 1 - k]) : 0;
        memcpy(Z + k * n, up + (j->rank - 1 - k) * n, n * sizeof *Z);
    }
    free(G), free(w), free(up);
    return rc;
}

/*
 * Whatever the eigenvectors' rows U' are rounded to, b a = U U'W is next to a projection, and likewise P V V': nothing is divided out but the balance of
 * the two sides. So vectors and products are float's.
 */
static int exact(struct factor_job *j, const double *P, const double *W, double *s, struct err *e)
{
    int left = factor_of_w(j);
    uint64_t side = left ? j->rows : j->cols, across = left ? j->cols : j->rows;
    double *root = mem_new(2 * j->rank, sizeof *root), *under = root + j->rank;
    float *Z = mem_resize(NULL, j->rank * side, sizeof *Z), *X = NULL, *Y = NULL;
    int rc = side_vectors(j, P, left, s, Z, e);

    for (uint64_t k = 0; rc == 0 && k < j->rank; k++) {
        root[k] = sqrt(s[k]);
        under[k] = s[k] > 0 ? 1 / root[k] : 0;
    }
    if (rc == 0) {
        X = narrow(j->rows * j->cols, left ? W : P);
        Y = mem_resize(NULL, j->rank * across, sizeof *Y);
        if (left)
            gemm_nn(j->rank, across, side, Z, side, X, across, Y, across, KERN_SET);
        else
            gemm_nt(j->rank, across, side, Z, side, X, side, Y, across, KERN_SET);
        put_rows(j->rank, j->cols, left ? Y : Z, left ? under : root, j->a);
        put_columns(j->rank, j->rows, left ? Z : Y, left ? root : under, j->b);
    }
    free(root), free(X), free(Y), free(Z);
    return rc;
}

static int randomized(struct factor_job *j, const double *P, const double *W, double *s, struct err *e)
{
    uint64_t over = j->rank / 2 < 8 ? 8 : j->rank / 2;
    int left = factor_of_w(j);

    if (rsvd(j->rows, j->cols, P, j->rank, over, POWER, rng_make(0, j->name, strlen(j->name)), j->b, s, j->a, e) < 0)
        return -1;
    if (left)
        dgemm_tn(j->rank, j->cols, j->rows, j->b, j->rank, W, j->cols, j->a, j->cols, KERN_SET);
    for (uint64_t k = 0; k < j->rank; k++) {
        double root = sqrt(s[k]), by = !left ? root : s[k] > 0 ? 1 / root : 0;

        for (uint64_t i = 0; i < j->cols; i++)
            j->a[k * j->cols + i] *= by;
        for (uint64_t i = 0; i < j->rows; i++)
            j->b[i * j->rank + k] *= root;
    }
    return 0;
}

int factor_triples(struct factor_job *j, const double *P, const double *W, struct err *e)
{
    uint64_t small = j->rows < j->cols ? j->rows : j->cols;
    double *s = mem_new(j->rank, sizeof *s), all = 0, kept = 0;
    int rc = j->exact || j->rank * FEW > small ? exact(j, P, W, s, e) : randomized(j, P, W, s, e);

    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        all += P[i] * P[i];
    for (uint64_t k = 0; k < j->rank; k++)
        kept += s[k] * s[k];
    j->lost = all > kept ? (all - kept) / all : 0;
    free(s);
    return rc;
}

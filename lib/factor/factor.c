/* factor: the table, and what the methods share. */
#include "factor/factor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/real.h"
#include "base/table.h"
#include "la/eigh.h"
#include "la/gemm.h"
#include "la/qr.h"
#include "la/svd.h"

#define POWER 6 /* power rounds of the randomized decomposition */
#define FEW 16 /* it is taken for ranks up to this part of the smaller side; above, the exact one costs about as much */

#define METHOD(n) &factor_##n,
const struct factor_method *const factor_table[] = {
#include "factor/factor.def"
    NULL};
#undef METHOD

const struct factor_method *factor_find(const char *name)
{
    return table_find(factor_table, name);
}

int factor_exact;
const struct opt factor_exact_opts[] = {FACTOR_EXACT, OPT_END};

uint64_t factor_rank(uint64_t rows, uint64_t cols, double keep)
{
    uint64_t rank = (uint64_t)floor(keep * (double)rows * (double)cols / (double)(rows + cols));

    return rank ? rank : 1;
}

int factor_column_sizes(const struct factor_job *j, double alpha, double *s, struct err *e)
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
        s[c] = j->norm2 ? real_pow(j->norm2[c] > 1e-12 * most ? j->norm2[c] : 1e-12 * most, alpha / 2) : 1;
    return 0;
}

void factor_moment(const struct factor_job *j, double *h)
{
    for (uint64_t i = 0; i < j->cols * j->cols; i++)
        h[i] = j->gram[i] - (j->mean ? (double)j->mean[i / j->cols] * (double)j->mean[i % j->cols] : 0);
}

int factor_of_w(const struct factor_job *j)
{
    return j->rows <= j->cols;
}

/* Row k of X [rank][n] times by[k]; column k of Y [m][rank] times by[k]. */
static void scale_rows(uint64_t rank, uint64_t n, double *X, const double *by)
{
    for (uint64_t k = 0; k < rank; k++)
        for (uint64_t i = 0; i < n; i++)
            X[k * n + i] *= by[k];
}

static void scale_columns(uint64_t m, uint64_t rank, double *Y, const double *by)
{
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t k = 0; k < rank; k++)
            Y[i * rank + k] *= by[k];
}

/* The roots of s, and what a side is divided by: 0 for a triple that is nothing. double[2][rank] (free). */
static double *roots(uint64_t rank, const double *s)
{
    double *root = mem_new(2 * rank, sizeof *root);

    for (uint64_t k = 0; k < rank; k++) {
        root[k] = sqrt(s[k]);
        root[rank + k] = s[k] > 0 ? 1 / root[k] : 0;
    }
    return root;
}

/* The rank largest eigenvalues of P P' (or P'P), descending, as singular values s of P; their vectors as rows of Z. */
static int side_vectors(const struct factor_job *j, const double *P, int left, double *s, double *Z, struct err *e)
{
    uint64_t n = left ? j->rows : j->cols;
    double *G = mem_resize(NULL, n * n, sizeof *G), *w = mem_new(n, sizeof *w), *row = mem_resize(NULL, n, sizeof *row);
    int rc;

    if (left)
        dsyrk_nt(n, j->cols, P, j->cols, P, j->cols, G, n, KERN_SET);
    else
        dsyrk_tn(n, j->rows, P, j->cols, P, j->cols, G, n, KERN_SET);
    rc = eigh(n, G, w, j->rank, Z, e);
    for (uint64_t k = 0; rc == 0 && k < j->rank; k++)
        s[k] = w[n - 1 - k] > 0 ? sqrt(w[n - 1 - k]) : 0;
    for (uint64_t k = 0; rc == 0 && k < j->rank / 2; k++) {
        double *up = Z + k * n, *down = Z + (j->rank - 1 - k) * n;

        memcpy(row, up, n * sizeof *row);
        memcpy(up, down, n * sizeof *row);
        memcpy(down, row, n * sizeof *row);
    }
    free(G), free(w), free(row);
    return rc;
}

/*
 * Whatever the eigenvectors' rows U' are rounded to, b a = U U'W is a projection, and likewise P V V': nothing is
 * divided out but the balance of the two sides.
 */
static int exact(struct factor_job *j, const double *P, const double *W, double *s, struct err *e)
{
    int left = factor_of_w(j);
    double *Z = left ? mem_resize(NULL, j->rank * j->rows, sizeof *Z) : j->a, *root;
    int rc = side_vectors(j, P, left, s, Z, e);

    if (rc == 0) {
        root = roots(j->rank, s);
        if (left) {
            dgemm_nn(j->rank, j->cols, j->rows, Z, j->rows, W, j->cols, j->a, j->cols, KERN_SET);
            transpose(j->rank, j->rows, Z, j->b);
        } else {
            dgemm_nt(j->rows, j->rank, j->cols, P, j->cols, Z, j->cols, j->b, j->rank, KERN_SET);
        }
        scale_rows(j->rank, j->cols, j->a, root + (left ? j->rank : 0));
        scale_columns(j->rows, j->rank, j->b, root + (left ? 0 : j->rank));
        free(root);
    }
    if (left)
        free(Z);
    return rc;
}

static int randomized(struct factor_job *j, const double *P, const double *W, double *s, struct err *e)
{
    uint64_t over = j->rank / 2 < 8 ? 8 : j->rank / 2;
    int left = factor_of_w(j);
    double *root;

    if (rsvd(j->rows, j->cols, P, j->rank, over, POWER, rng_make(0, j->name, strlen(j->name)), j->b, s, j->a, e) < 0)
        return -1;
    root = roots(j->rank, s);
    if (left)
        dgemm_tn(j->rank, j->cols, j->rows, j->b, j->rank, W, j->cols, j->a, j->cols, KERN_SET);
    scale_rows(j->rank, j->cols, j->a, root + (left ? j->rank : 0));
    scale_columns(j->rows, j->rank, j->b, root);
    free(root);
    return 0;
}

int factor_triples(struct factor_job *j, const double *P, const double *W, struct err *e)
{
    uint64_t small = j->rows < j->cols ? j->rows : j->cols;
    double *s = mem_new(j->rank, sizeof *s), all = 0, kept = 0;
    int rc = factor_exact || j->rank * FEW > small ? exact(j, P, W, s, e) : randomized(j, P, W, s, e);

    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        all += P[i] * P[i];
    for (uint64_t k = 0; k < j->rank; k++)
        kept += s[k] * s[k];
    j->lost = all > kept ? (all - kept) / all : 0;
    free(s);
    return rc;
}

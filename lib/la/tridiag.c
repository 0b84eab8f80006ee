#include "la/tridiag.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "la/house.h"

#define BLOCK 32      /* columns reduced before the rest of the matrix is updated */
#define BACK 64       /* reflections applied to the eigenvectors at a time */
#define PARTS 16      /* of a matrix-vector product; a fixed number, so that its sum does not know the threads */
#define PARALLEL 700  /* rows from which the product is worth threads */

int tridiag_scale(size_t n, double *A, double *scale, struct err *e)
{
    double most = 0;
    int power;

    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            if (!isfinite(A[i * n + j]))
                return err_set(e, "value %zu, %zu is %g", i, j, A[i * n + j]);
            most = fmax(most, fabs(A[i * n + j]));
        }
    *scale = 1;
    if (most == 0)
        return 0;
    frexp(most, &power);
    power = power < -1000 ? -1000 : power > 1000 ? 1000 : power;
    *scale = ldexp(1, power);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            A[i * n + j] *= ldexp(1, -power);
    return 0;
}

struct product {
    size_t n, ld;      /* rows left, distance of rows */
    const double *A, *x; /* upper triangle of what is left; x[n] */
    double *y;         /* [PARTS][n] */
};

/* Row from which part t of n begins: parts of about equal area. */
static size_t part_begin(size_t n, size_t t)
{
    return t == PARTS ? n : (size_t)((double)n * (1 - sqrt(1 - (double)t / PARTS)));
}

static void product_part(void *ctx, size_t t)
{
    const struct product *p = ctx;
    double *y = p->y + t * p->n;

    memset(y, 0, p->n * sizeof *y);
    for (size_t i = part_begin(p->n, t); i < part_begin(p->n, t + 1); i++) {
        const double *row = p->A + i * p->ld + i;

        y[i] += row[0] * p->x[i];
        y[i] += kern_symv64(p->x[i], row + 1, p->x + i + 1, y + i + 1, p->n - i - 1);
    }
}

/* out = A x for the symmetric A of which the upper triangle is given. y: scratch [PARTS][n]. */
static void symmetric_times(size_t n, const double *A, size_t ld, const double *x, double *out, double *y)
{
    struct product p = {n, ld, A, x, y};

    if (n >= PARALLEL)
        par_for(PARTS, product_part, &p);
    else
        for (size_t t = 0; t < PARTS; t++)
            product_part(&p, t);
    memcpy(out, y, n * sizeof *out);
    for (size_t t = 1; t < PARTS; t++) {
        size_t from = part_begin(n, t);

        kern_axpy64(1, y + t * n + from, out + from, n - from);
    }
}

/*
 * Reduce row i of the block whose reflections so far are V (rows of A) and W, b of them: bring the row up to date, make its
 * reflection, and w = tau (A v - V'(Wv) - W'(Vv)) - half tau (w'v) v. V0 and W0 are the first of the block.
 */
static void reduce_row(size_t n, double *A, size_t i, size_t first, double *W, double *y, double *d, double *e, double *tau)
{
    size_t len = n - i - 1;
    double *row = A + i * n, *v = row + i + 1, *w = W + (i - first) * n + i + 1, half;

    for (size_t k = first; k < i; k++) {
        const double *vk = A + k * n, *wk = W + (k - first) * n;

        kern_axpy64(-wk[i], vk + i, row + i, n - i);
        kern_axpy64(-vk[i], wk + i, row + i, n - i);
    }
    d[i] = row[i];
    if (len == 0)
        return;
    tau[i] = house_make(len, v, &e[i]);
    symmetric_times(len, A + (i + 1) * n + i + 1, n, v, w, y);
    for (size_t k = first; k < i; k++) {
        const double *vk = A + k * n + i + 1, *wk = W + (k - first) * n + i + 1;
        double wv = kern_dot64(wk, v, len), vv = kern_dot64(vk, v, len);

        kern_axpy64(-wv, vk, w, len);
        kern_axpy64(-vv, wk, w, len);
    }
    for (size_t j = 0; j < len; j++)
        w[j] *= tau[i];
    half = -0.5 * tau[i] * kern_dot64(w, v, len);
    kern_axpy64(half, v, w, len);
}

void tridiag(size_t n, double *A, double *d, double *e, double *tau)
{
    double *W = mem_new(BLOCK * n, sizeof *W), *y = mem_new(PARTS * n, sizeof *y);
    double *left = mem_new(4 * BLOCK * n, sizeof *left), *right = left + 2 * BLOCK * n;

    memset(e, 0, n * sizeof *e);
    memset(tau, 0, n * sizeof *tau);
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t b = n - i < BLOCK ? n - i : BLOCK, rest = n - i - b;

        for (size_t k = i; k < i + b; k++)
            reduce_row(n, A, k, i, W, y, d, e, tau);
        for (size_t k = 0; k < b && rest > 0; k++) { /* A -= V'W + W'V, as one product of stacked rows */
            const double *v = A + (i + k) * n + i + b, *w = W + k * n + i + b;

            memcpy(left + k * rest, v, rest * sizeof *left);
            memcpy(left + (b + k) * rest, w, rest * sizeof *left);
            memcpy(right + k * rest, w, rest * sizeof *left);
            memcpy(right + (b + k) * rest, v, rest * sizeof *left);
        }
        if (rest > 0)
            dsyrk_tn(rest, 2 * b, left, rest, right, rest, A + (i + b) * n + i + b, n, KERN_SUB);
    }
    free(W), free(y), free(left);
}

void tridiag_back(size_t n, double *A, const double *tau, size_t rows, double *Z)
{
    double T[BACK * BACK];
    size_t all = n - 1; /* reflections */

    for (size_t i = (all + BACK - 1) / BACK * BACK; i > 0;) {
        size_t b;

        i -= BACK;
        b = all - i < BACK ? all - i : BACK;
        for (size_t k = 0; k < b; k++) /* zeros before each reflection's 1 */
            memset(A + (i + k) * n + i + 1, 0, k * sizeof *A);
        house_block(b, n - i - 1, A + i * n + i + 1, n, tau + i, T);
        house_apply(rows, n - i - 1, Z + i + 1, n, b, A + i * n + i + 1, n, T, 0);
    }
}

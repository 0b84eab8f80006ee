#include "la/band.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/back.h"
#include "la/gemm.h"
#include "la/house.h"

#define B KERN_BAND
#define SLICE 192 /* columns of a symmetric product that one thread makes */

/* P[B][rest] to [L 0] by reflections from the right. P out: their rows, zeros and a 1 before each; L and the rest of
 * each go to A. */
static void panel(size_t rest, double *P, double *A, size_t lda, double *tau)
{
    for (size_t i = 0; i < B; i++) {
        double *v = P + i * rest, beta = 0;

        if (i < rest) {
            tau[i] = house_make(rest - i, v + i, &beta);
            for (size_t q = i + 1; q < B; q++) {
                double *x = P + q * rest + i;

                kern_axpy64(-tau[i] * kern_dot64(v + i, x, rest - i), v + i, x, rest - i);
            }
        }
        memcpy(A + i * lda, v, rest * sizeof *v);
        memset(v, 0, (i < rest ? i : rest) * sizeof *v);
        if (i < rest)
            A[i * lda + i] = beta;
    }
}

struct product {
    size_t n, lda;
    const double *A, *V;
    double *Y;
};

/* Columns of Y = VA in one slice: from the rows of A above it, the block on the diagonal, and the row to its right
 * turned. */
static void product_slice(void *ctx, size_t t)
{
    const struct product *p = ctx;
    size_t n = p->n, c = t * SLICE, w = n - c < SLICE ? n - c : SLICE, right = n - c - w;
    const double *D = p->A + c * p->lda + c;
    double *Y = p->Y + c, *full = mem_resize(NULL, w * w, sizeof *full);

    for (size_t i = 0; i < w; i++)
        memcpy(full + i * w + i, D + i * p->lda + i, (w - i) * sizeof *full);
    dsym_mirror(w, full, w);
    dgemm_nn(B, w, c, p->V, n, p->A + c, p->lda, Y, n, KERN_SET);
    dgemm_nn(B, w, w, p->V + c, n, full, w, Y, n, KERN_ADD);
    if (right > 0)
        dgemm_nt(B, w, right, p->V + c + w, n, D + w, p->lda, Y, n, KERN_ADD);
    free(full);
}

/* A -= V'W + W'V with H = I - V'TV, Y = VA, W = T'(Y - YV'TV / 2): the upper triangle of HAH. room: double[4 B rest].
 * */
static void update(size_t rest, const double *V, const double *T, double *A, size_t lda, double *room)
{
    struct product p = {rest, lda, A, V, room + B * rest};
    double C[B * B], CT[B * B], *Y = p.Y, *left = room, *right = room + 2 * B * rest, *W = right;

    par_for((rest + SLICE - 1) / SLICE, product_slice, &p);
    dgemm_nt(B, B, rest, Y, rest, V, rest, C, B, KERN_SET);
    dgemm_nn(B, B, B, C, B, T, B, CT, B, KERN_SET);
    for (size_t i = 0; i < B * B; i++)
        CT[i] *= 0.5;
    dgemm_nn(B, rest, B, CT, B, V, rest, Y, rest, KERN_SUB);
    dgemm_tn(B, rest, B, T, B, Y, rest, W, rest, KERN_SET);
    /* one product of stacked rows: [V; W]'[W; V] */
    memcpy(left, V, B * rest * sizeof *left);
    memcpy(left + B * rest, W, B * rest * sizeof *left);
    memcpy(right + B * rest, V, B * rest * sizeof *right);
    dsyrk_tn(rest, 2 * B, left, rest, right, rest, A, lda, KERN_SUB);
}

void band_make(size_t n, double *A, double *tau)
{
    double *P = mem_new(5 * B * n + 1, sizeof *P), T[B * B];

    memset(tau, 0, n * sizeof *tau);
    for (size_t i = 0; i + B + 1 < n; i += B) {
        size_t rest = n - i - B;

        for (size_t k = 0; k < B; k++)
            memcpy(P + k * rest, A + (i + k) * n + i + B, rest * sizeof *P);
        panel(rest, P, A + i * n + i + B, n, tau + i);
        house_block(B, rest, P, rest, tau + i, T);
        update(rest, P, T, A + (i + B) * (n + 1), n, P + B * n);
    }
    free(P);
}

void band_back(size_t n, const double *A, const double *tau, size_t rows, double *Z)
{
    struct back_block b;

    back_new(&b, n);
    for (size_t i = (n - 1) / B * B; i > 0;) {
        i -= B;
        b.at = i + B;
        b.len = n - b.at;
        for (size_t k = 0; k < B; k++) {
            size_t zeros = k < b.len ? k : b.len;
            double *v = b.V + k * b.len;

            memset(v, 0, zeros * sizeof *v);
            memcpy(v + zeros, A + (i + k) * n + b.at + zeros, (b.len - zeros) * sizeof *v);
            if (k < b.len)
                v[k] = 1;
        }
        back_finish(&b, tau + i);
        back_apply(rows, n, Z, 1, &b);
    }
    back_free(&b);
}

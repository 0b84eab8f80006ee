#include "la/chase.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "la/house.h"

#define B KERN_BAND
#define LD (3 * B - 1)    /* element (i, j) stands at LD i + j: a row has room from B - 1 before the diagonal to 2 B - 1 behind it */
#define WIDE (2 * B - 1)  /* columns that B reflections of neighbouring sweeps touch */
#define CHUNK 128         /* rows of Z that stay in a cache while one group of sweeps is applied to them */

/* The band with zeros around it, so that every block is whole. */
static double *spread(size_t n, const double *A)
{
    double *band = mem_new((n + 2 * B) * (LD + 1) + 3 * B, sizeof *band);

    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n && j <= i + B; j++) {
            band[B + i * LD + j] = A[i * n + j];
            if (j < i + B)
                band[B + j * LD + i] = A[i * n + j];
        }
    return band;
}

/* Of a reflection that begins at column p: tau and what lies inside the matrix, to the row of its sweep. */
static void keep(size_t n, double *A, size_t s, size_t p, const double *v, double tau)
{
    double *row = A + (n - 1 - s) * n + (p - s - 1);

    memcpy(row, v, (n - p < B ? n - p : B) * sizeof *v);
    row[0] = tau;
}

/* Take row s to e[s] and its neighbour on the diagonal, and what that throws out of the band down to the last row. */
static void sweep(size_t n, double *band, size_t s, double *A, double *e)
{
    double v[B], x[B], y[B], tau, *at = band + B + s * LD + s + 1;

    memcpy(v, at, sizeof v);
    tau = house_make(B, v, &e[s]);
    for (size_t p = s + 1; p < n; p += B) {
        double *far, beta, next;

        keep(n, A, s, p, v, tau);
        at = band + B + p * LD + p;
        far = at + B;
        kern_fold64(v, tau, at, LD, y);
        for (size_t j = 0; j < B; j++)
            x[j] = far[j] - y[j];
        next = house_make(B, x, &beta);
        memset(far, 0, sizeof x);
        far[0] = beta;
        kern_push64(v, y, x, next, far, LD);
        memcpy(v, x, sizeof v);
        tau = next;
    }
}

void chase_make(size_t n, double *A, double *d, double *e)
{
    double *band = spread(n, A);

    for (size_t s = 0; s + 2 < n; s++)
        sweep(n, band, s, A, e);
    if (n > 1)
        e[n - 2] = band[B + (n - 2) * LD + n - 1];
    e[n - 1] = 0;
    for (size_t i = 0; i < n; i++)
        d[i] = band[B + i * LD + i];
    free(band);
}

/* Reflections number k of the sweeps first .. first + B - 1, as I - V'M. */
struct block {
    double V[B * WIDE], M[B * WIDE];
};

struct back {
    size_t n, rows, chunk, first, blocks;
    const double *A;
    struct block *block;
    double *Z;
};

static void make_block(void *ctx, size_t k)
{
    const struct back *b = ctx;
    struct block *o = &b->block[k];
    double tau[B] = {0}, T[B * B];

    memset(o->V, 0, sizeof o->V);
    for (size_t i = 0; i < B; i++) {
        size_t s = b->first + i, p = s + 1 + k * B;
        const double *row = b->A + (b->n - 1 - s) * b->n + k * B;
        double *v = o->V + i * WIDE + i;

        if (s + 2 >= b->n || p >= b->n)
            break;
        memcpy(v, row, (b->n - p < B ? b->n - p : B) * sizeof *v);
        tau[i] = row[0];
        v[0] = 1;
    }
    house_block(B, WIDE, o->V, WIDE, tau, T);
    dgemm_tn(B, WIDE, B, T, B, o->V, WIDE, o->M, WIDE, KERN_SET);
}

static void apply_chunk(void *ctx, size_t c)
{
    const struct back *b = ctx;
    size_t from = c * b->chunk, rows = b->rows - from < b->chunk ? b->rows - from : b->chunk;
    double *P = mem_resize(NULL, rows * B, sizeof *P);

    for (size_t k = 0; k < b->blocks; k++) {
        size_t p = b->first + 1 + k * B, len = b->n - p < WIDE ? b->n - p : WIDE;
        double *X = b->Z + from * b->n + p;

        dgemm_nt(rows, B, len, X, b->n, b->block[k].V, WIDE, P, B, KERN_SET);
        dgemm_nn(rows, len, B, P, B, b->block[k].M, WIDE, X, b->n, KERN_SUB);
    }
    free(P);
}

void chase_back(size_t n, const double *A, size_t rows, double *Z)
{
    size_t share = (rows / (size_t)par_jobs() + 7) / 8 * 8 + 8;
    struct back b = {.n = n, .rows = rows, .chunk = share < CHUNK ? share : CHUNK, .A = A, .Z = Z};

    if (n < 3)
        return;
    b.block = mem_resize(NULL, (n - 1) / B + 1, sizeof *b.block);
    for (size_t first = (n - 3) / B * B + B; first > 0;) {
        first -= B;
        b.first = first;
        b.blocks = (n - 2 - first) / B + 1;
        par_for(b.blocks, make_block, &b);
        par_for((rows + b.chunk - 1) / b.chunk, apply_chunk, &b);
    }
    free(b.block);
}

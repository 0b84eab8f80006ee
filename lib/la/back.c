#include "la/back.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "la/house.h"

#define B KERN_BAND
#define CHUNK 128 /* rows that stay in a cache while all blocks are taken to them */

void back_new(struct back_block *b, size_t len, int narrow)
{
    *b = (struct back_block){0, len, mem_resize(NULL, 2 * B * len, sizeof *b->V), NULL, NULL, NULL};
    b->M = b->V + B * len;
    if (narrow) {
        b->v = mem_resize(NULL, 2 * B * len, sizeof *b->v);
        b->m = b->v + B * len;
    }
}

void back_free(struct back_block *b)
{
    free(b->V);
    free(b->v);
}

void back_finish(struct back_block *b, const double *tau)
{
    double T[B * B];

    house_block(B, b->len, b->V, b->len, tau, T);
    dgemm_tn(B, b->len, B, T, B, b->V, b->len, b->M, b->len, KERN_SET);
    for (size_t i = 0; b->v && i < B * b->len; i++) {
        b->v[i] = (float)b->V[i];
        b->m[i] = (float)b->M[i];
    }
}

struct job {
    const struct vectors *z;
    const struct back_block *b;
    size_t blocks, chunk;
};

static void apply_chunk(void *ctx, size_t c)
{
    const struct job *j = ctx;
    size_t from = c * j->chunk, n = j->z->n, rows = j->z->rows - from < j->chunk ? j->z->rows - from : j->chunk;
    void *P = mem_resize(NULL, rows * B, sizeof(double));

    for (size_t k = 0; k < j->blocks; k++) {
        const struct back_block *b = &j->b[k];
        size_t at = from * n + b->at;

        if (j->z->d) {
            dgemm_nt(rows, B, b->len, j->z->d + at, n, b->V, b->len, P, B, KERN_SET);
            dgemm_nn(rows, b->len, B, P, B, b->M, b->len, j->z->d + at, n, KERN_SUB);
        } else {
            gemm_nt(rows, B, b->len, j->z->f + at, n, b->v, b->len, P, B, KERN_SET);
            gemm_nn(rows, b->len, B, P, B, b->m, b->len, j->z->f + at, n, KERN_SUB);
        }
    }
    free(P);
}

void back_apply(const struct vectors *z, size_t blocks, const struct back_block *b)
{
    size_t share = (z->rows / (size_t)par_jobs() + 8) / 8 * 8;
    struct job j = {z, b, blocks, share < CHUNK ? share : CHUNK};

    par_for((z->rows + j.chunk - 1) / j.chunk, apply_chunk, &j);
}

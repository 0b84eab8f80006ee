#include "la/back.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "la/house.h"

#define B KERN_BAND
#define CHUNK 128 /* rows that stay in a cache while all blocks are taken to them */

void back_new(struct back_block *b, size_t len)
{
    *b = (struct back_block){0, len, mem_resize(NULL, 2 * B * len, sizeof *b->V), NULL};
    b->M = b->V + B * len;
}

void back_free(struct back_block *b)
{
    free(b->V);
}

void back_finish(struct back_block *b, const double *tau)
{
    double T[B * B];

    house_block(B, b->len, b->V, b->len, tau, T);
    dgemm_tn(B, b->len, B, T, B, b->V, b->len, b->M, b->len, KERN_SET);
}

struct job {
    size_t rows, n, blocks, chunk;
    double *Z;
    const struct back_block *b;
};

static void apply_chunk(void *ctx, size_t c)
{
    const struct job *j = ctx;
    size_t from = c * j->chunk, rows = j->rows - from < j->chunk ? j->rows - from : j->chunk;
    double *P = mem_resize(NULL, rows * B, sizeof *P);

    for (size_t k = 0; k < j->blocks; k++) {
        const struct back_block *b = &j->b[k];
        double *X = j->Z + from * j->n + b->at;

        dgemm_nt(rows, B, b->len, X, j->n, b->V, b->len, P, B, KERN_SET);
        dgemm_nn(rows, b->len, B, P, B, b->M, b->len, X, j->n, KERN_SUB);
    }
    free(P);
}

void back_apply(size_t rows, size_t n, double *Z, size_t blocks, const struct back_block *b)
{
    size_t share = (rows / (size_t)par_jobs() + 8) / 8 * 8;
    struct job j = {rows, n, blocks, share < CHUNK ? share : CHUNK, Z, b};

    par_for((rows + j.chunk - 1) / j.chunk, apply_chunk, &j);
}

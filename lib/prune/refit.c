#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "num/kern.h"
#include "num/wide.h"
#include "prune/prune.h"

#define STEPS 400
#define SPAN 8        /* steps over which a row must gain */
#define ENOUGH 1e-3   /* the share of its loss that it must gain */
#define SLAB 256      /* rows at once */

struct refit {
    uint64_t rows, cols;
    const float *w0, *gram;
    const uint8_t *mask;
    float *w, *r, *p, *hp; /* [rows][cols]: the solution, the residual, the direction, gram times it */
    float *inverse;        /* [cols] of the diagonal; 0 where that is 0 */
    double *rz, *loss, *then, *first; /* [rows]: r'z, the loss now, SPAN steps ago, at the start */
    uint8_t *done;
};

/* p = z + beta p, where z = r / diagonal; returns r'z. */
WIDE static void turn(const float *r, const float *inverse, float beta, float *p, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        p[c] = r[c] * inverse[c] + beta * p[c];
}

/* *b += a x where mask is 0. */
WIDE static void add_kept(float a, const float *x, const uint8_t *mask, float *b, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        b[c] += mask[c] ? 0 : a * x[c];
}

static double dot_scaled(const float *r, const float *inverse, float *room, uint64_t n)
{
    kern_mul(r, inverse, room, n);
    return kern_dotd(r, room, n);
}

/* w, d = w0 - w, in p for the product. */
static void begin_row(void *ctx, size_t i)
{
    struct refit *f = ctx;
    uint64_t at = i * f->cols;

    for (uint64_t c = 0; c < f->cols; c++) {
        f->w[at + c] = f->mask[at + c] ? 0 : f->w[at + c];
        f->p[at + c] = f->w0[at + c] - f->w[at + c];
    }
}

/* hp holds d gram: the loss, the first residual and direction. */
static void first_row(void *ctx, size_t i)
{
    struct refit *f = ctx;
    uint64_t at = i * f->cols;

    f->loss[i] = f->then[i] = f->first[i] = kern_dotd(f->p + at, f->hp + at, f->cols);
    memset(f->r + at, 0, f->cols * sizeof *f->r);
    add_kept(1, f->hp + at, f->mask + at, f->r + at, f->cols);
    turn(f->r + at, f->inverse, 0, f->p + at, f->cols);
    f->rz[i] = kern_dotd(f->r + at, f->p + at, f->cols);
    f->done[i] = !(f->rz[i] > 0);
}

static void step_row(void *ctx, size_t i)
{
    struct refit *f = ctx;
    uint64_t at = i * f->cols;
    double curve = f->done[i] ? 0 : kern_dotd(f->p + at, f->hp + at, f->cols), alpha, rz;

    if (!(curve > 0)) { /* nothing is left that the data sees */
        f->done[i] = 1;
        return;
    }
    alpha = f->rz[i] / curve;
    kern_axpy((float)alpha, f->p + at, f->w + at, f->cols);
    add_kept((float)-alpha, f->hp + at, f->mask + at, f->r + at, f->cols);
    f->loss[i] -= alpha * f->rz[i];
    rz = dot_scaled(f->r + at, f->inverse, f->hp + at, f->cols);
    turn(f->r + at, f->inverse, (float)(rz / f->rz[i]), f->p + at, f->cols);
    f->rz[i] = rz;
    f->done[i] = !(rz > 0) || !(f->loss[i] > 0);
}

/* Rows that gained too little since the last look are done. Returns how many are not. */
static uint64_t look(struct refit *f)
{
    uint64_t left = 0;

    for (uint64_t i = 0; i < f->rows; i++) {
        f->done[i] |= f->then[i] - f->loss[i] < ENOUGH * f->loss[i];
        f->then[i] = f->loss[i];
        left += !f->done[i];
    }
    return left;
}

/* Rounding may have undone what the steps gained; then the row stays as it was. hp = (w0 - w) gram. */
static void end_row(void *ctx, size_t i)
{
    struct refit *f = ctx;
    uint64_t at = i * f->cols;

    f->done[i] = kern_dotd(f->p + at, f->hp + at, f->cols) <= f->first[i];
}

static void product(struct refit *f)
{
    gemm_nn(f->rows, f->cols, f->cols, f->p, f->cols, f->gram, f->cols, f->hp, f->cols, KERN_SET);
}

/* f->w0, mask, w of one slab. */
static void slab(struct refit *f, float *was)
{
    par_for(f->rows, begin_row, f);
    memcpy(was, f->w, f->rows * f->cols * sizeof *was);
    product(f);
    par_for(f->rows, first_row, f);
    for (int n = 1; n <= STEPS; n++) {
        product(f);
        par_for(f->rows, step_row, f);
        if (n % SPAN == 0 && look(f) == 0)
            break;
    }
    for (uint64_t i = 0; i < f->rows * f->cols; i++)
        f->p[i] = f->w0[i] - f->w[i];
    product(f);
    par_for(f->rows, end_row, f);
    for (uint64_t i = 0; i < f->rows; i++)
        if (!f->done[i])
            memcpy(f->w + i * f->cols, was + i * f->cols, f->cols * sizeof *was);
}

void prune_refit(uint64_t rows, uint64_t cols, const float *w0, const uint8_t *mask, const float *gram, float *w)
{
    uint64_t most = rows < SLAB ? rows : SLAB;
    float *room = mem_new(4 * most * cols + cols, sizeof *room);
    double *sums = mem_new(4 * most, sizeof *sums);
    struct refit f = {.cols = cols, .gram = gram, .r = room, .p = room + most * cols, .hp = room + 2 * most * cols,
                      .inverse = room + 4 * most * cols, .rz = sums, .loss = sums + most, .then = sums + 2 * most,
                      .first = sums + 3 * most, .done = mem_new(most, 1)};

    for (uint64_t c = 0; c < cols; c++)
        f.inverse[c] = gram[c * cols + c] > 0 ? 1 / gram[c * cols + c] : 0;
    for (uint64_t r = 0; r < rows; r += f.rows) {
        f.rows = rows - r < SLAB ? rows - r : SLAB;
        f.w0 = w0 + r * cols;
        f.mask = mask + r * cols;
        f.w = w + r * cols;
        slab(&f, room + 3 * most * cols);
    }
    free(f.done);
    free(sums);
    free(room);
}

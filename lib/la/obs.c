#include "la/obs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/wide.h"
#include "la/chol.h"
#include "la/gemm.h"
#include "num/kern.h"

typedef float lanes __attribute__((vector_size(OBS_LANES * 4), aligned(4), may_alias));

/* The mean of the diagonal over the columns that are alive, 1 when none is; -1.0 with e set. */
static double check_diagonal(size_t n, const float *gram, uint8_t *dead, struct err *e)
{
    double sum = 0;
    size_t alive = 0;

    for (size_t i = 0; i < n; i++) {
        float d = gram[i * n + i];

        if (!(d >= 0 && isfinite(d))) {
            err_set(e, "gram [%zu, %zu] is %g; a mean of squares is finite and not negative", i, i, (double)d);
            return -1;
        }
        if (dead)
            dead[i] = d == 0;
        sum += d;
        alive += d > 0;
    }
    return alive ? sum / (double)alive : 1;
}

/* A = gram in order, dead columns alone with `mean`, damp * mean added to the diagonal. */
static void fill(size_t n, const float *gram, const uint32_t *order, double mean, double damp, double *A)
{
    for (size_t i = 0; i < n; i++) {
        size_t a = order ? order[i] : i;

        for (size_t j = 0; j < n; j++) {
            size_t b = order ? order[j] : j;
            int alive = gram[a * n + a] > 0 && gram[b * n + b] > 0;

            A[i * n + j] = alive ? (double)gram[a < b ? a * n + b : b * n + a] : 0;
        }
        A[i * n + i] = (gram[a * n + a] > 0 ? (double)gram[a * n + a] : mean) + damp * mean;
    }
}

/* The doubles of A as floats in the same room; ascending, so that none is overwritten before it is read. */
static float *narrow(size_t n, double *A)
{
    float *U = (float *)(void *)A;

    for (size_t i = 0; i < n * n; i++) {
        double d;
        float f;

        memcpy(&d, (char *)A + i * sizeof d, sizeof d);
        f = (float)d;
        memcpy((char *)U + i * sizeof f, &f, sizeof f);
    }
    return mem_resize(U, n * n, sizeof *U);
}

float *obs_factor(size_t n, const float *gram, const uint32_t *order, double damp, uint8_t *dead, double *used,
                  struct err *e)
{
    double mean = check_diagonal(n, gram, dead, e), *A;
    struct err why;

    if (mean < 0)
        return NULL;
    A = mem_new(n * n, sizeof *A);
    for (; damp <= 100; damp = damp > 0 ? damp * 10 : 1e-4) {
        fill(n, gram, order, mean, damp, A);
        if (chol_inverse_upper(n, A, NULL, &why) == 0) {
            if (used)
                *used = damp;
            return narrow(n, A);
        }
    }
    free(A);
    err_set(e, "gram cannot be factored, whatever is added to its diagonal: %s", why.msg);
    return NULL;
}

/* Columns behind the one that is decided: w_k -= e U_jk. */
WIDE static void push(float *w, const float *u, const float *err, size_t n)
{
    lanes e = *(const lanes *)err, *to = (lanes *)w;

    for (size_t k = 0; k < n; k++)
        to[k] -= e * u[k];
}

struct block {
    const struct obs_sweep *s;
    size_t col0, width;
    float *err; /* [rows][width] */
};

/* Rows in and out of a tile: lane l is row row0 + l; lanes without a row are 0. */
static void load(const struct block *b, const struct obs_tile *t, float *w)
{
    for (size_t l = 0; l < t->rows; l++)
        for (size_t k = 0; k < b->width; k++)
            w[k * OBS_LANES + l] = b->s->w[(t->row0 + l) * b->s->cols + b->col0 + k];
}

static void store(const struct block *b, const struct obs_tile *t, const float *w, const float *err)
{
    for (size_t l = 0; l < t->rows; l++)
        for (size_t k = 0; k < b->width; k++) {
            b->s->w[(t->row0 + l) * b->s->cols + b->col0 + k] = w[k * OBS_LANES + l];
            b->err[(t->row0 + l) * b->width + k] = err[k * OBS_LANES + l];
        }
}

static void sweep_tile(void *ctx, size_t i)
{
    const struct block *b = ctx;
    const struct obs_sweep *s = b->s;
    float *w = mem_new(2 * b->width * OBS_LANES, sizeof *w), *err = w + b->width * OBS_LANES;
    size_t row0 = i * OBS_LANES, left = s->rows - row0;
    struct obs_tile t = {row0, left < OBS_LANES ? left : OBS_LANES, b->col0, b->width, 0, w};
    double loss[OBS_LANES] = {0};

    load(b, &t, w);
    for (size_t k = 0; k < b->width; k++) {
        const float *u = s->U + (b->col0 + k) * s->cols + b->col0 + k;
        float *e = err + k * OBS_LANES, *now = w + k * OBS_LANES, q[OBS_LANES];

        memcpy(q, now, sizeof q);
        t.col = b->col0 + k;
        s->decide(s->ctx, &t, q);
        for (int l = 0; l < OBS_LANES; l++) {
            e[l] = (now[l] - q[l]) / u[0];
            loss[l] += (double)e[l] * e[l];
        }
        memcpy(now, q, sizeof q);
        push(now + OBS_LANES, u + 1, e, b->width - k - 1);
    }
    store(b, &t, w, err);
    for (size_t l = 0; s->loss && l < t.rows; l++)
        s->loss[row0 + l] += loss[l];
    free(w);
}

void obs_block(const struct obs_sweep *s, size_t col0, size_t width)
{
    struct block b = {s, col0, width, mem_resize(NULL, s->rows * width, sizeof *b.err)};
    size_t end = col0 + width;

    par_for((s->rows + OBS_LANES - 1) / OBS_LANES, sweep_tile, &b);
    if (end < s->cols)
        gemm_nn(s->rows, s->cols - end, width, b.err, width, s->U + col0 * s->cols + end, s->cols, s->w + end, s->cols,
                KERN_SUB);
    free(b.err);
}

size_t obs_width(size_t cols, size_t col0, size_t group)
{
    size_t left = cols - col0, width = OBS_BLOCK;

    if (group && group <= OBS_BLOCK)
        width = OBS_BLOCK / group * group;
    else if (group && group - col0 % group < OBS_BLOCK)
        width = group - col0 % group;
    return width < left ? width : left;
}

void obs_loss(size_t rows, size_t cols, const float *W, const float *Q, const float *gram, double *lost, double *whole)
{
    enum { SOME = 64 };
    float *d = mem_new(2 * SOME * cols, sizeof *d), *dh = d + SOME * cols;

    for (size_t r = 0; r < rows; r += SOME) {
        size_t n = rows - r < SOME ? rows - r : SOME;
        const float *w = W + r * cols, *q = Q + r * cols;

        for (size_t i = 0; i < n * cols; i++)
            d[i] = w[i] - q[i];
        gemm_nt(n, cols, cols, d, cols, gram, cols, dh, cols, KERN_SET);
        for (size_t i = 0; i < n; i++)
            *lost += kern_dotd(d + i * cols, dh + i * cols, cols);
        if (!whole)
            continue;
        gemm_nt(n, cols, cols, w, cols, gram, cols, dh, cols, KERN_SET);
        for (size_t i = 0; i < n; i++)
            *whole += kern_dotd(w + i * cols, dh + i * cols, cols);
    }
    free(d);
}

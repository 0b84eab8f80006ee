/*
 * Rows share the products with the gram: up to SLOTS of them are worked at side by side, each at its own step, and a
 * row that is done gives its slot to the next. A row's turns: the gradient at the start; conjugate gradient steps; the
 * loss at the end, measured anew.
 *
 * What stands in for the gram of the weights that stay, H_SS, is D_S + L_S L_S': L the pivoted Cholesky columns of H, D
 * what they leave of the diagonal, at least a share of it. Its inverse is D^-1 - D^-1 L_S (I + L_S' D^-1 L_S)^-1 L_S'
 * D^-1 (Woodbury), the middle a small matrix a row. So the few directions that many inputs share, which cost a diagonal
 * alone most of its steps, are dealt with at once. Where L is all of H: refit_few.c.
 */
#include "prune/refit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/wide.h"
#include "la/chol.h"
#include "la/gemm.h"

#define STEPS 400
#define ENOUGH 1e-3 /* the share of its loss that a row may still have to gain */
#define NOTHING                                                                                                        \
    1e-7 /* of its loss at the start: what is below is rounding (a gram of few tokens lets all loss be made up for) */
#define FLOOR 1e-2f /* of the diagonal, the least of D */
#define FEW 128     /* columns of L beyond the preconditioner's that a row is solved by at once */
#define SLOTS 256

enum phase { BEGIN, STEP, END, EMPTY };

struct slot {
    uint64_t at; /* the row's first element */
    enum phase phase;
    int steps;
    double rz, loss, first; /* r'z; the loss now, at the start */
    double gain[4];         /* of the last steps, the latest first */
};

struct work {
    const struct prune_refit *f;
    const float *w0;
    const uint8_t *mask;
    float *w;
    uint64_t slots;        /* in use: the first of them */
    float *x, *r, *p, *hp; /* [slots][cols]: the change of w, the residual, the direction, gram times it */
    float *u, *U;          /* [slots][rank]; [slots][rank][rank], the Cholesky factor of the middle */
    float *kept;           /* [threads][cols][rank] */
    struct slot slot[SLOTS];
};

/* r += a x where the mask is 0; 0 where it is 1. */
WIDE static void add_kept(float a, const float *x, const uint8_t *mask, float *r, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        r[c] = mask[c] ? 0 : r[c] + a * x[c];
}

/* s = (r - s) / D where the mask is 0; 0 where it is 1. */
WIDE static void precondition(const float *r, const float *inverse, const uint8_t *mask, float *s, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        s[c] = mask[c] ? 0 : (r[c] - s[c]) * inverse[c];
}

/* p = z + beta p */
WIDE static void turn(const float *z, float beta, float *p, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        p[c] = z[c] + beta * p[c];
}

/* p = w0 - (w + x), the change of the row: its product with itself by the gram is the loss. */
WIDE static void difference(const float *w0, const float *w, const float *x, float *p, uint64_t n)
{
    for (uint64_t c = 0; c < n; c++)
        p[c] = w0[c] - (w[c] + x[c]);
}

/* The middle and its factor, I + B'B = U'U, B the rows of L that stay over the roots of D. */
static void factor(const struct work *k, size_t i)
{
    const struct prune_refit *f = k->f;
    const uint8_t *mask = k->mask + k->slot[i].at;
    uint64_t rank = f->rank, n = 0;
    float *B = k->kept + (uint64_t)par_self() * f->cols * rank, *U = k->U + i * rank * rank;
    double *A = mem_resize(NULL, rank * rank + 1, sizeof *A);
    struct err e;

    for (uint64_t c = 0; c < f->cols; c++)
        if (!mask[c])
            kern_scale(f->root[c], f->L + c * rank, B + n++ * rank, rank);
    syrk_tn(rank, n, B, rank, B, rank, U, rank, KERN_SET);
    for (uint64_t a = 0; a < rank; a++)
        for (uint64_t b = a; b < rank; b++)
            A[a * rank + b] = (double)U[a * rank + b] + (a == b);
    if (chol(rank, A, rank, NULL, &e) < 0)
        for (uint64_t a = 0; a < rank; a++)
            A[a * rank + a] = INFINITY; /* a gram of no numbers: D alone */
    for (uint64_t a = 0; a < rank * rank; a++)
        U[a] = (float)A[a];
    free(A);
}

/* u = (U'U)^-1 u */
static void solve(uint64_t rank, const float *U, float *u)
{
    for (uint64_t a = 0; a < rank; a++) {
        u[a] /= U[a * rank + a];
        kern_axpy(-u[a], U + a * rank + a + 1, u + a + 1, rank - a - 1);
    }
    for (uint64_t a = rank; a-- > 0;)
        u[a] = (u[a] - kern_dot(U + a * rank + a + 1, u + a + 1, rank - a - 1)) / U[a * rank + a];
}

/* A row that is new in its slot. */
static void enter(void *ctx, size_t i)
{
    const struct work *k = ctx;
    uint64_t cols = k->f->cols, at = k->slot[i].at;
    float *w = k->w + at;

    if (k->slot[i].phase != BEGIN)
        return;
    for (uint64_t c = 0; c < cols; c++)
        w[c] = k->mask[at + c] ? 0 : w[c];
    memset(k->x + i * cols, 0, cols * sizeof *w);
    memset(k->r + i * cols, 0, cols * sizeof *w);
    difference(k->w0 + at, w, k->x + i * cols, k->p + i * cols, cols);
    factor(k, i);
}

static void finish(struct work *k, size_t i)
{
    uint64_t cols = k->f->cols, at = k->slot[i].at;

    k->slot[i].phase = END;
    difference(k->w0 + at, k->w + at, k->x + i * cols, k->p + i * cols, cols);
}

/* What is to come after the last step, at the slowest pace of the last three; infinite where the pace does not slow. */
static double to_gain(const struct slot *s)
{
    const double *g = s->gain;
    double pace = 0;

    for (int i = 0; i < 3; i++)
        pace = g[i] > pace * g[i + 1] ? g[i] / g[i + 1] : pace;
    return s->steps >= 4 && pace < 1 ? g[0] * pace / (1 - pace) : INFINITY;
}

static void step(struct work *k, size_t i)
{
    struct slot *s = &k->slot[i];
    uint64_t cols = k->f->cols, at = i * cols;
    double curve = kern_dotd(k->p + at, k->hp + at, cols), alpha = curve > 0 ? s->rz / curve : 0;

    kern_axpy((float)alpha, k->p + at, k->x + at, cols);
    add_kept((float)-alpha, k->hp + at, k->mask + s->at, k->r + at, cols);
    memmove(s->gain + 1, s->gain, 3 * sizeof *s->gain);
    s->gain[0] = alpha * s->rz;
    s->loss -= s->gain[0];
    s->steps++;
    if (!(curve > 0 && s->loss > NOTHING * s->first && s->steps < STEPS && to_gain(s) > ENOUGH * s->loss))
        finish(k, i);
}

/* hp = p gram. Rounding may have undone what the steps gained; then the row stays as it was. */
static void advance(void *ctx, size_t i)
{
    struct work *k = ctx;
    struct slot *s = &k->slot[i];
    uint64_t cols = k->f->cols, at = i * cols;
    float *w = k->w + s->at;

    if (s->phase == BEGIN) {
        s->first = s->loss = kern_dotd(k->p + at, k->hp + at, cols);
        add_kept(1, k->hp + at, k->mask + s->at, k->r + at, cols);
    } else if (s->phase == STEP) {
        step(k, i);
    } else if (s->phase == END) {
        if (kern_dotd(k->p + at, k->hp + at, cols) <= s->first)
            kern_add(w, k->x + at, w, cols);
        s->phase = EMPTY;
    }
    kern_mul(k->r + at, k->f->inverse, k->hp + at, cols); /* for L' D^-1 r */
}

static void middle(void *ctx, size_t i)
{
    const struct work *k = ctx;
    uint64_t rank = k->f->rank;

    if (k->slot[i].phase <= STEP)
        solve(rank, k->U + i * rank * rank, k->u + i * rank);
}

/* hp = L u: the next direction. */
static void direct(void *ctx, size_t i)
{
    struct work *k = ctx;
    struct slot *s = &k->slot[i];
    uint64_t cols = k->f->cols, at = i * cols;
    double rz;

    if (s->phase > STEP)
        return;
    precondition(k->r + at, k->f->inverse, k->mask + s->at, k->hp + at, cols);
    rz = kern_dotd(k->r + at, k->hp + at, cols);
    turn(k->hp + at, s->phase == STEP ? (float)(rz / s->rz) : 0, k->p + at, cols);
    s->rz = rz;
    s->phase = STEP;
    if (!(rz > 0)) /* nothing is left that the data sees */
        finish(k, i);
}

static void move(struct work *k, uint64_t from, uint64_t to)
{
    uint64_t cols = k->f->cols, square = k->f->rank * k->f->rank;
    float *const part[] = {k->x, k->r, k->p};

    k->slot[to] = k->slot[from];
    for (int i = 0; i < 3; i++)
        memcpy(part[i] + to * cols, part[i] + from * cols, cols * sizeof(float));
    memcpy(k->U + to * square, k->U + from * square, square * sizeof(float));
}

/* Empty slots get the rows from `next` on; when there are none, those in use move together. */
static void fill(struct work *k, uint64_t rows, uint64_t *next)
{
    for (uint64_t i = 0; i < k->slots; i++) {
        if (k->slot[i].phase != EMPTY)
            continue;
        if (*next < rows) {
            k->slot[i] = (struct slot){.at = (*next)++ * k->f->cols};
            continue;
        }
        while (k->slots > i && k->slot[k->slots - 1].phase == EMPTY)
            k->slots--;
        if (k->slots > i)
            move(k, --k->slots, i);
    }
}

static void steps(const struct prune_refit *f, uint64_t rows, const float *w0, const uint8_t *mask, float *w)
{
    uint64_t most = rows < SLOTS ? rows : SLOTS, each = most * f->cols, next = 0;
    float *room = mem_resize(
        NULL, 4 * each + most * f->rank * (f->rank + 1) + (uint64_t)par_jobs() * f->cols * f->rank + 1, sizeof *room);
    struct work k = {.f = f,
                     .w0 = w0,
                     .mask = mask,
                     .w = w,
                     .slots = most,
                     .x = room,
                     .r = room + each,
                     .p = room + 2 * each,
                     .hp = room + 3 * each,
                     .u = room + 4 * each};

    k.U = k.u + most * f->rank;
    k.kept = k.U + most * f->rank * f->rank;
    for (uint64_t i = 0; i < most; i++)
        k.slot[i].phase = EMPTY;
    for (fill(&k, rows, &next); k.slots > 0; fill(&k, rows, &next)) {
        par_for(k.slots, enter, &k);
        gemm_nt(k.slots, f->cols, f->cols, k.p, f->cols, f->gram, f->cols, k.hp, f->cols, KERN_SET);
        par_for(k.slots, advance, &k);
        gemm_nn(k.slots, f->rank, f->cols, k.hp, f->cols, f->L, f->rank, k.u, f->rank, KERN_SET);
        par_for(k.slots, middle, &k);
        gemm_nt(k.slots, f->cols, f->rank, k.u, f->rank, f->L, f->rank, k.hp, f->cols, KERN_SET);
        par_for(k.slots, direct, &k);
    }
    free(room);
}

void prune_refit_rows(const struct prune_refit *f, uint64_t rows, const float *w0, const uint8_t *mask, float *w)
{
    (f->few ? prune_refit_few : steps)(f, rows, w0, mask, w);
}

/* Is H = LL' with so few columns of L that rows are better solved by it? Then they are f's. */
static int few(struct prune_refit *f, uint64_t most, float *rest)
{
    size_t rank = chol_pivoted(f->cols, f->gram, most, f->L, rest);

    for (uint64_t c = 0; c < f->cols; c++)
        if (rest[c] > 0)
            return 0;
    for (uint64_t c = 0; c < f->cols; c++)
        memmove(f->L + c * rank, f->L + c * most, rank * sizeof *f->L);
    f->rank = rank;
    return 1;
}

void prune_refit_make(struct prune_refit *f, uint64_t cols, const float *gram)
{
    uint64_t rank = (uint64_t)(2 * sqrt((double)cols)) / 16 * 16, most = rank + FEW < cols / 2 ? rank + FEW : cols / 2;
    float *rest = mem_resize(NULL, cols + 1, sizeof *rest);

    *f = (struct prune_refit){.cols = cols, .rank = rank, .gram = gram};
    f->L = mem_resize(NULL, cols * (most > rank ? most : rank) + 1, sizeof *f->L);
    f->inverse = mem_resize(NULL, cols + 1, sizeof *f->inverse);
    f->root = mem_resize(NULL, cols + 1, sizeof *f->root);
    f->few = few(f, most, rest);
    if (!f->few)
        chol_pivoted(cols, gram, rank, f->L, rest);
    for (uint64_t c = 0; c < cols; c++) {
        float whole = gram[c * cols + c], d = f->few ? whole : rest[c] > FLOOR * whole ? rest[c] : FLOOR * whole;

        f->inverse[c] = d > 0 ? 1 / d : 0;
        f->root[c] = sqrtf(f->inverse[c]);
    }
    free(rest);
}

void prune_refit_free(struct prune_refit *f)
{
    free(f->L);
    free(f->inverse);
    free(f->root);
    *f = (struct prune_refit){0};
}

void prune_refit(uint64_t rows, uint64_t cols, const float *w0, const uint8_t *mask, const float *gram, float *w)
{
    struct prune_refit f;

    prune_refit_make(&f, cols, gram);
    prune_refit_rows(&f, rows, w0, mask, w);
    prune_refit_free(&f);
}

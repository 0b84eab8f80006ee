/*
 * error: what each tensor would lose in each thing it can become, measured; then the choice whose weighed sum of losses
 * is least within the budget (alloc_knapsack). The loss is that of the outputs on the calibration inputs, tr(E H E') /
 * tr(W H W'), E the change of W, H the gram, or diag(norm2) where there is no gram, or I; it is weighed by the tensor's
 * weights, so that one weight counts as another, and by the angle by which its layer turns the state (cfsp), as what a
 * layer adds little to, it can spoil little. With energy tr(E H E') itself.
 *
 * sparsity  at 0, 5 % ... 95 % and the target: masks of wanda by row where inputs are known, of magnitude by tensor
 *           where they are not; between them losses are taken to be on a line
 * type      by the family of types (try)
 * rank      every rank: the squares of the singular values left out of W S, S S' = H
 *
 * Layerwise losses measured once and a knapsack over them: as Frantar and Alistarh 2022, SPDY, and the database of
 * levels of EvoPress (Sieberling et al. 2024) without its search; that a model's loss is about the sum of its layers'
 * relative losses: Malinovskii et al. 2024, HIGGS, theorem 1, whose factor for each layer is 1 here.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/alloc.h"
#include "alloc/measured.h"
#include "base/pick.h"
#include "la/quad.h"

/* What a loss counts in the sum: the share of its own output that a tensor loses, times its weights, times its layer's
 * angle; without the angle; without both; or the energy that is lost. */
static enum { TURN, SIZE, SHARE, ENERGY } weigh;
static double lambda = 0.08;
static const char *losses, *measured;

static int set_weigh(const char *arg, struct err *e)
{
    static const char *const word[] = {"turn", "size", "share", "energy"};

    for (int i = 0; i <= ENERGY; i++)
        if (strcmp(arg, word[i]) == 0) {
            weigh = i;
            return 0;
        }
    return err_set(e, "'%s' is none of turn, size, share, energy", arg);
}

static const struct opt opts[] = {
    {0, "weigh", "UNIT", OPT_CALL, 0, "what a loss counts: turn, size, share or energy (default turn)", set_weigh},
    {0, "lambda", "L", OPT_F64, &lambda, "no sparsity farther than L from the target", 0, 0, INFINITY},
    {0, "losses", "FILE", OPT_STRING, &losses, "write the measured losses, a TSV line for each tensor and choice", 0},
    {0, "measured", "FILE", OPT_STRING, &measured, "types: take losses that --losses wrote, and read no weights", 0},
    OPT_END};

static double part(double lost, double whole)
{
    return whole > 0 ? lost / whole : 0;
}

static double factor(const struct alloc_tensor *t)
{
    double n = alloc_weights(t);

    return weigh == TURN ? n * t->angle : weigh == SIZE ? n : weigh == ENERGY ? t->whole : 1;
}

static double energy(const struct alloc_view *v, const float *x, uint64_t rows, uint64_t cols)
{
    double sum = 0;

    if (v->gram)
        return quad_gram(rows, cols, x, v->gram);
    if (v->norm2)
        return quad_diagonal(rows, cols, x, v->norm2);
    for (uint64_t i = 0; i < rows * cols; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

/* |W_ij| |x_j|, by row; or |W_ij|, as one row of all. */
static float *scores(const struct alloc_tensor *t, const struct alloc_view *v)
{
    float *s = mem_new(t->rows * t->cols, sizeof *s);

    for (uint64_t i = 0; i < t->rows * t->cols; i++) {
        uint64_t c = i % t->cols;

        s[i] = fabsf(v->w[i]) * (v->norm2 ? sqrtf(v->norm2[c]) : v->gram ? sqrtf(v->gram[c * t->cols + c]) : 1);
    }
    return s;
}

/* What goes at a share: the weights themselves, zeros elsewhere. */
static void gone(const float *s, const float *w, uint64_t rows, uint64_t cols, double share, uint8_t *mark, float *out)
{
    double count = share * (double)cols * (1 + 0x1p-50); /* as wprune counts */

    for (uint64_t r = 0; r < rows; r++) {
        pick_smallest(s + r * cols, cols, count < (double)cols ? (size_t)count : cols, mark);
        for (uint64_t c = 0; c < cols; c++)
            out[r * cols + c] = mark[c] ? w[r * cols + c] : 0;
    }
}

#define STEPS 20

/* The shares that are tried, the greatest first: the bounds, the target, and steps of 5 % between. How many. */
static int grid(const struct alloc_job *j, double share[STEPS + 4])
{
    double low = j->target > lambda ? j->target - lambda : 0, high = j->target + lambda < 1 ? j->target + lambda : 1;
    int n = 0;

    share[n++] = high;
    for (int i = STEPS; i >= 0; i--) {
        double s = i / (double)STEPS;

        if (s < j->target && j->target < share[n - 1])
            share[n++] = j->target;
        if (s > low && s < share[n - 1])
            share[n++] = s;
    }
    if (low < share[n - 1])
        share[n++] = low;
    return n;
}

static int see_sparsity(const struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v)
{
    int by_row = v->norm2 || v->gram;
    uint64_t rows = by_row ? t->rows : 1, cols = by_row ? t->cols : t->rows * t->cols;
    float *s = scores(t, v), *out = mem_new(t->rows * t->cols, sizeof *out);
    double whole = energy(v, v->w, t->rows, t->cols), share[STEPS + 4];
    uint8_t *mark = mem_new(cols, 1);

    t->whole = whole;
    t->points = grid(j, share);
    t->point = mem_new((size_t)t->points, sizeof *t->point);
    for (int i = 0; i < t->points; i++) {
        gone(s, v->w, rows, cols, share[i], mark, out);
        t->point[i].cost = (1 - share[i]) * alloc_weights(t);
        t->point[i].loss = part(energy(v, out, t->rows, t->cols), whole);
    }
    free(s);
    free(out);
    free(mark);
    return 0;
}

static int by_cost(const void *a, const void *b)
{
    const struct alloc_point *x = a, *y = b;

    if (x->cost != y->cost)
        return x->cost < y->cost ? -1 : 1;
    return (x->choice > y->choice) - (x->choice < y->choice);
}

static int see_type(const struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    double lost, whole;

    t->point = mem_new(j->types, sizeof *t->point);
    for (uint64_t i = 0; i < j->types; i++) {
        struct alloc_point *p = &t->point[t->points++];

        p->choice = i;
        if (j->try(j, v->b, i, &p->cost, &lost, &whole, e) < 0)
            return -1;
        p->loss = part(lost, whole);
        t->whole = whole;
    }
    return 0;
}

/* As an earlier run measured it. The table is read with the first tensor, for the whole process. */
static int see_measured(const struct alloc_job *j, struct alloc_tensor *t, struct err *e)
{
    static struct measured *table;

    if (!table && !(table = measured_read(measured, e)))
        return -1;
    return measured_points(table, j, t, e);
}

static int see_rank(const struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    uint64_t most = t->rows < t->cols ? t->rows : t->cols;
    double *square = alloc_spectrum(t->rows, t->cols, v->w, v->gram, v->norm2, e), tail = 0;

    if (!square)
        return -1;
    t->point = mem_new(most + 1, sizeof *t->point);
    for (uint64_t r = most; r >= 1; r--) { /* point[r - 1].loss: what is left out of rank r */
        t->point[r - 1] = (struct alloc_point){r, alloc_rank_cost(j, t, r), tail};
        tail += square[r - 1];
    }
    free(square);
    for (uint64_t r = 0; r < most; r++)
        t->point[r].loss = part(t->point[r].loss, tail);
    t->whole = tail;
    while (!j->by_rank && most && t->point[most - 1].cost >= alloc_weights(t))
        most--;
    if (!j->by_rank)
        t->point[most++] = (struct alloc_point){ALLOC_DENSE, alloc_weights(t), 0};
    t->points = (int)most;
    return 0;
}

static int see(struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    int rc;

    if (weigh == TURN && isnan(t->angle))
        return err_set(
            e,
            "its layer has no key angle, by which losses are weighed; mcalib --parts bi adds it, or say --weigh size");
    if (measured && j->kind != ALLOC_TYPE)
        return err_set(e, "--measured has losses of types; of others they are measured anew");
    rc = j->kind == ALLOC_SPARSITY ? see_sparsity(j, t, v)
         : j->kind == ALLOC_RANK   ? see_rank(j, t, v, e)
         : measured                ? see_measured(j, t, e)
                                   : see_type(j, t, v, e);
    if (rc == 0 && j->kind == ALLOC_TYPE)
        qsort(t->point, (size_t)t->points, sizeof *t->point, by_cost);
    t->factor = factor(t);
    return rc;
}

/* The point of a choice; of one that is none, the last. */
static int find(const struct alloc_tensor *t, uint64_t choice)
{
    int i = 0;

    while (i < t->points - 1 && t->point[i].choice != choice)
        i++;
    return i;
}

/* Where all have the same type: the one that fits and loses least. */
static int uniform_type(const struct alloc_job *j, int *same)
{
    double best = INFINITY;
    uint64_t type = j->types;

    for (uint64_t i = 0; i < j->types; i++) {
        double loss = 0, cost = 0;

        for (int t = 0; t < j->n; t++) {
            const struct alloc_point *p = &j->t[t].point[find(&j->t[t], i)];

            loss += j->t[t].factor * p->loss;
            cost += p->cost;
        }
        if (cost <= j->target && loss < best) {
            best = loss;
            type = i;
        }
    }
    for (int t = 0; t < j->n && type < j->types; t++)
        same[t] = find(&j->t[t], type);
    return type < j->types;
}

static int decide(struct alloc_job *j, struct err *e)
{
    double budget = j->kind == ALLOC_TYPE ? j->target : j->kind == ALLOC_RANK ? alloc_rank_budget(j) : 0;
    int *same = mem_new((size_t)j->n, sizeof *same), has_same = j->kind == ALLOC_RANK, rc;

    for (int i = 0; i < j->n; i++) {
        if (j->kind == ALLOC_SPARSITY)
            budget += (1 - j->target) * alloc_weights(&j->t[i]);
        if (j->kind == ALLOC_RANK)
            same[i] = find(&j->t[i], alloc_uniform_rank(j, &j->t[i]));
    }
    if (j->kind == ALLOC_TYPE)
        has_same = uniform_type(j, same);
    rc = alloc_knapsack(j, budget, has_same ? same : NULL, j->kind == ALLOC_SPARSITY, e);
    free(same);
    return rc;
}

const struct alloc_method alloc_error = {.name = "error",
                                         .brief = "the least sum of measured losses of outputs",
                                         .kinds = ALLOC_SPARSITY | ALLOC_TYPE | ALLOC_RANK,
                                         .needs = ALLOC_WEIGHTS | ALLOC_INPUTS,
                                         .opts = opts,
                                         .losses = &losses,
                                         .measured = &measured,
                                         .see = see,
                                         .decide = decide};

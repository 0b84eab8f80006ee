/*
 * owl: layers with more outliers keep more weights. A_ij = |W_ij| sqrt(norm2_j), over all chosen linears of a layer;
 * the outliers of layer l are
 *     D_l = share of the A_ij above M mean(A)
 * and its sparsity S - lambda .. S + lambda falls linearly with D_l: s_l = c - 2 lambda (D_l - min D) / (max D - min
 * D), c such that the weights that go are S of all. Yin et al. 2023, Outlier weighed layerwise sparsity (OWL), section
 * 4 and algorithm 1: M = 5, lambda = 0.08 by default. Where the released code only centres the span of 2 lambda on the
 * mean over layers, here no layer leaves [S - lambda, S + lambda], and the mean counts weights, not layers. The scores
 * of one layer are held: 4 bytes a weight.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/alloc.h"

static double outlier = 5, lambda = 0.08;
static int by_tensor; /* a layer is one tensor */

static int set_unit(const char *arg, struct err *e)
{
    if (strcmp(arg, "layer") != 0 && strcmp(arg, "tensor") != 0)
        return err_set(e, "'%s' is neither layer nor tensor", arg);
    by_tensor = strcmp(arg, "tensor") == 0;
    return 0;
}

static const struct opt opts[] = {
    {0, "unit", "UNIT", OPT_CALL, 0, "a layer (default), or each tensor for itself", set_unit},
    {0, "outlier", "M", OPT_F64 | OPT_ABOVE, &outlier, "outliers are above M times the mean", 0, 0, INFINITY},
    {0, "lambda", "L", OPT_F64, &lambda, "no sparsity farther than L from the target", 0, 0, INFINITY},
    OPT_END};

/* The layer whose tensors are coming; its first tensor's index is its group. */
struct open {
    double sum;
    uint64_t n, room;
    float *score;
};

static void close_layer(const struct alloc_job *j, struct open *o, int group)
{
    double limit = o->n ? outlier * o->sum / (double)o->n : 0;
    uint64_t over = 0;

    for (uint64_t i = 0; i < o->n; i++)
        over += o->score[i] > limit;
    j->t[group].score = o->n ? (double)over / (double)o->n : 0;
    free(o->score);
    *o = (struct open){0};
}

/* Whose layer is t's? -1 in e: one that was closed, as other layers' tensors came in between. */
static int find_group(const struct alloc_job *j, const struct alloc_tensor *t, struct err *e)
{
    int me = j->n - 1;

    if (by_tensor || t->layer < 0 || me == 0)
        return me;
    if (j->t[me - 1].layer == t->layer)
        return j->t[me - 1].group;
    for (int i = 0; i < me; i++)
        if (j->t[i].layer == t->layer)
            return err_set(e, "layer %lld was closed when '%s' came; the tensors of a layer must come together",
                           (long long)t->layer, j->t[me - 1].name);
    return me;
}

static int see(struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    struct open *o = j->state ? j->state : (j->state = mem_new(1, sizeof *o));
    uint64_t more = t->rows * t->cols;
    float *rms = mem_new(t->cols, sizeof *rms);

    if ((t->group = find_group(j, t, e)) < 0) {
        free(rms);
        return -1;
    }
    if (j->n > 1 && t->group == j->n - 1)
        close_layer(j, o, j->t[j->n - 2].group);
    o->score = mem_resize(o->score, o->n + more, sizeof *o->score);
    for (uint64_t c = 0; c < t->cols; c++)
        rms[c] = sqrtf(v->norm2[c]);
    for (uint64_t r = 0; r < t->rows; r++) {
        double part = 0;

        for (uint64_t c = 0; c < t->cols; c++)
            part += o->score[o->n++] = fabsf(v->w[r * t->cols + c]) * rms[c];
        o->sum += part;
    }
    free(rms);
    return 0;
}

static int decide(struct alloc_job *j, struct err *e)
{
    double least = INFINITY, most = -INFINITY, low = j->target - lambda, high = j->target + lambda;

    if (j->n)
        close_layer(j, j->state, j->t[j->n - 1].group);
    for (int i = 0; i < j->n; i++) {
        double d = j->t[i].score = j->t[j->t[i].group].score;

        least = d < least ? d : least;
        most = d > most ? d : most;
    }
    for (int i = 0; i < j->n; i++)
        j->t[i].score = most > least ? -2 * lambda * (j->t[i].score - least) / (most - least) : 0;
    return alloc_level(j, low > 0 ? low : 0, high < 1 ? high : 1, e);
}

const struct alloc_method alloc_owl = {.name = "owl",
                                       .brief = "layers with more outliers of |W| * norm keep more (OWL)",
                                       .kinds = ALLOC_SPARSITY,
                                       .needs = ALLOC_WEIGHTS | ALLOC_NORM2,
                                       .opts = opts,
                                       .see = see,
                                       .decide = decide};

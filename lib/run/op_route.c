/*
 * op_route: which experts a token goes to. Scores are the softmax or the sigmoid of the router's outputs; the highest
 * count (a correction bias added for the choice alone), of equal ones the lower index. With groups, only experts of the
 * best gtop groups are chosen from; a group is as good as the sum of its gsum best (DeepSeek-AI 2024).
 *
 * out: [2 top]: the experts' indices in the order of choice, then their weights: the scores, divided by their sum where
 * norm says so, times scale.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "num/kern.h"
#include "run/op.h"

static int whole(const struct op *o, enum op_attr at, const char *name, int64_t most, struct err *e)
{
    double v = o->at[at];

    return v >= 1 && v <= (double)most && v == floor(v)
               ? 0
               : err_set(e, "%s is %g; a whole number from 1 to %lld is needed", name, v, (long long)most);
}

int op_shape_route(struct op *o, struct op_size *size, struct err *e)
{
    int64_t experts = size[o->step->in[0]].width;

    if (!*o->word)
        o->word = "softmax";
    if (strcmp(o->word, "softmax") != 0 && strcmp(o->word, "sigmoid") != 0)
        return err_set(e, "score=%.80s; there are softmax and sigmoid", o->word);
    if (experts > 1 << 20 || whole(o, AT_top, "top", experts, e) < 0 || whole(o, AT_groups, "groups", experts, e) < 0 ||
        whole(o, AT_gtop, "gtop", (int64_t)o->at[AT_groups], e) < 0)
        return experts > 1 << 20 ? err_set(e, "%lld experts are more than 2^20", (long long)experts) : -1;
    if (experts % (int64_t)o->at[AT_groups] != 0)
        return err_set(e, "%lld experts in %g groups", (long long)experts, o->at[AT_groups]);
    if (o->extra && o->extra->rows * o->extra->cols != experts)
        return err_set(e, "%lld experts, %s has %lld values", (long long)experts, o->step->extra->role,
                       (long long)(o->extra->rows * o->extra->cols));
    size[o->step->out] = (struct op_size){2 * (int64_t)o->at[AT_top], 2 * (int64_t)o->at[AT_top]};
    return 0;
}

/* The highest of n, the first of equals; NaN is below all. */
static int64_t best(const float *x, int64_t n)
{
    int64_t at = 0;

    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[at] || (isnan(x[at]) && !isnan(x[i])))
            at = i;
    return at;
}

/* What a group is worth; its scores are used up in copy. */
static float worth(const float *x, int64_t n, int64_t of, float *copy)
{
    float sum = 0;

    memcpy(copy, x, (size_t)n * sizeof *copy);
    for (int64_t i = 0; i < of && i < n; i++) {
        int64_t at = best(copy, n);

        sum += copy[at];
        copy[at] = -INFINITY;
    }
    return sum;
}

/* Experts outside of the best groups cannot be chosen. room: [experts + groups] */
static void keep_groups(const struct op *o, float *choice, int64_t experts, float *room)
{
    int64_t groups = (int64_t)o->at[AT_groups], n = experts / groups;
    float *value = room + experts;

    for (int64_t g = 0; g < groups; g++)
        value[g] = worth(choice + g * n, n, (int64_t)o->at[AT_gsum], room);
    for (int64_t i = 0; i < (int64_t)o->at[AT_gtop]; i++) {
        int64_t g = best(value, groups);

        memcpy(room + g * n, choice + g * n, (size_t)n * sizeof *room);
        value[g] = NAN;
    }
    for (int64_t g = 0; g < groups; g++)
        for (int64_t i = 0; i < n; i++)
            choice[g * n + i] = isnan(value[g]) ? room[g * n + i] : -INFINITY;
}

static void scores(const struct op *o, const float *x, int64_t n, float *score)
{
    if (*o->word == 's' && o->word[1] == 'o') {
        kern_softmax(x, score, (size_t)n);
        return;
    }
    kern_scale(-1, x, score, (size_t)n);
    kern_exp(score, score, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        score[i] = 1 / (1 + score[i]);
}

struct router {
    const struct op *o;
    const struct op_rows *r;
    float *room;
    int64_t experts;
};

static void route_row(void *ctx, size_t t)
{
    const struct router *k = ctx;
    const struct op *o = k->o;
    int64_t n = k->experts, top = (int64_t)o->at[AT_top];
    float *score = k->room + par_self() * 4 * n, *choice = score + n, *out = op_out(o, k->r) + t * (size_t)(2 * top),
          sum = 0, by;

    scores(o, op_in(o, k->r, 0) + t * (size_t)n, n, score);
    memcpy(choice, score, (size_t)n * sizeof *choice);
    if (o->extra)
        kern_add(choice, o->extra->w, choice, (size_t)n);
    if (o->at[AT_groups] > 1)
        keep_groups(o, choice, n, choice + n);
    for (int64_t i = 0; i < top; i++) {
        int64_t at = best(choice, n);

        out[i] = (float)at;
        out[top + i] = score[at];
        sum += score[at];
        choice[at] = NAN; /* below all, even experts of other groups */
    }
    by = (float)o->at[AT_scale];
    for (int64_t i = 0; i < top; i++)
        out[top + i] = (o->at[AT_norm] != 0 ? out[top + i] / (sum + 1e-20f) : out[top + i]) * by;
}

void op_run_route(const struct op *o, const struct op_rows *r)
{
    struct router k = {o, r, NULL, r->size[o->step->in[0]].width};

    k.room = mem_new((size_t)(4 * k.experts * par_jobs()), sizeof *k.room);
    par_for((size_t)r->rows, route_row, &k);
    free(k.room);
}

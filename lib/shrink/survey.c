/* survey: what must be known of the whole model before its first tensor is written: the influence or scores of layers,
 * the size of hidden channels, how much experts are used. */
#include <stdlib.h>
#include <string.h>

#include "shrink/pass.h"

struct survey {
    struct shrink_pass *s;
    struct reader *in;
    double *given, *weights; /* [units], of experts [layers][units] */
    uint64_t *experts;       /* of experts: seen, [layers] */
    int64_t last;            /* layer that is being read */
    uint64_t layers;
    uint8_t *seen; /* of hidden: values of the walk that were counted, [values] */
};

static int by_score(const struct shrink_pass *s)
{
    return s->what == SHRINK_LAYERS && s->method->needs_layers & SHRINK_SCORE;
}

/* One more layer begins with b: its bi, if that is asked for. */
static int add_layer(struct survey *v, const struct bundle *b, struct err *e)
{
    uint64_t most = (uint64_t)v->s->was.layers;

    v->last = b->layer;
    if (v->layers++ >= most || b->layer >= v->s->was.layers)
        return err_set(e, "%s: a layer more than the %llu of the stream's head", b->name, (unsigned long long)most);
    if (shrink_at(v->s, b->layer, e) < 0)
        return -1;
    if (v->s->what == SHRINK_HIDDEN) {
        free(v->seen);
        v->seen = mem_new((size_t)v->s->walk.values, 1);
    }
    if (v->s->what != SHRINK_LAYERS || !(v->s->method->needs_layers & SHRINK_BI))
        return 0;
    if (!attrs_find(&b->more, "bi"))
        return err_set(e, "%s: has no key bi; mcalib --parts bi adds it to each layer's first tensor", b->name);
    v->given[v->layers - 1] = attrs_f64(&b->more, "bi", 0);
    return 0;
}

/* The first step of the layer in which a weight makes a linear. */
static const struct walk_step *linear_of(const struct walk *w, const struct arch_weight *weight)
{
    for (int i = 0; i < w->steps; i++)
        if (w->step[i].op == WALK_linear && w->step[i].weight == weight)
            return &w->step[i];
    return NULL;
}

/* sum += the companion score over the weights of a linear: a number for each, for each column or for all of them. */
static int add_score(struct survey *v, struct bundle *b, struct err *e)
{
    uint64_t size = b->rows * b->cols, n;
    const struct part *p;
    double part = 0;
    float *score;

    if (bundle_load_companions(v->in, b, e) < 0)
        return err_in(e, "%s", b->name);
    p = bundle_part(b, -1, "score");
    n = p ? shape_count(&p->shape) : size;
    n = n == 1 || n == b->cols ? n : size;
    if (!(score = bundle_companion(b, "score", n, e)))
        return err_in(e, "%s", b->name);
    for (uint64_t i = 0; i < n; i++)
        part += (double)score[i];
    v->given[v->layers - 1] += n > 0 ? part * (double)(size / n) : 0;
    v->weights[v->layers - 1] += (double)size;
    free(score);
    return 0;
}

/* What a norm gives is the input of the first linear behind it: each value of the hidden size that linears read counts
 * once. */
static int add_hidden(struct survey *v, struct bundle *b, const struct arch_weight *w, const struct walk_step *s,
                      struct err *e)
{
    const char *number = v->s->number[0].name;
    struct axes_units at[2];
    int n = axes_units(&v->s->was, w, 0, b->layer, number, at, e), reads = 0;
    float *x;

    for (int i = 0; i < n; i++)
        reads |= at[i].axis == 1;
    if (n < 0 || !reads || b->expert >= 0 || v->seen[s->in[0]])
        return n < 0 ? -1 : 0;
    v->seen[s->in[0]] = 1;
    if (bundle_load_companions(v->in, b, e) < 0 || !(x = bundle_companion(b, "absmean", v->s->number[0].units, e)))
        return err_in(e, "%s", b->name);
    for (uint64_t c = 0; c < v->s->number[0].units; c++)
        v->given[c] += (double)x[c];
    free(x);
    return 0;
}

static int add_expert(struct survey *v, const struct bundle *b, struct err *e)
{
    unsigned needs = v->s->method->needs_experts;
    const char *key = needs & SHRINK_REAP ? "reap" : "count";

    if ((uint64_t)b->expert >= v->s->number[0].units)
        return err_set(e, "%s: expert %lld, the head says %llu of them", b->name, (long long)b->expert,
                       (unsigned long long)v->s->number[0].units);
    if (needs & (SHRINK_REAP | SHRINK_COUNT) && !attrs_find(&b->more, key))
        return err_set(e, "%s: has no key %s; mcalib%s adds it to the linear that ends each expert", b->name, key,
                       needs & SHRINK_REAP ? " --parts reap" : "");
    v->given[(uint64_t)b->layer * v->s->number[0].units + (uint64_t)b->expert] = attrs_f64(&b->more, key, 0);
    v->experts[b->layer]++;
    return 0;
}

static int add_bundle(struct survey *v, struct bundle *b, struct err *e)
{
    int bias;
    const struct arch_weight *w = shrink_role(v->s, b) ? arch_weight(v->s->was.arch, b->role, &bias) : NULL;
    const struct walk_step *s;

    if (!w || b->layer < 0)
        return 0;
    if (b->layer != v->last && add_layer(v, b, e) < 0)
        return -1;
    if (bias || !(s = linear_of(&v->s->walk, w)))
        return 0;
    if (by_score(v->s))
        return w->f32 ? 0 : add_score(v, b, e);
    if (v->s->what == SHRINK_HIDDEN)
        return add_hidden(v, b, w, s, e);
    return v->s->what == SHRINK_EXPERTS && w == axes_expert_closing(&v->s->walk) ? add_expert(v, b, e) : 0;
}

static int gather(struct survey *v, struct err *e)
{
    struct bundle b = {0};
    int got;

    while ((got = bundle_read(v->in, &b, e)) > 0)
        if (add_bundle(v, &b, e) < 0) {
            got = -1;
            break;
        }
    bundle_free(&b);
    if (got == 0 && v->layers != (uint64_t)v->s->was.layers)
        return err_set(e, "the stream has %llu layers, its head says %lld", (unsigned long long)v->layers,
                       (long long)v->s->was.layers);
    return got;
}

/* Where the route has groups the same number goes from each. */
static uint64_t groups_of(struct shrink_pass *s, struct err *e)
{
    double groups = 1;

    for (int i = 0; i < s->walk.steps; i++)
        if (s->walk.step[i].op == WALK_route &&
            walk_number(&s->was, &s->walk, &s->walk.step[i], "groups", &groups, e) < 0)
            return 0;
    return groups >= 1 ? (uint64_t)groups : 1;
}

static int choose_experts(struct survey *v, int64_t layer, struct err *e)
{
    struct shrink_pass *s = v->s;
    uint64_t n = s->number[0].units, left = s->number[0].left, groups, *keep;
    struct shrink_job j = {.what = s->what,
                           .units = n,
                           .width = 1,
                           .given = v->given + (uint64_t)layer * n,
                           .remove = n - left,
                           .layer = layer,
                           .score = v->weights};

    if (shrink_at(s, layer, e) < 0)
        return -1;
    if (!axes_experts(&s->walk))
        return 0;
    if (v->experts[layer] != n)
        return err_set(e, "layer %lld has %llu experts, the head says %llu", (long long)layer,
                       (unsigned long long)v->experts[layer], (unsigned long long)n);
    if (!(groups = groups_of(s, e)))
        return -1;
    if (n % groups || left % groups)
        return err_set(e,
                       "--what experts: of each of %llu groups as many experts must be left, %llu of %llu do not "
                       "divide so; see --align %llu",
                       (unsigned long long)groups, (unsigned long long)left, (unsigned long long)n,
                       (unsigned long long)groups);
    if (s->method->apply(&j, e) < 0)
        return -1;
    keep = s->expert[layer] = mem_new(left, sizeof *keep);
    for (uint64_t g = 0; g < groups; g++) {
        struct shrink_job part = {
            .units = n / groups, .remove = (n - left) / groups, .score = j.score + g * (n / groups)};

        if (shrink_choose(&part, keep + g * (left / groups), e) < 0)
            return -1;
        for (uint64_t i = 0; i < left / groups; i++)
            keep[g * (left / groups) + i] += g * (n / groups);
    }
    return 0;
}

static int choose(struct survey *v, struct err *e)
{
    struct shrink_pass *s = v->s;
    struct shrink_job j = {.what = s->what,
                           .units = s->number[0].units,
                           .width = 1,
                           .remove = s->number[0].units - s->number[0].left,
                           .given = v->given,
                           .layer = -1};
    int rc = 0;

    if (s->what == SHRINK_EXPERTS) {
        s->expert = mem_new((size_t)s->was.layers, sizeof *s->expert);
        for (int64_t l = 0; rc == 0 && l < s->was.layers; l++)
            rc = choose_experts(v, l, e);
        return rc;
    }
    for (uint64_t i = 0; by_score(s) && i < j.units; i++)
        v->given[i] /= v->weights[i];
    j.score = mem_new(j.units, sizeof *j.score);
    s->keep = mem_new(s->number[0].left, sizeof *s->keep);
    rc = s->method->apply(&j, e) < 0 || shrink_choose(&j, s->keep, e) < 0 ? -1 : 0;
    free(j.score);
    return rc;
}

int shrink_survey(struct shrink_pass *s, struct reader *in, struct err *e)
{
    uint64_t units = s->number[0].units, layers = (uint64_t)s->was.layers;
    struct survey v = {.s = s,
                       .in = in,
                       .last = -1,
                       .given = mem_new(units * (s->what == SHRINK_EXPERTS ? layers : 1), sizeof *v.given),
                       .weights = mem_new(units, sizeof *v.weights),
                       .experts = mem_new(layers, sizeof *v.experts)};
    int rc = gather(&v, e) < 0 || choose(&v, e) < 0 ? -1 : 0;

    free(v.given);
    free(v.weights);
    free(v.experts);
    free(v.seen);
    return rc;
}

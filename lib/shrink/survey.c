/* survey: what must be known of the whole model before its first tensor is written: the influence or the scores of layers, the size of hidden channels. */
#include <stdlib.h>
#include <string.h>

#include "run/block.h"
#include "shrink/pass.h"

/* The role of a bundle, also where its stream says none. */
static const char *role_of(const struct shrink_pass *s, const struct bundle *b, int64_t *layer)
{
    const char *role = NULL;

    *layer = b->layer;
    if (b->role)
        return b->role;
    return arch_role(s->p.arch, b->name, &role, layer) ? role : NULL;
}

/* One more layer begins with b: its bi, if that is asked for. */
static int add_layer(const struct shrink_pass *s, const struct bundle *b, uint64_t i, double *given, struct err *e)
{
    if (i >= s->units)
        return err_set(e, "%s: a layer more than the %llu of the stream's head", b->name, (unsigned long long)s->units);
    if (!(s->method->needs_layers & SHRINK_BI))
        return 0;
    if (!attrs_find(&b->more, "bi"))
        return err_set(e, "%s: has no key bi; mcalib --parts bi adds it to each layer's first tensor", b->name);
    given[i] = attrs_f64(&b->more, "bi", 0);
    return 0;
}

/* Are layers chosen by the companion score? */
static int by_score(const struct shrink_pass *s)
{
    return s->what == SHRINK_LAYERS && s->method->needs_layers & SHRINK_SCORE;
}

/* sum += the companion score over the weights of a linear: a number for each, for each column or for all of them. */
static int add_score(struct reader *in, struct bundle *b, double *sum, double *weights, struct err *e)
{
    uint64_t size = b->rows * b->cols, n;
    const struct part *p;
    double part = 0;
    float *v;

    if (bundle_load_companions(in, b, e) < 0)
        return err_in(e, "%s", b->name);
    p = bundle_part(b, -1, "score");
    n = p ? shape_count(&p->shape) : size;
    n = n == 1 || n == b->cols ? n : size;
    if (!(v = bundle_companion(b, "score", n, e)))
        return err_in(e, "%s", b->name);
    for (uint64_t i = 0; i < n; i++)
        part += (double)v[i];
    *sum += n > 0 ? part * (double)(size / n) : 0;
    *weights += (double)size;
    free(v);
    return 0;
}

/* What a norm gives is the input of the first linear behind it: the first of its tap in the layer. */
static int add_hidden(const struct shrink_pass *s, struct reader *in, struct bundle *b, int slot, unsigned *seen, double *given, struct err *e)
{
    const struct slot *at = &arch_find(s->p.arch)->block->slots[slot];
    float *v;

    if ((at->tap != TAP_ATTN && at->tap != TAP_MLP) || *seen & 1u << at->tap)
        return 0;
    *seen |= 1u << at->tap;
    if (bundle_load_companions(in, b, e) < 0 || !(v = bundle_companion(b, "absmean", s->units, e)))
        return err_in(e, "%s", b->name);
    for (uint64_t c = 0; c < s->units; c++)
        given[c] += (double)v[c];
    free(v);
    return 0;
}

/* weights: out, [layers], by score: how many given is a sum over. */
static int gather(const struct shrink_pass *s, struct reader *in, double *given, double *weights, uint64_t *layers, struct err *e)
{
    struct bundle b = {0};
    int64_t layer, last = -1;
    unsigned seen = 0;
    int got;

    while ((got = bundle_read(in, &b, e)) > 0) {
        const char *role = role_of(s, &b, &layer);
        const struct block_kind *kind = arch_find(s->p.arch)->block;
        int bias, slot = role && layer >= 0 ? block_slot(kind, role, &bias) : -1, rc = 0;

        if (slot < 0)
            continue;
        if (layer != last) {
            rc = s->what == SHRINK_LAYERS ? add_layer(s, &b, *layers, given, e) : 0;
            last = layer;
            seen = 0;
            ++*layers;
        }
        if (rc == 0 && by_score(s) && !bias && kind->slots[slot].tap != TAP_NONE)
            rc = add_score(in, &b, &given[*layers - 1], &weights[*layers - 1], e);
        if (rc == 0 && s->what == SHRINK_HIDDEN && !bias)
            rc = add_hidden(s, in, &b, slot, &seen, given, e);
        if (rc < 0) {
            bundle_free(&b);
            return -1;
        }
    }
    bundle_free(&b);
    return got;
}

int shrink_survey(struct shrink_pass *s, struct reader *in, struct err *e)
{
    double *given, *weights, *score;
    struct shrink_job j = {.what = s->what, .units = s->units, .width = 1, .remove = s->units - s->left};
    uint64_t layers = 0;
    int rc;

    if (s->what != SHRINK_LAYERS && s->what != SHRINK_HIDDEN)
        return 0;
    given = mem_new(s->units, sizeof *given);
    weights = mem_new(s->units, sizeof *weights);
    j.score = score = mem_new(s->units, sizeof *score);
    j.given = given;
    s->keep = mem_new(s->left, sizeof *s->keep);
    rc = gather(s, in, given, weights, &layers, e);
    if (rc == 0 && layers != (uint64_t)s->p.layers)
        rc = err_set(e, "the stream has %llu layers, its head says %lld", (unsigned long long)layers, (long long)s->p.layers);
    for (uint64_t i = 0; rc == 0 && by_score(s) && i < s->units; i++)
        given[i] /= weights[i];
    if (rc == 0)
        rc = s->method->apply(&j, e) < 0 || shrink_choose(&j, s->keep, e) < 0 ? -1 : 0;
    free(given);
    free(weights);
    free(score);
    return rc;
}

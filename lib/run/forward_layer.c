/* forward_layer: the units of a layer in their order, and its weights. */
#include <stdlib.h>
#include <string.h>

#include "run/forward_int.h"

const struct weight *layer_weight(void *ctx, const struct arch_weight *w)
{
    const struct layer *l = ctx;
    const struct weight *at = &l->w[w - l->walk.arch->weight];

    return weight_is(at) ? at : NULL;
}

void layer_drop(struct layer *l, const struct forward *f)
{
    for (int i = 0; i < f->m.arch->weights; i++)
        weight_free(&l->w[i]);
}

static void keeps_free(struct layer *l)
{
    for (int i = 0; i < l->keeps; i++)
        if (l->kept[i].at == &l->kept[i].own)
            states_free(&l->kept[i].own);
    l->keeps = 0;
}

void layer_free(struct forward *f)
{
    struct layer *l = f->layer;

    if (!l)
        return;
    if (f->seen == &l->walk)
        f->seen = NULL;
    layer_drop(l, f);
    keeps_free(l);
    walk_free(&l->walk);
    free(l->size);
    free(l->w);
    free(l->start);
    free(l->token);
    free(l->weight);
    free(l);
    f->layer = NULL;
}

/* The phase of a bundle's weight in this layer; -1 with e set. */
static int phase_of(const struct layer *l, const struct bundle *b, struct err *e)
{
    const struct arch_weight *w = arch_weight(l->walk.arch, b->role, NULL);
    int at = w ? walk_reads(&l->walk, w->role) : -1;

    if (at < 0)
        return err_set(e, "%s: a tensor of role %s has no place in layer %lld of architecture '%s'", b->name,
                       b->role ? b->role : "-", (long long)l->walk.layer, l->walk.arch->name);
    return l->walk.step[at].phase;
}

int layer_take(struct forward *f, struct layer *l, const struct bundle *b, int n, int phase, struct err *e)
{
    for (int i = 0; i < n; i++) {
        int bias, is = phase_of(l, &b[i], e);
        const struct arch_weight *w = arch_weight(f->m.arch, b[i].role, &bias);

        if (is < 0)
            return -1;
        if (is != phase)
            return err_set(e,
                           "%s: it comes with tensors of another part of layer %lld; tsplit writes tensors in the "
                           "order a model runs",
                           b[i].name, (long long)l->number);
        if (weight_take(&l->w[w - f->m.arch->weight], &f->m, w, &b[i], bias, f->q8, e) < 0)
            return -1;
    }
    return 0;
}

static struct layer *layer_new(struct forward *f, int64_t number, struct err *e)
{
    struct layer *l = mem_new(1, sizeof *l);

    l->number = number;
    l->w = mem_new((size_t)f->m.arch->weights + 1, sizeof *l->w);
    f->layer = l;
    if (walk_layer(&f->m, f->as >= 0 ? f->as : number, &l->walk, e) < 0) {
        l->walk.arch = f->m.arch;
        layer_free(f);
        return NULL;
    }
    l->size = mem_new((size_t)l->walk.values, sizeof *l->size);
    l->size[0] = (struct op_size){f->x.width, f->x.width};
    l->experts = l->walk.route >= 0;
    return l;
}

static int begin(struct forward *f, const struct bundle *b, struct err *e)
{
    if (layer_end(f, NULL, e) < 0)
        return -1;
    if (b->layer <= f->last_layer || f->after.next)
        return err_set(e, "layer %lld comes after %s %lld; tsplit writes tensors in the order a model runs",
                       (long long)b->layer, f->after.next ? "the final norm, and layer" : "layer",
                       (long long)f->last_layer);
    if (b->layer >= f->m.layers && f->as < 0)
        return err_set(e, "%s: layer %lld of a model that has %lld", b->name, (long long)b->layer,
                       (long long)f->m.layers);
    layer_free(f);
    return layer_new(f, b->layer, e) ? 0 : -1;
}

static void over(struct forward *f, struct layer *l)
{
    l->done = 1;
    f->last_layer = l->number;
    f->blocks++;
    keeps_free(l);
}

static int dense(struct forward *f, const struct bundle *b, int n, int phase, const struct taps *taps, int keep,
                 struct err *e)
{
    struct layer *l = f->layer;
    int rc;

    if (l->ran[phase])
        return err_set(e, "%s: layer %lld comes twice, or in pieces", b->name, (long long)l->number);
    rc = layer_take(f, l, b, n, phase, e) < 0 || layer_stage(f, l, phase, taps, keep, e) < 0 ? -1 : 0;
    layer_drop(l, f);
    if (rc == 0 && keep) {
        l->ran[phase] = 1;
        if (layer_is_last(l, phase))
            over(f, l);
    }
    return rc;
}

/* All experts there? */
static int all_came(const struct layer *l, struct err *e)
{
    return l->next == l->count ? 0
                               : err_set(e, "layer %lld: the tensors of expert %lld of %lld did not come",
                                         (long long)l->number, (long long)l->next, (long long)l->count);
}

int layer_end(struct forward *f, const struct taps *taps, struct err *e)
{
    struct layer *l = f->layer;

    if (!l || l->done || !l->ran[0])
        return 0;
    if (all_came(l, e) < 0)
        return -1;
    return dense(f, NULL, 0, 2, taps, 1, e);
}

int layer_unit(struct forward *f, const struct bundle *b, int n, const struct taps *taps, int keep, struct err *e)
{
    struct layer *l = f->layer;
    int same = forward_within(f) && (f->as >= 0 ? l->walk.layer == f->as : l->number == b->layer), phase;

    if (!same && b->expert < 0 && begin(f, b, e) < 0)
        return -1;
    l = f->layer;
    if (b->expert >= 0 && !same)
        return err_set(e, "%s: an expert of layer %lld comes before the layer's router", b->name, (long long)b->layer);
    f->seen = &l->walk;
    if (b->expert >= 0)
        return layer_expert(f, l, b, n, taps, keep, e);
    phase = phase_of(l, b, e);
    if (phase < 0 || (phase == 2 && all_came(l, e) < 0))
        return -1;
    return phase == 1 ? err_set(e, "%s: a tensor of experts that does not say of which", b->name)
                      : dense(f, b, n, phase, taps, keep, e);
}

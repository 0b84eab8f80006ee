#include "shrink/pass.h"

#include <stdlib.h>
#include <string.h>

#include "shrink/rename.h"

int shrink_at(struct shrink_pass *s, int64_t layer, struct err *e)
{
    if (s->walked && s->walk.layer == layer)
        return 0;
    if (s->walked)
        walk_free(&s->walk);
    s->groups = s->walked = 0;
    if (walk_layer(&s->was, layer, &s->walk, e) < 0)
        return -1;
    s->walked = 1;
    if (s->what & (SHRINK_HEADS | SHRINK_CHANNELS))
        s->groups =
            axes_groups(&s->walk, s->what == SHRINK_HEADS ? AXES_HEADS : AXES_CHANNELS, s->group, SHRINK_GROUPS, e);
    return s->groups < 0 ? -1 : 0;
}

int shrink_role(const struct shrink_pass *s, struct bundle *b)
{
    const char *role;
    int64_t layer, expert;

    if (b->role)
        return 1;
    if (!arch_role(s->was.arch->name, b->name, &role, &layer, &expert))
        return 0;
    b->role = mem_strdup(role);
    b->layer = layer;
    b->expert = expert;
    return 1;
}

/* keep of a number's units for each of outer, where an axis has several of them (shared experts side by side) and keep
 * is not theirs yet. */
static uint64_t *repeat(const struct axes_units *at, const struct shrink_number *n, const uint64_t *keep)
{
    uint64_t *all = mem_new(at->outer * n->left, sizeof *all);

    for (uint64_t o = 0; o < at->outer; o++)
        for (uint64_t i = 0; i < n->left; i++)
            all[o * n->left + i] = o * n->units + keep[i];
    return all;
}

int shrink_cut(const struct shrink_pass *s, struct bundle *b, const struct arch_weight *w, int bias,
               const struct shrink_number *n, const uint64_t *keep, struct err *e)
{
    struct axes_units at[2];
    struct cut cut[2];
    const struct cut *axis[2] = {NULL, NULL};
    uint64_t *own[2] = {NULL, NULL};
    int count = axes_units(&s->was, w, bias, b->layer, n->name, at, e), rc = count < 0 ? -1 : 0;

    for (int i = 0; i < count && rc == 0; i++) {
        uint64_t size = at[i].axis ? b->cols : b->rows;

        if (size != at[i].outer * at[i].n * at[i].inner || at[i].n != n->units)
            rc = err_set(e, "it has %llu %s, the model's keys say %llu", (unsigned long long)size,
                         at[i].axis ? "columns" : "rows", (unsigned long long)(at[i].outer * n->units * at[i].inner));
        /* within a group all have the closing weight's outer, and keep counts through it */
        own[i] = at[i].outer > 1 && !s->open ? repeat(&at[i], n, keep) : NULL;
        cut[i] = (struct cut){own[i] ? own[i] : keep, at[i].outer * n->left, at[i].inner};
        axis[at[i].axis] = &cut[i];
    }
    if (rc == 0 && count > 0)
        rc = cut_bundle(b, axis[0], axis[1], NULL, e);
    free(own[0]);
    free(own[1]);
    return rc < 0 ? err_in(e, "%s", b->name) : count > 0;
}

/* A loaded bundle times a factor; of files that hold a gain less 1, the gain. */
static int scale(const struct shrink_pass *s, struct bundle *b, const struct arch_weight *w, double factor,
                 struct err *e)
{
    struct arch_place p;
    double less = w->plus1 && arch_place(s->was.arch, &s->was, b->name, &p) && p.form == ARCH_HF ? 1 : 0;
    float *v = mem_new(b->rows * b->cols, sizeof *v);
    int rc = bundle_rows(b, 0, b->rows, v, e);

    for (uint64_t i = 0; rc == 0 && i < b->rows * b->cols; i++)
        v[i] = (float)(((double)v[i] + less) * factor - less);
    if (rc == 0)
        rc = cut_bundle(b, NULL, NULL, v, e);
    free(v);
    return rc;
}

/* The bundle goes on: times its factor, if it has one. layer: of the model as it came. */
static int put(const struct shrink_pass *s, struct reader *in, struct bundle *b, int64_t layer, struct writer *out,
               struct err *e)
{
    const struct arch_weight *w = b->role ? arch_weight(s->was.arch, b->role, NULL) : NULL;
    double factor = w ? steps_factor(&s->fixes, w, layer) : 1;

    if (factor != 1 && ((!b->loaded && bundle_load(in, b, e) < 0) || scale(s, b, w, factor, e) < 0))
        return err_in(e, "%s", b->name);
    return out && bundle_write(out, in, b, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

static int64_t place_of(const uint64_t *keep, uint64_t n, int64_t unit)
{
    for (uint64_t i = 0; i < n; i++)
        if (keep[i] == (uint64_t)unit)
            return (int64_t)i;
    return -1;
}

static int renumber(struct shrink_pass *s, struct reader *in, struct bundle *b, int64_t layer, int64_t expert,
                    struct err *e)
{
    if ((layer < 0 || layer == b->layer) && (expert < 0 || expert == b->expert))
        return 0;
    return bundle_load(in, b, e) < 0 || rename_bundle(&s->was, b, layer, expert, e) < 0 ? -1 : 0;
}

/* The report's line, once a layer. */
static void tell(struct shrink_pass *s, int64_t layer, uint64_t before, uint64_t after)
{
    if (s->report && (!s->walked || s->walk.layer != layer))
        buf_printf(s->report, "%lld\t%s\t%llu\t%llu\t-\n", (long long)layer, shrink_word(s->what),
                   (unsigned long long)before, (unsigned long long)after);
}

static int take_layer(struct shrink_pass *s, struct reader *in, struct bundle *b, struct writer *out, struct err *e)
{
    int64_t layer = b->layer, to = layer < 0 ? -1 : place_of(s->keep, s->number[0].left, layer);

    if (layer >= 0 && to < 0) {
        tell(s, layer, 1, 0);
        return shrink_at(s, layer, e);
    }
    return renumber(s, in, b, to, -1, e) < 0 ? -1 : put(s, in, b, layer, out, e);
}

static int take_expert(struct shrink_pass *s, struct reader *in, struct bundle *b, struct writer *out, struct err *e)
{
    const struct shrink_number *n = &s->number[0];
    const uint64_t *keep = b->layer >= 0 && b->layer < s->was.layers ? s->expert[b->layer] : NULL;
    int64_t to = -1;
    int bias;
    const struct arch_weight *w = arch_weight(s->was.arch, b->role, &bias);

    if (keep) {
        tell(s, b->layer, n->units, n->left);
        if (shrink_at(s, b->layer, e) < 0)
            return -1;
    }
    if (keep && b->expert >= 0 && (to = place_of(keep, n->left, b->expert)) < 0)
        return 0;
    if (keep && b->expert < 0) {
        struct axes_units at[2];
        int bears = axes_units(&s->was, w, bias, b->layer, n->name, at, e);

        if (bears < 0 || (bears && (bundle_load(in, b, e) < 0 || shrink_cut(s, b, w, bias, n, keep, e) < 0)))
            return -1;
    }
    return renumber(s, in, b, -1, to, e) < 0 ? -1 : put(s, in, b, b->layer, out, e);
}

static int take_hidden(struct shrink_pass *s, struct reader *in, struct bundle *b, struct writer *out, struct err *e)
{
    int bias;
    const struct arch_weight *w = arch_weight(s->was.arch, b->role, &bias);

    if (bundle_load(in, b, e) < 0 || shrink_cut(s, b, w, bias, &s->number[0], s->keep, e) < 0)
        return -1;
    return put(s, in, b, b->layer, out, e);
}

static int64_t layer_of(const struct shrink_pass *s)
{
    return s->held.n ? s->held.b[0].layer : -1;
}

/* Write what is held; its group is shrunk first. */
static int flush(struct shrink_pass *s, struct reader *in, struct writer *out, struct err *e)
{
    int rc = 0;

    if (s->open && !s->closed)
        return err_set(e, "layer %lld has no tensor of role %s behind %s", (long long)layer_of(s),
                       s->open->closing->role, s->held.b[0].name);
    if (s->open)
        rc = shrink_group(s, e);
    for (int i = 0; i < s->held.n && rc == 0; i++)
        rc = put(s, in, &s->held.b[i], s->held.b[i].layer, out, e);
    for (int i = 0; i < s->held.n; i++)
        bundle_free(&s->held.b[i]);
    free(s->held.b);
    s->held = (struct held){0};
    s->open = NULL;
    s->closed = 0;
    return rc;
}

static const struct axes_group *group_of(const struct shrink_pass *s, const struct arch_weight *w)
{
    for (int g = 0; g < s->groups; g++) {
        if (w == s->group[g].closing)
            return &s->group[g];
        for (int i = 0; i < s->group[g].makers; i++)
            if (w == s->group[g].maker[i])
                return &s->group[g];
    }
    return NULL;
}

static int hold(struct shrink_pass *s, struct reader *in, struct bundle *b, struct err *e)
{
    if (bundle_load(in, b, e) < 0)
        return -1;
    s->held.b = mem_resize(s->held.b, (size_t)s->held.n + 1, sizeof *s->held.b);
    s->held.b[s->held.n++] = *b;
    memset(b, 0, sizeof *b);
    return 0;
}

/* A weight that bears a group's number, but came before its makers or behind its closing weight: nothing knows it, so
 * nothing may pass it on. */
static int stray(const struct shrink_pass *s, const struct bundle *b, const struct arch_weight *w, int bias,
                 struct err *e)
{
    struct axes_units at[2];
    int n = 0;

    for (int i = 0; i < s->numbers && n == 0; i++)
        n = axes_units(&s->was, w, bias, b->layer, s->number[i].name, at, e);
    return n > 0 ? err_set(e, "%s: it does not stand between the weights that make and read its %s", b->name,
                           shrink_word(s->what))
                 : n;
}

/* Heads and channels: what makes them is held until what reads them has come, with its bias. */
static int take_inside(struct shrink_pass *s, struct reader *in, struct bundle *b, struct writer *out, struct err *e)
{
    const struct axes_group *g;
    int bias;
    const struct arch_weight *w = arch_weight(s->was.arch, b->role, &bias);

    if (s->closed && !(bias && w == s->open->closing && b->expert == s->open_expert && b->layer == layer_of(s)) &&
        flush(s, in, out, e) < 0)
        return -1;
    if (s->open && b->layer != layer_of(s))
        return flush(s, in, out, e);
    if (b->layer < 0)
        return put(s, in, b, b->layer, out, e);
    if (shrink_at(s, b->layer, e) < 0)
        return -1;
    g = group_of(s, w);
    if (!s->open && !g)
        return stray(s, b, w, bias, e) < 0 ? -1 : put(s, in, b, b->layer, out, e);
    if (s->open && g && (g != s->open || b->expert != s->open_expert))
        return err_set(e, "%s: it comes before %s of what stands before it", b->name, s->open->closing->role);
    s->open = g ? g : s->open;
    s->open_expert = g ? b->expert : s->open_expert;
    s->closed |= w == s->open->closing && !bias;
    return hold(s, in, b, e);
}

static int take_tensor(struct shrink_pass *s, struct reader *in, struct item *it, struct writer *out, struct err *e)
{
    struct bundle *b = &it->b;
    int known = shrink_role(s, b) && arch_weight(s->was.arch, b->role, NULL);

    if (!known && !arch_buffer(s->was.arch, b->name))
        return err_set(e, "%s: no tensor that a model of architecture '%s' is known to have; tcat --skip leaves it out",
                       b->name, s->was.arch->name);
    if (!known)
        return out ? item_copy(in, it, out, e) : 0;
    switch (s->what) {
    case SHRINK_LAYERS:
        return take_layer(s, in, b, out, e);
    case SHRINK_EXPERTS:
        return take_expert(s, in, b, out, e);
    case SHRINK_HIDDEN:
        return take_hidden(s, in, b, out, e);
    default:
        return take_inside(s, in, b, out, e);
    }
}

int shrink_take(struct shrink_pass *s, struct reader *in, struct item *it, struct writer *out, struct err *e)
{
    if (it->kind == ITEM_TENSOR && !shrink_idle(s))
        return take_tensor(s, in, it, out, e);
    if (it->kind == ITEM_OTHER && strcmp(it->kind_name, "mark") == 0 &&
        flush(s, in, out, e) < 0) /* the unit before it is whole */
        return -1;
    return out ? item_copy(in, it, out, e) : 0;
}

int shrink_end(struct shrink_pass *s, struct reader *in, struct writer *out, struct err *e)
{
    return flush(s, in, out, e);
}

void shrink_free(struct shrink_pass *s)
{
    for (int64_t l = 0; s->expert && l < s->was.layers; l++)
        free(s->expert[l]);
    free(s->expert);
    free(s->keep);
    free(s->fixes.fix);
    free(s->held.b);
    if (s->walked)
        walk_free(&s->walk);
    if (s->was.arch)
        model_close(&s->was);
    if (s->now.arch)
        model_close(&s->now);
}

/* plan: which numbers become smaller, by how much, and whether that can be said. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shrink/numbers.h"
#include "shrink/pass.h"

const struct shrink_number *shrink_number(const struct shrink_pass *s, const char *name)
{
    for (int i = 0; i < s->numbers; i++)
        if (strcmp(s->number[i].name, name) == 0)
            return &s->number[i];
    return NULL;
}

static int add_number(struct shrink_pass *s, const char *name, struct err *e)
{
    double units = model_number(&s->was, name, -1, NAN);

    if (shrink_number(s, name))
        return 0;
    if (s->numbers == SHRINK_NUMBERS)
        return err_set(e, "more than %d sizes of %s", SHRINK_NUMBERS, shrink_word(s->what));
    if (!(units >= 1) || units != floor(units))
        return err_set(
            e,
            "--what %s: the head does not give %s as one whole number; layers of different sizes have no configuration",
            shrink_word(s->what), name);
    s->number[s->numbers++] = (struct shrink_number){name, (uint64_t)units, (uint64_t)units};
    return 0;
}

/* A bias of a group's closing linear: there already, or one that can be made? */
static int bias_fits(const struct shrink_pass *s, const struct axes_group *g, struct err *e)
{
    if (!s->bias || model_has(&s->was, g->closing, 1, s->walk.layer) || bias_number(&s->walk, g))
        return 0;
    return err_set(e, "--bias: architecture '%s' has no place for a bias of %s", s->was.arch->name, g->closing->role);
}

/* The numbers that a layer has of what goes. */
static int of_layer(struct shrink_pass *s, int64_t layer, struct err *e)
{
    const char *experts;

    if (shrink_at(s, layer, e) < 0)
        return -1;
    if (s->what == SHRINK_EXPERTS && (experts = axes_experts(&s->walk)))
        return add_number(s, experts, e);
    for (int i = 0; i < s->groups; i++)
        if (add_number(s, s->group[i].number, e) < 0 || bias_fits(s, &s->group[i], e) < 0)
            return -1;
    return 0;
}

static int find_numbers(struct shrink_pass *s, struct err *e)
{
    if (s->what == SHRINK_LAYERS)
        return add_number(s, "layers", e);
    if (s->what == SHRINK_HIDDEN)
        return add_number(s, "hidden", e);
    for (int64_t l = 0; l < s->was.layers; l++)
        if (of_layer(s, l, e) < 0)
            return -1;
    return s->numbers ? 0
                      : err_set(e, "--what %s: architecture '%s' has none", shrink_word(s->what), s->was.arch->name);
}

/* One number after the other, so that each finds the others' sizes as they will be. */
static int scale_all(const struct shrink_pass *s, struct attrs *head, struct err *e)
{
    int rc = 0;

    for (int i = 0; i < s->numbers && rc == 0; i++) {
        const struct shrink_number *n = &s->number[i];
        struct model so_far;

        if (s->what == SHRINK_LAYERS || n->left == n->units)
            continue;
        rc = model_open(&so_far, head, e);
        if (rc == 0) {
            rc = numbers_scale(&so_far, n->name, n->units, n->left, head, e);
            model_close(&so_far);
        }
    }
    return rc;
}

/* head.model of what would be left, and whether transformers takes it. 1, 0: not so many (e says why), -1: not at all.
 * */
static int attempt(const struct shrink_pass *s, struct attrs *head, struct err *e)
{
    struct model now;
    int rc;

    attrs_copy(head, &s->was.head);
    if (scale_all(s, head, e) < 0 || model_open(&now, head, e) < 0)
        return -1;
    rc = numbers_accepted(&now, e);
    model_close(&now);
    return rc == 0;
}

/* From the count that was asked for outwards: what is accepted. */
static int settle_counts(struct shrink_pass *s, struct err *e)
{
    struct shrink_number *n = &s->number[0];
    uint64_t asked = n->left, step = s->align;
    struct err why = {0}, other;
    struct attrs head = {0};

    for (uint64_t d = 0; d <= n->units; d += step)
        for (int up = 1; up >= (d ? 0 : 1); up--) {
            int got;

            if ((up ? asked + d > n->units || asked + d < asked : asked <= d) ||
                (d && asked + (up ? d : -d) == n->units))
                continue;
            n->left = up ? asked + d : asked - d;
            got = attempt(s, &head, d ? &other : &why);
            attrs_free(&head);
            if (got > 0)
                return 0;
            if (got < 0 && d == 0)
                return err_set(e, "--what %s: %s", shrink_word(s->what), why.msg);
        }
    return err_set(e, "--what %s: %llu of %llu %s would be left; %s", shrink_word(s->what), (unsigned long long)asked,
                   (unsigned long long)n->units, n->name, why.msg);
}

/* The model with every number that a file can say: what is a default of another number now must not follow it. */
static int open_model(struct shrink_pass *s, const struct attrs *model, struct err *e)
{
    struct attrs full = {0};
    const struct arch *a = arch_of(model);
    int rc;

    attrs_copy(&full, model);
    rc = (a && config_fill(&full, a, e) < 0) || model_open(&s->was, &full, e) < 0 ? -1 : 0;
    attrs_free(&full);
    return rc;
}

int shrink_plan(struct shrink_pass *s, const struct attrs *model, struct err *e)
{
    if (open_model(s, model, e) < 0 || shrink_at(s, 0, e) < 0 || find_numbers(s, e) < 0)
        return -1;
    for (int i = 0; i < s->numbers; i++)
        s->number[i].left -= shrink_count(s->number[i].units, s->share, s->align);
    if (s->share > 0 && shrink_idle(s))
        return err_set(e, "--what %s: of %llu %s a share of %.6g is none", shrink_word(s->what),
                       (unsigned long long)s->number[0].units, s->number[0].name, s->share);
    return shrink_idle(s) ? 0 : settle_counts(s, e);
}

int shrink_idle(const struct shrink_pass *s)
{
    for (int i = 0; i < s->numbers; i++)
        if (s->number[i].left != s->number[i].units)
            return 0;
    return 1;
}

int shrink_ahead(const struct shrink_pass *s)
{
    return (s->what & (SHRINK_LAYERS | SHRINK_HIDDEN | SHRINK_EXPERTS)) != 0;
}

/* The configuration says that there are biases now. */
static int set_bias(struct shrink_pass *s, struct attrs *head, struct err *e)
{
    for (int64_t l = 0; s->bias && l < s->was.layers; l++) {
        if (shrink_at(s, l, e) < 0)
            return -1;
        for (int i = 0; i < s->groups; i++)
            if (!model_has(&s->was, s->group[i].closing, 1, l))
                attrs_set_bool(head, bias_number(&s->walk, &s->group[i]), 1);
    }
    return 0;
}

int shrink_settle(struct shrink_pass *s, const struct buf *config, struct err *e)
{
    struct attrs head = {0};
    int layers = s->what == SHRINK_LAYERS, rc = 0;

    if (shrink_idle(s))
        return 0;
    if (layers)
        attrs_copy(&head, &s->was.head);
    else
        rc = attempt(s, &head, e) > 0 ? 0 : -1;
    if (rc == 0 && layers)
        rc = numbers_layers(&s->was, s->keep, s->number[0].left, &head, e);
    if (rc == 0 && (set_bias(s, &head, e) < 0 || model_open(&s->now, &head, e) < 0))
        rc = -1;
    if (rc == 0)
        rc = steps_compare(&s->was, &s->now, layers ? s->keep : NULL, layers ? NULL : s->number[0].name, &s->fixes, e);
    if (rc == 0)
        rc = numbers_say(config, &head, e);
    attrs_free(&head);
    return rc < 0 ? err_in(e, "--what %s", shrink_word(s->what)) : 0;
}

void shrink_model(const struct shrink_pass *s, struct attrs *model)
{
    if (!s->now.arch)
        return;
    attrs_free(model);
    attrs_copy(model, &s->now.head);
}

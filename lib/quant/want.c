#include "quant/want.h"

#include <stdio.h>
#include <string.h>

/* The plan from a word of the command line, of a budget or of a policy. */
static int set_plan(void *ctx, const char *column, const char *word, struct err *e)
{
    struct quant_want *w = ctx;
    const struct quant_ints *o = &w->ints;
    int by_bits = strcmp(column, "bits") == 0;
    char name[40];

    snprintf(name, sizeof name, "%s%.32s", by_bits ? "int" : "", word);
    if (quant_plan_parse(&w->plan, name, e) < 0)
        return by_bits ? err_set(e, "'%s' is none of 2 to 8", word) : -1;
    if (quant_plan_options(&w->plan, o->method, o->scales, o->group, o->sym, e) < 0)
        return -1;
    return (w->budget_path || w->policy_name) && !w->plan.affine.table ? 0 : quant_plan_tall(&w->plan, w->tall, e);
}

static int set_type(void *ctx, const char *word, struct err *e)
{
    return set_plan(ctx, "type", word, e);
}

/* Of tables the plan is not known yet: any type will do to check the other options by. */
static int first_plan(struct quant_want *w, struct err *e)
{
    char word[24];

    if (!w->bits)
        return set_type(w, w->type ? w->type : "int8", e);
    snprintf(word, sizeof word, "%lld", (long long)w->bits);
    return set_plan(w, "bits", word, e);
}

int quant_want_check(struct quant_want *w, struct err *e)
{
    const char *table = w->budget_path ? "--budget" : w->policy_name ? "--policy" : NULL;
    char name[32];

    if (!w->bits + !w->type + !w->budget_path + !w->policy_name != 3)
        return err_set(e, "one of -t TYPE, -b BITS, --budget FILE and --policy NAME is needed; --list names the types");
    if (w->bits && (w->bits < 2 || w->bits > 8))
        return err_set(e, "-b %lld: 2 to 8 bits", (long long)w->bits);
    if (first_plan(w, e) < 0 || select_check(w->sel, e) < 0)
        return -1;
    if (w->clip && w->no_clip)
        return err_set(e, "--clip and --no-clip exclude each other");
    if (w->clip && !table && !quant_plan_clips(&w->plan))
        return err_set(e, "--clip: nothing of %s by -m %s is left to search", quant_plan_name(&w->plan, name),
                       w->ints.method);
    if (table && w->plan.method->needs & QUANT_LAYER)
        return err_set(e, "%s: %s scales all linears of one input together, for one type", table, w->ints.method);
    w->plan.residual = w->residual;
    w->plan.clip = w->clip ? QUANT_CLIP_YES : w->no_clip ? QUANT_CLIP_NO : QUANT_CLIP_DEFAULT;
    return 0;
}

int quant_want_tables(struct quant_want *w, struct err *e)
{
    static const char *const column[] = {"type", "bits", NULL};

    if (w->budget_path && !(w->budget = budget_read(w->budget_path, column, set_plan, w, e)))
        return -1;
    if (w->policy_name && !(w->policy = policy_read(w->policy_name, set_type, w, e)))
        return -1;
    w->sel->by_table = w->budget || w->policy;
    return 0;
}

int quant_want_choose(struct quant_want *w, const struct bundle *b, struct quant_plan *p, struct err *e)
{
    const char *word = w->budget ? budget_find(w->budget, b->name) : NULL;
    int named = w->sel->only.n > 0, takes = select_match(w->sel, b) && quant_takes(b, w->budget || named);

    if (w->policy && takes && policy_find(w->policy, w->model, b, &word, e) < 0)
        return -1;
    if (!takes || ((w->budget || w->policy) && !word))
        return 0;
    if (word && set_plan(w, w->budget ? budget_column(w->budget) : "type", word, e) < 0)
        return -1;
    if (!w->budget && !named && quant_falls_out(&w->plan, b))
        return 0;
    *p = w->plan;
    return 1;
}

int quant_want_layers(const struct quant_want *w)
{
    return w->plan.kind == QUANT_AFFINE && w->plan.method->needs & QUANT_LAYER;
}

int quant_want_unused(const struct quant_want *w, const struct head *h, struct err *e)
{
    int n = budget_unused(w->budget, h, e);

    return n ? n : policy_unused(w->policy, h, e);
}

void quant_want_free(struct quant_want *w)
{
    budget_free(w->budget);
    policy_free(w->policy);
}

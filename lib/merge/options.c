#include "merge/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"

struct merge_given merge_given = MERGE_GIVEN;

/* Texts of no, and of yes: the index is the number. */
static int truth(const char *text)
{
    static const char *const word[2][3] = {{"false", "no", "0"}, {"true", "yes", "1"}};

    for (int v = 0; v < 2; v++)
        for (int i = 0; i < 3; i++)
            if (strcmp(text, word[v][i]) == 0)
                return v;
    return -1;
}

int merge_set_normalize(const char *arg, struct err *e)
{
    merge_given.normalize = truth(arg);
    return merge_given.normalize < 0 ? err_set(e, "'%s' is neither true nor false", arg) : 0;
}

int merge_set_rescale(const char *arg, struct err *e)
{
    int yes = truth(arg);

    merge_given.rescale = strcmp(arg, "chance") == 0 ? MERGE_BY_CHANCE
                          : strcmp(arg, "l1") == 0   ? MERGE_BY_L1
                          : yes == 0                 ? MERGE_AS_IS
                                                     : -1;
    return merge_given.rescale < 0 && yes < 0 ? err_set(e, "'%s' is none of true, false, chance, l1", arg) : 0;
}

/* One number, or one for each model, between commas. */
static int numbers(const char *name, const char *text, int models, double *v, struct err *e)
{
    int n = 0;

    while (text) {
        const char *comma = strchr(text, ',');
        char *one = mem_strndup(text, comma ? (size_t)(comma - text) : strlen(text));
        double d;
        int rc = parse_f64(one, &d, e);

        free(one);
        if (rc < 0)
            return err_in(e, "%s", name);
        if (n < models)
            v[n] = d;
        n++;
        text = comma ? comma + 1 : NULL;
    }
    for (int i = 1; n == 1 && i < models; i++)
        v[i] = v[0];
    return n > 1 && n != models ? err_set(e, "%s: %d numbers for %d models", name, n, models) : 0;
}

int merge_options(const struct merge_method *m, int models, struct merge_args *a, struct err *e)
{
    const struct merge_given *g = &merge_given;
    size_t n = models < 0 ? 0 : (size_t)models;

    *a = (struct merge_args){.weight = mem_new(n + 1, sizeof *a->weight),
                             .density = mem_new(n + 1, sizeof *a->density),
                             .normalize = g->normalize < 0 ? m->normalize : g->normalize,
                             .rescale = g->rescale < 0 ? m->rescale : (enum merge_rescale)g->rescale,
                             .lambda = g->lambda,
                             .seed = g->seed};
    for (size_t i = 0; i < n; i++)
        a->weight[i] = a->density[i] = 1;
    if (numbers("weight", g->weight, (int)n, a->weight, e) == 0 &&
        numbers("density", g->density, (int)n, a->density, e) == 0 && merge_check(m, a, (int)n, e) == 0)
        return 0;
    free(a->weight);
    free(a->density);
    a->weight = a->density = NULL;
    return -1;
}

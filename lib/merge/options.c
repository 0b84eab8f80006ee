#include "merge/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"

struct row {
    const char *name, *text;
    unsigned bit;
};

#define ROWS 12

static void rows_of(const struct merge_texts *x, struct row row[ROWS])
{
    const struct row all[ROWS] = {{"weight", x->weight, MERGE_WEIGHT},    {"normalize", x->normalize, MERGE_NORMALIZE},
                                  {"density", x->density, MERGE_DENSITY}, {"lambda", x->lambda, MERGE_LAMBDA},
                                  {"rescale", x->rescale, MERGE_RESCALE}, {"epsilon", x->epsilon, MERGE_EPSILON},
                                  {"gamma", x->gamma, MERGE_GAMMA},       {"t", x->t, MERGE_T},
                                  {"scope", x->scope, MERGE_SCOPE},       {"seed", x->seed, MERGE_SEED},
                                  {"alpha", x->alpha, MERGE_ALPHA},       {"basis", x->basis, MERGE_BASIS}};

    memcpy(row, all, sizeof all);
}

const char *merge_options_given(const struct merge_texts *x)
{
    struct row row[ROWS];

    rows_of(x, row);
    for (int i = 0; i < ROWS; i++)
        if (row[i].text)
            return row[i].name;
    return NULL;
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
    if (n == 1)
        for (int i = 1; i < models; i++)
            v[i] = v[0];
    else if (n && n != models)
        return err_set(e, "%s: %d numbers for %d models", name, n, models);
    return 0;
}

static int truth(const char *name, const char *text, int *v, struct err *e)
{
    int yes = text && (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0);
    int no = text && (strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0);

    if (text && !yes && !no)
        return err_set(e, "%s: '%s' is neither true nor false", name, text);
    *v = text ? yes : *v;
    return 0;
}

/* true is what the method does where nothing is said. */
static int rescale(const char *text, enum merge_rescale *v, struct err *e)
{
    struct err not_truth;
    int yes = *v != MERGE_AS_IS;

    if (text && strcmp(text, "chance") == 0)
        *v = MERGE_BY_CHANCE;
    else if (text && strcmp(text, "l1") == 0)
        *v = MERGE_BY_L1;
    else if (truth("rescale", text, &yes, &not_truth) < 0)
        return err_set(e, "rescale: '%s' is none of true, false, chance, l1", text);
    else if (!yes)
        *v = MERGE_AS_IS;
    return 0;
}

static int number(const char *name, const char *text, double *v, struct err *e)
{
    return text && parse_f64(text, v, e) < 0 ? err_in(e, "%s", name) : 0;
}

static int take(const struct merge_texts *x, int models, struct merge_args *a, struct err *e)
{
    if (numbers("weight", x->weight, models, a->weight, e) < 0 ||
        numbers("density", x->density, models, a->density, e) < 0 ||
        truth("normalize", x->normalize, &a->normalize, e) < 0 || rescale(x->rescale, &a->rescale, e) < 0 ||
        number("lambda", x->lambda, &a->lambda, e) < 0 || number("epsilon", x->epsilon, &a->epsilon, e) < 0 ||
        number("gamma", x->gamma, &a->gamma, e) < 0 || number("t", x->t, &a->t, e) < 0 ||
        number("alpha", x->alpha, &a->alpha, e) < 0)
        return -1;
    if (x->seed && parse_u64(x->seed, &a->seed, e) < 0)
        return err_in(e, "seed");
    if (x->basis && parse_i64(x->basis, &a->basis, e) < 0)
        return err_in(e, "basis");
    if (x->scope && strcmp(x->scope, "row") != 0 && strcmp(x->scope, "tensor") != 0)
        return err_set(e, "scope '%s' is neither row nor tensor", x->scope);
    a->by_row = x->scope ? *x->scope == 'r' : a->by_row;
    return 0;
}

int merge_options(const struct merge_texts *x, const struct merge_method *m, int models, struct merge_args *a,
                  struct err *e)
{
    struct row row[ROWS];

    rows_of(x, row);
    for (int i = 0; i < ROWS; i++)
        if (row[i].text && !(m->takes & row[i].bit))
            return err_set(e, "%s has no --%s", m->name, row[i].name);
    if (models < 0)
        models = 0;
    *a = m->by_default;
    a->weight = mem_new((size_t)models + 1, sizeof *a->weight);
    a->density = mem_new((size_t)models + 1, sizeof *a->density);
    for (int i = 0; i < models; i++) {
        a->weight[i] = m->by_default.weight ? *m->by_default.weight : 1;
        a->density[i] = m->by_default.density ? *m->by_default.density : 1;
    }
    if (take(x, models, a, e) == 0 && merge_check(m, a, models, e) == 0)
        return 0;
    free(a->weight);
    free(a->density);
    a->weight = a->density = NULL;
    return -1;
}

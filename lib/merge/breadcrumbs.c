/*
 * breadcrumbs: of each model's changes the floor(gamma n) largest go, of the others the floor(density n) largest stay,
 * by tensor or by row; what stays is summed as by task.
 * Davari, Belilovsky 2023, "Model breadcrumbs", section 3.
 */
#include <string.h>

#include "merge/delta.h"
#include "merge/options.h"

static double most_share = 0.01;
static int by_row;

static void *begin(const struct merge_job *whole)
{
    struct delta_sieve *s = delta_sieve_new(whole->models);
    uint64_t n = whole->rows * whole->cols;

    for (int k = 0; k < whole->models; k++)
        delta_sieve_set(s, k, n, delta_count(most_share, n), delta_count(whole->args->density[k], n));
    return s;
}

static int apply(const struct merge_job *j, struct err *e)
{
    uint64_t n = j->cols;

    (void)e;
    delta_take(j);
    if (!by_row)
        delta_sieve_trim(j->seen, j);
    for (int k = 0; k < j->models && by_row; k++)
        for (uint64_t row = 0; row < j->rows; row++)
            delta_trim(j->model[k] + row * n, n, delta_count(most_share, n), delta_count(j->args->density[k], n));
    delta_sum(j, 0);
    return 0;
}

static const struct merge_survey survey = {2, begin, delta_sieve_see, delta_sieve_next, delta_sieve_free};

static int set_scope(const char *arg, struct err *e)
{
    if (strcmp(arg, "row") != 0 && strcmp(arg, "tensor") != 0)
        return err_set(e, "'%s' is neither row nor tensor", arg);
    by_row = *arg == 'r';
    return 0;
}

static const struct opt opts[] = {MERGE_WEIGHT,
                                  MERGE_NORMALIZE,
                                  MERGE_DENSITY,
                                  MERGE_LAMBDA,
                                  {.name = "gamma",
                                   .arg = "G",
                                   .kind = OPT_F64,
                                   .to = &most_share,
                                   .hi = 1,
                                   .help = "share of the largest changes that is left out"},
                                  {.name = "scope",
                                   .arg = "SCOPE",
                                   .kind = OPT_CALL,
                                   .to = &by_row,
                                   .call = set_scope,
                                   .help = "compare changes by row or tensor (default tensor)"},
                                  OPT_END};

const struct merge_method merge_breadcrumbs = {.name = "breadcrumbs",
                                               .brief = "neither the largest nor the smallest changes, summed",
                                               .opts = opts,
                                               .base = 1,
                                               .least = 1,
                                               .unit = MERGE_ROWS,
                                               .by_row = &by_row,
                                               .apply = apply,
                                               .survey = &survey};

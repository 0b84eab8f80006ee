/*
 * della: in each row changes are ranked by magnitude, and the one of rank r of n stays with probability density -
 * epsilon + 2 epsilon r / (n - 1), and what stays is rescaled; signs are elected and what agrees is summed as by ties.
 * The defaults are mergekit's: the L1 norm of a tensor's changes is kept, and what agrees is averaged. Deep, Bhardwaj,
 * Poria 2024, "DELLA-Merging", section 3, divides by the probability.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/pick.h"
#include "merge/delta.h"
#include "merge/options.h"

static double epsilon = 0.15;

static void drop_row(const struct merge_job *j, float *d, uint64_t first, struct rng r, double density, float *size,
                     uint32_t *order)
{
    double eps = epsilon, step = j->cols > 1 ? 2 * eps / (double)(j->cols - 1) : 0;

    for (uint64_t c = 0; c < j->cols; c++)
        size[c] = fabsf(d[c]);
    pick_sort(size, j->cols, order);
    for (uint64_t rank = 0; rank < j->cols; rank++) {
        uint64_t c = order[rank];
        double p = j->cols > 1 ? density - eps + step * (double)rank : density;

        d[c] = rng_unit(r, first + c) < p ? (float)((double)d[c] / (j->args->rescale == MERGE_BY_CHANCE ? p : 1)) : 0;
    }
}

static void drop(const struct merge_job *j, int k)
{
    float *size = mem_new(j->cols + 1, sizeof *size);
    uint32_t *order = mem_new(j->cols + 1, sizeof *order);
    double density = j->args->density[k];
    struct rng r = delta_rng(j, k);

    for (uint64_t row = 0; row < j->rows && density < 1; row++)
        drop_row(j, j->model[k] + row * j->cols, (j->row0 + row) * j->cols, r, density, size, order);
    free(size);
    free(order);
}

static int apply(const struct merge_job *j, struct err *e)
{
    (void)e;
    level_merge(j, drop, 1);
    return 0;
}

static void see(void *seen, const struct merge_job *j, int pass)
{
    (void)pass;
    level_see(seen, j, drop);
}

static const struct merge_survey survey = {1, level_begin, see, NULL, free};

static int check(const struct merge_args *a, int models, struct err *e)
{
    for (int i = 0; i < models; i++)
        if (a->density[i] < 1 && (a->density[i] - epsilon < 0 || a->density[i] + epsilon > 1))
            return err_set(e, "density %g with epsilon %g: probabilities from %g to %g, which must lie in 0 to 1",
                           a->density[i], epsilon, a->density[i] - epsilon, a->density[i] + epsilon);
    return 0;
}

static const struct opt opts[] = {MERGE_WEIGHT,
                                  MERGE_NORMALIZE,
                                  MERGE_DENSITY,
                                  MERGE_LAMBDA,
                                  MERGE_RESCALE,
                                  MERGE_SEED,
                                  {.name = "epsilon",
                                   .arg = "E",
                                   .kind = OPT_F64,
                                   .to = &epsilon,
                                   .hi = 1,
                                   .help = "probabilities are density - E to density + E"},
                                  OPT_END};

const struct merge_method merge_della = {.name = "della",
                                         .brief = "larger changes kept with more chance, those of the elected sign",
                                         .opts = opts,
                                         .base = 1,
                                         .least = 1,
                                         .unit = MERGE_ROWS,
                                         .normalize = 1,
                                         .rescale = MERGE_BY_L1,
                                         .check = check,
                                         .apply = apply,
                                         .survey = &survey};

/*
 * options: what several methods have as options, by mergekit's names: rows for the tables of those that do, and their
 * values for a number of models. What one method alone has stands in its file.
 */
#ifndef WEIR_MERGE_OPTIONS_H
#define WEIR_MERGE_OPTIONS_H

#include <math.h>

#include "merge/merge.h"

/* As given; one for all methods. */
struct merge_given {
    const char *weight, *density; /* one number, or one for each model, between commas; NULL: 1 */
    int normalize, rescale;       /* no or yes; an enum merge_rescale; -1: as the method's row has it */
    double lambda;
    uint64_t seed;
};
#define MERGE_GIVEN                                                                                                    \
    {                                                                                                                  \
        .normalize = -1, .rescale = -1, .lambda = 1                                                                    \
    }
extern struct merge_given merge_given;

int merge_set_normalize(const char *arg, struct err *e);
int merge_set_rescale(const char *arg, struct err *e);

/* clang-format off */
#define MERGE_WEIGHT \
    {.letter = 'w', .name = "weight", .arg = "W[,W]...", .kind = OPT_STRING, .to = &merge_given.weight, \
     .help = "of each model, or one for all (default 1)"}
#define MERGE_NORMALIZE \
    {.name = "normalize", .arg = "BOOL", .kind = OPT_CALL, .to = &merge_given.normalize, .call = merge_set_normalize, \
     .help = "divide by the sum of the weights: true or false (default: true, but of task, dare and breadcrumbs)"}
#define MERGE_DENSITY \
    {.letter = 'd', .name = "density", .arg = "D[,D]...", .kind = OPT_STRING, .to = &merge_given.density, \
     .help = "share of each model's changes that is kept (default 1)"}
#define MERGE_LAMBDA \
    {.name = "lambda", .arg = "L", .kind = OPT_F64, .to = &merge_given.lambda, .lo = -INFINITY, .hi = INFINITY, \
     .help = "factor of the merged change"}
#define MERGE_RESCALE \
    {.name = "rescale", .arg = "HOW", .kind = OPT_CALL, .to = &merge_given.rescale, .call = merge_set_rescale, \
     .help = "of what is kept by chance: chance, l1, true (the method's; default) or false"}
#define MERGE_SEED \
    {.name = "seed", .arg = "N", .kind = OPT_U64, .to = &merge_given.seed, .hi = INFINITY, .help = "of what is random"}
/* clang-format on */

/*
 * What was given to the parameters of a method for that many models.
 * a   out: weight and density are allocated, after -1 they are NULL
 * -1: a text that is no number, as many numbers as there are models neither nor one, or merge_check's refusal.
 */
int merge_options(const struct merge_method *m, int models, struct merge_args *a, struct err *e);

#endif

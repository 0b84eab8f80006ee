/* options: the parameters of methods as texts of a command line: one table for --help, ranges and refusals. */
#ifndef WEIR_MERGE_OPTIONS_H
#define WEIR_MERGE_OPTIONS_H

#include "base/opt.h"
#include "merge/merge.h"

struct merge_texts { /* NULL: not given */
    const char *weight, *density, *normalize, *lambda, *rescale, *epsilon, *gamma, *t, *scope, *seed, *alpha, *basis;
};

/* clang-format off */
#define MERGE_OPTS(x) \
    {'w', "weight", "W[,W]...", OPT_STRING, &(x).weight, "of each model, or one for all (default 1)", 0}, \
    {0, "normalize", "BOOL", OPT_STRING, &(x).normalize, "divide by the sum of the weights: true or false", 0}, \
    {'d', "density", "D[,D]...", OPT_STRING, &(x).density, "share of each model's changes that is kept", 0}, \
    {0, "lambda", "L", OPT_STRING, &(x).lambda, "factor of the merged change (default 1)", 0}, \
    {0, "rescale", "HOW", OPT_STRING, &(x).rescale, \
     "of what is kept by chance: chance, l1, true (the method's) or false", 0}, \
    {0, "epsilon", "E", OPT_STRING, &(x).epsilon, \
     "della: probabilities are density - E to density + E (default 0.15)", 0}, \
    {0, "gamma", "G", OPT_STRING, &(x).gamma, \
     "breadcrumbs: share of the largest changes that is left out (default 0.01)", 0}, \
    {'t', "t", "T", OPT_STRING, &(x).t, "how far to go from the first to the second: 0 to 1 (default 0.5)", 0}, \
    {0, "scope", "SCOPE", OPT_STRING, &(x).scope, \
     "breadcrumbs: compare changes by row or tensor (default tensor)", 0}, \
    {0, "seed", "N", OPT_STRING, &(x).seed, "of what is kept by chance (default 0)", 0}, \
    {0, "alpha", "A", OPT_STRING, &(x).alpha, \
     "rws: factor of the signatures (default 1); opcm: share of singular values (0.5)", 0}, \
    {0, "basis", "P", OPT_STRING, &(x).basis, "rmm: models in the basis (default 1)", 0}
/* clang-format on */

/* The name of a parameter that was given, or NULL. */
const char *merge_options_given(const struct merge_texts *x);

/*
 * Texts to the parameters of a method for that many models.
 * a   out: the method's defaults where nothing is given; weight and density are allocated, after -1 they are NULL
 * -1: a parameter that the method does not have, a text that is no number, as many numbers as there are models neither
 * nor one, or merge_check's refusal.
 */
int merge_options(const struct merge_texts *x, const struct merge_method *m, int models, struct merge_args *a,
                  struct err *e);

#endif

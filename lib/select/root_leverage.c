/*
 * root-leverage: at random without replacement, by the roots of leverage scores: for l_p subspaces, 1 <= p < 2, about d
 * samples will do. Source: Woodruff and Yasuda 2023, Sharper bounds for l_p sensitivity sampling, section 1.2.
 */
#include "select/leverage.h"

static int order(struct select_set *s, struct err *e)
{
    return leverage_sample(s, 0.5, e);
}

static const struct opt opts[] = {SELECT_VECTORS, SELECT_SEED, OPT_END};

const struct select_method select_root_leverage = {.name = "root-leverage",
                                                   .brief = "at random, by the roots of leverage scores",
                                                   .opts = opts,
                                                   .needs = SELECT_VECTOR | SELECT_LENGTHS,
                                                   .order = order,
                                                   .as = "leverage"};

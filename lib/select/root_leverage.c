/*
 * root-leverage: at random without replacement, by the roots of leverage scores: for l_p subspaces, 1 <= p < 2, about d
 * samples will do. Source: Woodruff and Yasuda 2023, Sharper bounds for l_p sensitivity sampling, section 1.2.
 */
#include "select/leverage.h"

static int order(const struct select_args *a, struct select_set *s, struct err *e)
{
    (void)a;
    return leverage_sample(s, 0.5, e);
}

const struct select_method select_root_leverage = {
    "root-leverage", "at random, by the roots of leverage scores", SELECT_VECTOR | SELECT_LENGTHS, NULL, order,
    "leverage"};

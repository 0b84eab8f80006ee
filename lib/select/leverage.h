/* leverage: how much each row of X matters for its least-squares fits. */
#ifndef WEIR_SELECT_LEVERAGE_H
#define WEIR_SELECT_LEVERAGE_H

#include "select/select.h"

/*
 * tau_i = x_i (X'X + c I)^-1 x_i', c = 1e-6 trace (X'X) / d, by the Cholesky factor. out: double[n], 0 .. 1. -1 when
 * there is no factor (all rows are zero). Cost n d^2; 8 d^2 bytes.
 */
int leverage_scores(const struct select_set *s, double *out, struct err *e);

/* Order the set by p ln tau + G, G standard Gumbel of each record: a sample without replacement, by tau^p. */
int leverage_sample(struct select_set *s, double p, struct err *e);

#endif

/* factor: what a sweep by the gram (la/obs.h) needs of it, made once for all rows of a tensor. */
#ifndef WEIR_PRUNE_FACTOR_H
#define WEIR_PRUNE_FACTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct prune_factor {
    float *U;      /* [cols][cols], obs_factor's */
    uint8_t *dead; /* [cols]: 1 for an input that was never active */
    double damp;   /* that was used */
};

/* Arguments, errors and cost as obs_factor's. On -1 *f is empty. */
int prune_factor_make(struct prune_factor *f, size_t cols, const float *gram, double damp, struct err *e);
void prune_factor_free(struct prune_factor *f); /* back to {0} */

#endif

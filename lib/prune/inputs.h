/* inputs: what is known of a tensor and its inputs, from its companions. */
#ifndef WEIR_PRUNE_INPUTS_H
#define WEIR_PRUNE_INPUTS_H

#include "prune/prune.h"
#include "prune/refit.h"
#include "tensor/bundle.h"

struct prune_inputs {
    float *norm2, *mean;        /* [cols], owned; or NULL */
    float *score;               /* [rows][cols], owned; or NULL */
    const float *gram;          /* [cols][cols]; or NULL */
    const float *held;          /* what losses are measured by: gram.held where there is one, else gram */
    float *own, *own_held;      /* where the companions are not F32 */
    struct prune_factor factor; /* these two are empty until they are made; freed with the rest */
    struct prune_refit fit;
};

/* Those that are needed (PRUNE_NORM2, PRUNE_MEAN, PRUNE_GRAM, PRUNE_COMPANION; companions of b are loaded), and the
 * gram and gram.held in any case where there are. -1 names the one that is missing or of the wrong size, without the
 * tensor's name. */
int prune_inputs_get(struct prune_inputs *in, const struct bundle *b, unsigned needs, struct err *e);
void prune_inputs_free(struct prune_inputs *in);

#endif

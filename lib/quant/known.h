/* known: what a tensor's companions tell of its inputs, as far as a plan or a measure goes by it. */
#ifndef WEIR_QUANT_KNOWN_H
#define WEIR_QUANT_KNOWN_H

#include "quant/plan.h"

struct quant_known {
    float *v;          /* [cols] importance, or NULL */
    const float *gram; /* [cols][cols], or NULL */
    const float *held; /* what losses are measured by: the gram of tokens kept aside where there is one, else gram */
    float *own, *own_held; /* where they are copies */
    struct quant_gram by;  /* by.U is NULL where the method does not go by it */
};

/*
 * k           out: to be freed also after -1
 * b           in: its companions are loaded; the gram's bytes may stay b's
 * importance  1: norm2 is used where it is there: by block types, or by any where nothing is written and losses alone
 *             are asked for
 * measured    1: losses are asked for
 * writes      1: the tensor is written
 * -1: a gram that is missing or cannot be used, a norm2 that is negative or not finite.
 */
int quant_known_get(struct quant_known *k, const struct quant_plan *p, const struct bundle *b, int importance,
                    int measured, int writes, struct err *e);
void quant_known_free(struct quant_known *k);

#endif

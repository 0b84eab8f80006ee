/*
 * fold: where the input channels of a layer's linears can be scaled without changing what the layer computes: columns of the consumers times s, what
 * makes those channels divided by s. The places: a norm before q, k, v or gate, up; the values before o, where every head has its own; up before down,
 * where a gate multiplies it (behind an activation nothing can be folded).
 */
#ifndef WEIR_RUN_FOLD_H
#define WEIR_RUN_FOLD_H

#include "run/block.h"

#define FOLD_CONSUMERS 4

struct fold {
    enum tap tap;
    int maker;                     /* index in the unit: a norm's gain, or a linear whose rows are the channels */
    int bias;                      /* of the maker, or -1 */
    int consumer[FOLD_CONSUMERS];  /* linears that see these channels */
    int consumers;
};

/* The places of a layer (bundle[n], roles set, headers suffice) in the order of the forward pass. Returns how many. */
int fold_find(const struct block_kind *k, const struct bundle *bundle, int n, struct fold out[TAPS]);

#endif

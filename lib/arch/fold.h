/*
 * fold: where the input channels of a layer's linears can be scaled without changing what the layer computes: columns
 * of all linears that read a value times s, what makes the value divided by s. Found by walking a page's steps back
 * from the linears through what scaling passes: a norm's gain, the linear operand of a product, a linear behind relu,
 * the values of attention where every head has its own, a copy.
 */
#ifndef WEIR_ARCH_FOLD_H
#define WEIR_ARCH_FOLD_H

#include "arch/walk.h"

#define FOLDS 16
#define FOLD_READERS 8

struct fold {
    const struct arch_weight
        *maker; /* a norm's gain, or a linear whose rows are the channels; its bias is divided, too */
    const struct arch_weight *reader[FOLD_READERS];
    int readers;
    int expert; /* it is one of each expert's weights */
};

/* The places of a layer in the order of the forward pass. Returns how many. */
int fold_places(const struct walk *w, struct fold out[FOLDS]);

#endif

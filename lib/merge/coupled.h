/* coupled: which axes of a model's tensors may be permuted together without changing what it computes. Roles are those of arch/arch.h. */
#ifndef WEIR_MERGE_COUPLED_H
#define WEIR_MERGE_COUPLED_H

#include "arch/arch.h"

/* Units of an axis: unit u is the indices [first + u * width, first + (u + 1) * width) of rows (axis 0) or columns (axis 1). */
struct coupled_axis {
    size_t tensor;
    int axis;
    uint64_t first, width;
};

struct coupled { /* a permutation of n units that all these axes bear at once */
    uint64_t n;
    struct coupled_axis *axis;
    int axes;
};

/*
 * The groups of a decoder-only transformer: the hidden channels (one for the model); and in each layer the channels between up and down, the
 * heads of keys with their queries, the heads of queries of each head of keys, and the channels of values in each head of keys.
 * Channels of queries and keys within a head are tied by rotary positions and stay.
 * b, count   tensors; those without a role are in no group
 * group      out: allocated, with their axes
 * Returns how many, or -1: an axis does not have the size that the model's keys say (both named).
 */
int coupled_groups(const struct bundle *b, size_t count, const struct arch_params *p, struct coupled **group, struct err *e);
void coupled_free(struct coupled *group, int n);

#endif

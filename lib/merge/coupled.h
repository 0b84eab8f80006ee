/* coupled: which axes of a model's tensors may be permuted together without changing what it computes, by the classes
 * of its page (arch/classes.h). */
#ifndef WEIR_MERGE_COUPLED_H
#define WEIR_MERGE_COUPLED_H

#include "arch/classes.h"

/* Units of an axis: unit u is the indices [first + u * width, first + (u + 1) * width) of rows (axis 0) or columns
 * (axis 1). */
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
 * The groups of a model. A class whose every axis lies inside the same outer axes (the channels of values, inside heads
 * of keys) is a group for each index of these; where an axis lies inside further ones (attn.o's channels, inside the
 * queries that share a head) the group bears it at each of theirs.
 * m          the model; b, count: its tensors, those without a role are in no group
 * group      out: allocated, with their axes, in the order of a forward pass
 * Returns how many, or -1: the model does not run, or an axis does not have the size that the model's keys say (both
 * named).
 */
int coupled_groups(const struct bundle *b, size_t count, const struct model *m, struct coupled **group, struct err *e);
void coupled_free(struct coupled *group, int n);

#endif

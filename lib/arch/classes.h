/*
 * classes: which axes of a model's weights are one axis, found by walking its steps: what may be permuted together
 * without changing what the model computes. Not by the names of sizes: head_dim of values and of queries are two
 * classes, the widths of experts and of shared experts, too.
 *
 * Every atom of every weight's axes is a node; steps make nodes one (a linear's inputs and the value it reads, both
 * operands of an add ...) and pin others (vocabularies, positions, channels that are rotary pairs, heads with slopes of
 * their own, experts).
 */
#ifndef WEIR_ARCH_CLASSES_H
#define WEIR_ARCH_CLASSES_H

#include "arch/walk.h"

/* An atom of a weight's axis. */
struct class_use {
    const struct arch_weight *weight;
    int64_t layer; /* -1: of no layer */
    int axis, atom;
    int node;
};

struct classes {
    int *parent;     /* union-find */
    uint8_t *pinned; /* of roots */
    uint64_t *size;
    int nodes;
    struct class_use *use;
    int uses;
};

/* Walk the whole model. -1: it does not run (walk.h), or sizes that meet in a step differ (both named). */
int classes_make(const struct model *m, struct classes *c, struct err *e);
void classes_free(struct classes *c);

int classes_root(const struct classes *c, int node);
int classes_pinned(const struct classes *c, int node);

/* The use of a weight's atom, or NULL: no step reads it. */
const struct class_use *classes_use(const struct classes *c, const struct arch_weight *w, int64_t layer, int axis,
                                    int atom);

#endif

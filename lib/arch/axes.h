/*
 * axes: what of a model's weights is cut together. A unit of a number (one of kv_heads, a channel of intermediate, an
 * expert) has its rows, columns or elements of every weight whose axes name that number, whatever the architecture;
 * which linear reads the units and which make them is found by walking the steps.
 */
#ifndef WEIR_ARCH_AXES_H
#define WEIR_ARCH_AXES_H

#include "arch/walk.h"

/* Units of a number on one axis of a bundle: unit u of n has, for each o of outer, the indices [(o * n + u) * inner, (o
 * * n + u + 1) * inner). */
struct axes_units {
    int axis; /* of the bundle: 0 rows, 1 columns; of a vector, which is one row, 1 */
    uint64_t outer, n, inner;
};

/* Does the number stand for the same size as this other one: the same name, or a default that is its name ("width =
 * hidden") while both are equal? */
int axes_same(const struct model *m, const char *number, const char *other);

/*
 * Where the units of a number lie in a weight's bundle (of experts: one expert's matrix) or in its bias.
 * at  out: up to 2
 * How many axes, 0: none; -1: it stands on one axis twice or within an expression, or a size cannot be computed.
 */
int axes_units(const struct model *m, const struct arch_weight *w, int bias, int64_t layer, const char *number,
               struct axes_units at[2], struct err *e);

/* The number that counts experts in this layer: of a walk's weights between scatter and gather; NULL: it has none. */
const char *axes_experts(const struct walk *w);

#define AXES_MAKERS 8

/* Units inside a layer: linears make them, one linear reads them. */
struct axes_group {
    const struct arch_weight *closing;
    const struct arch_weight *maker[AXES_MAKERS];
    int makers;
    const char *number; /* of the page */
};

enum axes_kind { AXES_HEADS, AXES_CHANNELS }; /* what attention makes; what passes from linears through act and mul */

/*
 * The groups of a layer.
 * out  room for most; a layer of a mixture may have two of channels, its experts' and those of the shared ones
 * How many; -1: a group whose closing weight's last axis names no number of the page.
 */
int axes_groups(const struct walk *w, enum axes_kind kind, struct axes_group *out, int most, struct err *e);

/* The linear that makes what gather adds up: where an expert ends. NULL: the layer has no experts. */
const struct arch_weight *axes_expert_closing(const struct walk *w);

/* The step that makes a value from a weight, when rope and copy are passed over: its index, or -1. */
int axes_made_by(const struct walk *w, int value);

#endif

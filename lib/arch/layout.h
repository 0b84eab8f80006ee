/* layout: where in a stored tensor a weight lies. */
#ifndef WEIR_ARCH_LAYOUT_H
#define WEIR_ARCH_LAYOUT_H

#include "arch/place.h"

/*
 * Where weight w, or its bias, of this layer and expert lies in the tensor of the place's row.
 * p: out: view, shape, role, flags; stored: out: the tensor's own shape. 0, or -1: the row's dims do not fit the
 * numbers.
 */
int arch_part_of(const struct model *m, const struct arch_place *at, const struct arch_weight *w, int bias,
                 int64_t expert, struct arch_part *p, struct shape *stored, struct err *e);

#endif

/*
 * steps: what of the forward pass changes by itself when numbers change (a scale by the root of the hidden size, by the
 * layer's index; slopes by the count of heads), found by evaluating every attribute of every step before and after.
 * What a weight can take is compensated, the rest refused.
 */
#ifndef WEIR_SHRINK_STEPS_H
#define WEIR_SHRINK_STEPS_H

#include "arch/walk.h"

/* A weight (and its bias) that is to be multiplied. */
struct steps_fix {
    const struct arch_weight *weight;
    int64_t layer; /* of the model as it comes; -1: of no layer */
    double factor;
};

struct steps_fixes {
    struct steps_fix *fix;
    int n;
};

/*
 * Compare the two models, layer keep[i] of was with layer i of now (keep NULL: all stay).
 * number  in: what is cut, or NULL: layers
 * fixes   out: appended to
 * -1: 'PAGE:LINE: ...': an attribute differs that no weight can make up for; ALiBi whose heads go; a route that asks
 * for more experts than are left, or whose groups the experts left do not fill.
 */
int steps_compare(const struct model *was, const struct model *now, const uint64_t *keep, const char *number,
                  struct steps_fixes *fixes, struct err *e);

/* The product of a weight's factors, 1 when it has none. */
double steps_factor(const struct steps_fixes *f, const struct arch_weight *w, int64_t layer);

#endif

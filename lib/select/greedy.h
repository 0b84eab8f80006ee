/* greedy: the lazy greedy algorithm for monotone submodular functions (Minoux 1978): gains fall as the set grows, so a
 * stale gain that is not the greatest need not be computed again. */
#ifndef WEIR_SELECT_GREEDY_H
#define WEIR_SELECT_GREEDY_H

#include "select/select.h"

struct greedy {
    void *ctx;
    double (*gain)(void *ctx, size_t i); /* of adding i to what was taken; many threads at once for the first gains */
    void (*take)(void *ctx, size_t i);
};
/* Fill s->order with s->want of the s->n items: each time the greatest gain, ties to the lesser index. 16 bytes an
 * item. */
void greedy_order(struct select_set *s, const struct greedy *g);

#endif

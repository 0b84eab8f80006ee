/* rename: a bundle of another layer or expert: its name, wherever the page puts their numbers ("h.3.", "blk.3.",
 * "experts.5.", ":moe.gate@5"). */
#ifndef WEIR_SHRINK_RENAME_H
#define WEIR_SHRINK_RENAME_H

#include "arch/place.h"

/* Give b another layer or expert (-1: it has none, or keeps the one it has). -1: its name does not have the number
 * where the page has it. */
int rename_bundle(const struct model *m, struct bundle *b, int64_t layer, int64_t expert, struct err *e);

#endif

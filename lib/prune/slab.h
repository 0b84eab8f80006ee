/* slab: some rows of the tensor that is pruned, and where they come from. Private to prune. */
#ifndef WEIR_PRUNE_SLAB_H
#define WEIR_PRUNE_SLAB_H

#include "tensor/stream.h"

struct slab {
    uint64_t row0, rows, cap;     /* cap: rows that there is room for */
    float *w, *own, *score, *old; /* own: w, but where w is the reader's; old: w as it came, score: where they are needed */
    uint8_t *mask;
};

/* The next rows of b into s, whose own row0 and rows say where it is: 1, 0 at the end, -1. */
int slab_loaded(const struct bundle *b, uint64_t step, struct slab *s, struct err *e);                      /* step of them, of a loaded bundle */
int slab_spooled(int fd, const struct bundle *b, uint64_t step, struct slab *s, struct err *e);             /* likewise, from slab_spool's file */
int slab_arriving(struct reader *in, struct bundle *b, uint64_t step, struct slab *s, struct err *e);       /* as they come, step at least but at the end */

/* All rows of b, which in stands at, as f32 into an unlinked file, so that they can be gone through more than once. It, or -1. */
int slab_spool(struct reader *in, struct bundle *b, struct err *e);

void slab_free(struct slab *s);

#endif

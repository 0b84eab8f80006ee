/* slab: some rows of the tensor that is pruned, and where they come from. Private to prune. */
#ifndef WEIR_PRUNE_SLAB_H
#define WEIR_PRUNE_SLAB_H

#include "tensor/stream.h"

struct slab {
    uint64_t row0, rows, cap; /* cap: rows that there is room for */
    float *w, *own, *score,
        *old; /* own: w, but where w is the reader's; old: w as it came, score: where they are needed */
    uint8_t *mask;
};

/* The next rows of b into s, whose own row0 and rows say where it is: 1, 0 at the end, -1. */
int slab_loaded(const struct bundle *b, uint64_t step, struct slab *s,
                struct err *e); /* step of them, of a loaded bundle */
int slab_spooled(int fd, const struct bundle *b, uint64_t step, struct slab *s,
                 struct err *e); /* likewise, from slab_spool's file */
int slab_arriving(struct reader *in, struct bundle *b, uint64_t step, struct slab *s,
                  struct err *e); /* as they come, step at least but at the end */

/* All rows of b, which in stands at, as f32 into an unlinked file, so that they can be gone through more than once. It,
 * or -1. */
int slab_spool(struct reader *in, struct bundle *b, struct err *e);

/* 0, or -1 at the first NaN of v[rows][cols]: "WHAT [row, col] is NaN", counting rows from row0. */
int slab_check(const char *what, const float *v, uint64_t row0, uint64_t rows, uint64_t cols, struct err *e);

/* Zeros where the mask is 1 (elsewhere it is 0): in the first n of w, or in the slab's rows of a whole tensor's data,
 * `width` bytes an element. */
void slab_zero(struct slab *s, uint64_t n);
void slab_zero_bytes(const struct slab *s, uint64_t cols, size_t width, uint8_t *data);

void slab_free(struct slab *s);

#endif

/* source: rows of a bundle as f32, from the stream or, where it is loaded, from memory. */
#ifndef WEIR_QUANT_SOURCE_H
#define WEIR_QUANT_SOURCE_H

#include "tensor/stream.h"

struct quant_source {
    struct reader *in;
    struct bundle *b;
    int term;      /* the one that is read of a loaded value, or -1: all */
    int gather;    /* 1: 512 rows at once, or all that are left: the gram's sweep is the faster */
    float *room;   /* to be freed at the end */
    uint64_t next; /* row */
};

/* The next rows [row0, row0 + n): 1, 0 at the end, -1. w lives until the next call. */
int quant_source_next(struct quant_source *s, uint64_t *row0, uint64_t *n, float **w, struct err *e);

#endif

/* back: products of reflections taken to rows of vectors. For band.c and chase.c. */
#ifndef WEIR_LA_BACK_H
#define WEIR_LA_BACK_H

#include <stddef.h>

#include "num/kern.h"

/* KERN_BAND reflections I - V'M on elements at .. at + len of a vector; rows of V and M are len long. */
struct back_block {
    size_t at, len;
    double *V, *M;
};

/* Room for b->V and M of at most len, to be freed by back_free. */
void back_new(struct back_block *b, size_t len);
void back_free(struct back_block *b);

/* M = T'V of the reflections in b->V (as house.h has them). */
void back_finish(struct back_block *b, const double *tau);

/*
 * Rows x of Z [rows][n] become H_0 H_1 ... x of each block, the first block first.
 * Threads: by rows; the same bits for any number. Cost: 4 rows KERN_BAND len a block. Memory: 48 KiB a thread.
 */
void back_apply(size_t rows, size_t n, double *Z, size_t blocks, const struct back_block *b);

#endif

/*
 * quant: floats to few bits. Two tables: blocks (ggml's types, one encoder each) and methods (how affine codes are chosen).
 * A new one is one file here and one row in quant.def.
 */
#ifndef WEIR_QUANT_QUANT_H
#define WEIR_QUANT_QUANT_H

#include <stddef.h>
#include <stdint.h>

#include "num/ggml.h"

/*
 * One of ggml's types.
 * encode: whole rows to blocks, the bytes that ggml's own quantizer gives, on the calling thread.
 *   x           in: float[rows][cols], finite; cols a multiple of the type's block
 *   importance  in: float[cols], >= 0, the mean square of each input channel, or NULL
 *   out         out: rows * ggml_row_bytes
 * Deterministic: the same bytes however rows are cut. No memory but the stack (under 80 KiB).
 */
struct quant_block {
    const char *type;     /* name in ggml_types */
    const char *fallback; /* the type that takes rows whose columns are no multiple of the block; "" ends in f16 */
    void (*encode)(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out);
};

extern const struct quant_block *const quant_blocks[]; /* ends with NULL */
const struct quant_block *quant_block_find(const char *type);

/* As b->encode, rows shared among threads. */
void quant_encode(const struct quant_block *b, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                  uint8_t *out);

#endif

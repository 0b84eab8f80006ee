/* pass: a tensor of a stream through a plan, in slabs: rows come as f32, the parts of the plan go out. */
#ifndef WEIR_QUANT_PASS_H
#define WEIR_QUANT_PASS_H

#include "quant/tally.h"
#include "tensor/stream.h"

/*
 * Quantize the tensor that in stands at, or one that is loaded, and write it on.
 * plan        fits b (quant_plan_for)
 * b           inout: header read and nothing loaded, or all; its companions move to what is written. Those that told of
 *             the old weights (score, mask, grad) are dropped, those that tell of inputs stay.
 * importance  1: use the companion norm2 where there is one (block types only)
 * out         NULL: nothing is written, b keeps what it had if it was loaded, and with importance the tally of any type
 *             has losses weighed by norm2
 * tally       out: or NULL; measuring decodes what was encoded
 * Of a value of one dense term beside products and sparse terms only the dense one is quantized, the others are written
 * as they are (quant_dense_beside); then the whole tensor is in memory, and measures are of the dense term.
 * Memory: a slab of f32 (about 1 MiB or one row; by the gram 512 rows), its parts, and the companions; by the gram also
 * its factor: quant_gram_make, and quant_gram_rows. -1: a gram that is missing or cannot be used; a weight that is NaN,
 * infinite or beyond quant_plan_limit; a norm2 that is negative or NaN. The sentence names the tensor.
 */
int quant_pass(const struct quant_plan *plan, struct reader *in, struct writer *out, struct bundle *b, int importance,
               struct quant_tally *tally, struct err *e);

/*
 * What a loaded tensor would lose of its outputs' energy by the plan, and that energy: by the companion gram, else by
 * norm2, else the squares of the weights. b is as it was. Errors as quant_pass's.
 */
int quant_lost(const struct quant_plan *p, struct bundle *b, double *lost, double *whole, struct err *e);

#endif

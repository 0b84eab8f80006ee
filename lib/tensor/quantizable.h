/* quantizable: which tensors a quantizer may take when nobody named them. */
#ifndef WEIR_TENSOR_QUANTIZABLE_H
#define WEIR_TENSOR_QUANTIZABLE_H

#include "tensor/bundle.h"

#define QUANTIZABLE_F32 "f32" /* header key, bool: an architecture's word that quantizers leave the tensor alone */

/*
 * 1 for what is multiplied with activations as a matrix, or looked up by rows: linears, experts, embeddings of tokens,
 * the head. By its role where it has one, else by its name: a matrix (a stack of them: experts) called *.weight none of
 * whose parts is a norm's, a router's, a position's, a convolution's, a relative bias's or a state-space model's own. 0
 * for all else, vectors among it, and where the header says so (QUANTIZABLE_F32).
 */
int bundle_quantizable(const struct bundle *b);

#endif

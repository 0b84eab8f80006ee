/* quantized: checkpoints whose weights peers have quantized: which method, and the tensors of each weight as one of a
 * form of weir's. */
#ifndef WEIR_CKPT_QUANTIZED_H
#define WEIR_CKPT_QUANTIZED_H

#include "file/file.h"

/*
 * What a peer's quantizer has left of a weight (numbers, scales, zeros, an order of columns) becomes one tensor again.
 * The method is that of config.json's quantization_config (or compression_config, hf_quant_config.json,
 * quantize_config.json, quant_config.json). Nothing is done to a source without a method whose tensors show none.
 * -1: a method that is not read here, by its name, or tensors that show one where no file says how they were made.
 */
int quantized_take(struct source *s, struct err *e);

#endif

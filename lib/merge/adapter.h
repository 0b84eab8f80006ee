/* adapter: peft's LoRA adapters as low-rank terms beside the weights they belong to. */
#ifndef WEIR_MERGE_ADAPTER_H
#define WEIR_MERGE_ADAPTER_H

#include "merge/operand.h"

/* Is the operand a checkpoint with adapter_config.json beside it? */
int merge_is_adapter(const struct operand *o);

/*
 * Write every tensor of `to`, those that the adapter names with one term lowrank more: a and b are lora_A and lora_B in their own types, scale is
 * lora_alpha / r of adapter_config.json, of alpha_pattern and rank_pattern for a module that they name (whole or by its end), over the root of r with use_rslora.
 * Where to's rotary rows are interleaved, the rows of b move as to_hf_place says.
 * -1: a tensor of the adapter has no weight in `to`, its factors do not fit, its lora_A or lora_B is missing, or the configuration asks for what is not a
 * product beside the weight (a peft_type other than LORA, use_dora, bias, modules_to_save). Memory: one tensor and its factors.
 */
int merge_adapter(struct operand *to, struct operand *from, struct writer *out, struct err *e);

#endif

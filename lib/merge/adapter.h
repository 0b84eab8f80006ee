/* adapter: peft's LoRA adapters as low-rank terms beside the weights they belong to. */
#ifndef WEIR_MERGE_ADAPTER_H
#define WEIR_MERGE_ADAPTER_H

#include "merge/operand.h"

/* Is the operand a checkpoint with adapter_config.json beside it? */
int merge_is_adapter(const struct operand *o);

/*
 * Write every tensor of `to`, those that the adapter names with one term lowrank more: a and b are lora_A and lora_B in
 * their own types (of an embedding lora_embedding_B and lora_embedding_A, transposed), scale is adapter_scale's. A
 * tensor that the adapter holds whole (modules_to_save, bias) takes the base's place, in the base's type where that is
 * dense; base_layer.weight, the frozen weight itself, is passed over. Where to's rotary rows are interleaved, rows move
 * as to_hf_place says. Names may begin with "module.", before or behind "base_model.model.".
 * -1: a tensor of the adapter has no weight in `to`, does not fit, its lora_A or lora_B is missing; base_layer.weight
 * is not the base's; a change of the embedding or of the head where they are tied, which would change both; or what
 * adapter_config refuses. Memory: one tensor, that of the adapter, and its factors.
 */
int merge_adapter(struct operand *to, struct operand *from, struct writer *out, struct err *e);

#endif

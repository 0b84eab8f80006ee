/* adapter_config: what adapter_config.json of peft says, and what it asks for that is not done. */
#ifndef WEIR_MERGE_ADAPTER_CONFIG_H
#define WEIR_MERGE_ADAPTER_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json;

#define ADAPTER_CONFIG "adapter_config.json"

/*
 * NULL: the text is no JSON object, or asks for more than products beside weights and whole tensors in place of some;
 * the key is named. The caller frees by json_free.
 */
struct json *adapter_config(const void *text, size_t n, struct err *e);

/*
 * What multiplies B A of a module: lora_alpha / r, over the root of r with use_rslora. r and lora_alpha are of the
 * first key of rank_pattern and alpha_pattern that matches the module as peft has it: (.*\.)?(KEY)$ as a regular
 * expression, from the name's start.
 * rank   in: the rows of lora_A; -1: it is not r, or a key is no regular expression.
 */
int adapter_scale(const struct json *config, const char *module, uint64_t rank, double *scale, struct err *e);

#endif

/* arch_config: the keys of a Hugging Face config.json that architectures share; for the arch_<name>.c files. */
#ifndef WEIR_ARCH_ARCH_CONFIG_H
#define WEIR_ARCH_ARCH_CONFIG_H

#include "arch/arch.h"

extern const struct block_kind block_llama, block_gpt2;

extern const char *const arch_llama_prefixes[];
extern const struct arch_name arch_llama_names[];
extern const struct arch_key arch_llama_keys[];
#define ARCH_LLAMA_KEYS \
    {"hidden", "hidden_size", 1}, {"layers", "num_hidden_layers", 1}, {"heads", "num_attention_heads", 1}, {"kv_heads", "num_key_value_heads", 1}, \
    {"head_dim", "head_dim", 1}, {"intermediate", "intermediate_size", 1}, {"vocab", "vocab_size", 1}, {"context", "max_position_embeddings", 1}, \
    {"norm_eps", "rms_norm_eps", 0}, {"rope_theta", "rope_theta", 0}, {"tied", "tie_word_embeddings", 0}
/* inv_freq: computed from rope_theta, old checkpoints carry it. GGUF's rope_freqs are head.model's rope_scaling (from_gguf.h), or it says unsupported */
#define ARCH_LLAMA_BUFFERS "*rotary_emb.inv_freq,rope_freqs.weight"

/*
 * Sizes, epsilon, tied, the activation, token ids: config.json's keys of Llama to canonical keys.
 * c        in: the parsed file
 * m        out: keys are set; what no filter computes goes to "unsupported"
 * context  the architecture's own default of max_position_embeddings
 * -1 names a missing key. Defaults are those of transformers' LlamaConfig.
 */
int config_transformer(const struct json *c, struct attrs *m, int64_t context, struct err *e);

/* Rotary positions: rope_theta and rope_scaling, of the file itself or of its rope_parameters (transformers 5). */
int config_rope(const struct json *c, struct attrs *m, struct err *e);

/* Sizes by an architecture's keys, where config.json has them; token ids; a size that config.json does not say. */
void config_sizes(const struct json *c, struct attrs *m, const struct arch_key *keys);
void config_ids(const struct json *c, struct attrs *m);
void config_default(struct attrs *m, const char *key, int64_t v);

/* The keys that are plain to read in any config.json: those of token ids, and sizes that are there. Never fails. */
void config_plain(const struct json *c, struct attrs *m);

#endif

/*
 * arch_llama: Llama and what has its shape (Mistral without sliding windows): RMSNorm, rotary positions, grouped queries, SwiGLU.
 * Names: Hugging Face's modeling_llama and GGUF's of llama.cpp.
 */
#include <string.h>

#include "arch/arch_config.h"

static const char *const types[] = {"llama", "mistral", NULL};
const char *const arch_llama_prefixes[] = {"model.", NULL};
const struct arch_name arch_llama_names[] = {
    ARCH_NAME("embed_tokens", "embed"),
    ARCH_NAME("layers.#.input_layernorm", "norm.attn"),
    ARCH_NAME("layers.#.self_attn.q_proj", "attn.q"),
    ARCH_NAME("layers.#.self_attn.k_proj", "attn.k"),
    ARCH_NAME("layers.#.self_attn.v_proj", "attn.v"),
    ARCH_NAME("layers.#.self_attn.o_proj", "attn.o"),
    ARCH_NAME("layers.#.post_attention_layernorm", "norm.mlp"),
    ARCH_NAME("layers.#.mlp.gate_proj", "mlp.gate"),
    ARCH_NAME("layers.#.mlp.up_proj", "mlp.up"),
    ARCH_NAME("layers.#.mlp.down_proj", "mlp.down"),
    ARCH_NAME("norm", "norm.final"),
    ARCH_NAME("lm_head", "head"),
    ARCH_NAME("token_embd", "embed"),
    ARCH_NAME("blk.#.attn_norm", "norm.attn"),
    ARCH_NAME("blk.#.attn_q", "attn.q"),
    ARCH_NAME("blk.#.attn_k", "attn.k"),
    ARCH_NAME("blk.#.attn_v", "attn.v"),
    ARCH_NAME("blk.#.attn_output", "attn.o"),
    ARCH_NAME("blk.#.ffn_norm", "norm.mlp"),
    ARCH_NAME("blk.#.ffn_gate", "mlp.gate"),
    ARCH_NAME("blk.#.ffn_up", "mlp.up"),
    ARCH_NAME("blk.#.ffn_down", "mlp.down"),
    ARCH_NAME("output_norm", "norm.final"),
    ARCH_NAME("output", "head"),
    {0}};

/* Biases of all linears of attention, or of the MLP: shrinking may add them. They run wherever they are found (block.h). */
static const struct arch_key keys[] = {ARCH_LLAMA_KEYS, {"attention_bias", "attention_bias", 0}, {"mlp_bias", "mlp_bias", 0}, {0}};

static int from_config(const struct json *c, struct attrs *m, struct err *e)
{
    /* Llama's own context length when the file does not say (LlamaConfig). */
    if (config_transformer(c, m, 2048, e) < 0 || config_rope(c, m, e) < 0)
        return -1;
    for (int i = 0; keys[i].ours; i++)
        if (strstr(keys[i].ours, "_bias") && json_bool(c, keys[i].theirs, 0))
            attrs_set_bool(m, keys[i].ours, 1);
    if (json_int(c, "sliding_window", 0) > 0)
        attrs_set_str(m, "unsupported", "sliding window attention");
    return 0;
}

const struct arch arch_llama = {.name = "llama", .types = types, .prefixes = arch_llama_prefixes, .names = arch_llama_names,
                                .from_config = from_config, .block = &block_llama, .keys = keys,
                                .buffers = ARCH_LLAMA_BUFFERS};

/*
 * arch_gpt2: GPT-2 (Radford et al. 2019): LayerNorm, learned positions, q k v in one matrix, GELU by tanh, the embedding as head.
 * Names: Hugging Face's modeling_gpt2, whose Conv1D holds weights as [inputs][outputs], and GGUF's of llama.cpp, which does not.
 */
#include <string.h>

#include "arch/arch_config.h"

static const char *const types[] = {"gpt2", NULL};
static const char *const prefixes[] = {"transformer.", NULL};
static const struct arch_name names[] = {
    ARCH_NAME("wte", "embed"),
    ARCH_NAME("wpe", "pos"),
    ARCH_NAME("h.#.ln_1", "norm.attn"),
    ARCH_NAME_TURNED("h.#.attn.c_attn", "attn.qkv"),
    ARCH_NAME_TURNED("h.#.attn.c_proj", "attn.o"),
    ARCH_NAME("h.#.ln_2", "norm.mlp"),
    ARCH_NAME_TURNED("h.#.mlp.c_fc", "mlp.up"),
    ARCH_NAME_TURNED("h.#.mlp.c_proj", "mlp.down"),
    ARCH_NAME("ln_f", "norm.final"),
    ARCH_NAME("lm_head", "head"),
    ARCH_NAME("token_embd", "embed"),
    ARCH_NAME("position_embd", "pos"),
    ARCH_NAME("blk.#.attn_norm", "norm.attn"),
    ARCH_NAME("blk.#.attn_qkv", "attn.qkv"),
    ARCH_NAME("blk.#.attn_output", "attn.o"),
    ARCH_NAME("blk.#.ffn_norm", "norm.mlp"),
    ARCH_NAME("blk.#.ffn_up", "mlp.up"),
    ARCH_NAME("blk.#.ffn_down", "mlp.down"),
    ARCH_NAME("output_norm", "norm.final"),
    ARCH_NAME("output", "head"),
    {0}};

static const struct arch_key keys[] = {
    {"hidden", "n_embd", 1},
    {"layers", "n_layer", 1},
    {"heads", "n_head", 1},
    {"intermediate", "n_inner", 1},
    {"vocab", "vocab_size", 1},
    {"context", "n_positions", 1},
    {"norm_eps", "layer_norm_epsilon", 0},
    {"tied", "tie_word_embeddings", 0},
    {0}};

/* What GPT2Config can ask for that block_gpt2 does not compute. */
static const char *beyond(const struct json *c)
{
    const char *act = json_str(c, "activation_function", "gelu_new");

    if (strcmp(act, "gelu_new") != 0 && strcmp(act, "gelu_pytorch_tanh") != 0 && strcmp(act, "gelu_fast") != 0)
        return "an activation other than GELU by tanh (activation_function)";
    if (json_bool(c, "scale_attn_by_inverse_layer_idx", 0) || !json_bool(c, "scale_attn_weights", 1))
        return "attention scores scaled in another way than by the root of head_dim";
    return json_bool(c, "add_cross_attention", 0) ? "cross attention" : NULL;
}

/* Defaults are those of transformers' GPT2Config. */
static int from_config(const struct json *c, struct attrs *m, struct err *e)
{
    static const char *const needed[] = {"n_embd", "n_layer", "n_head", "vocab_size", NULL};

    for (int i = 0; needed[i]; i++)
        if (json_int(c, needed[i], -1) < 1)
            return err_set(e, "config.json: %s is %s; a whole number above 0 is needed", needed[i],
                           json_get(c, needed[i]) ? "no such number" : "missing");
    config_sizes(c, m, keys);
    config_ids(c, m);
    config_default(m, "kv_heads", attrs_int(m, "heads", 0));
    config_default(m, "head_dim", attrs_int(m, "hidden", 0) / attrs_int(m, "heads", 1));
    config_default(m, "intermediate", 4 * attrs_int(m, "hidden", 0));
    config_default(m, "context", json_int(c, "n_ctx", 1024));
    attrs_set_f64(m, "norm_eps", json_num(c, "layer_norm_epsilon", 1e-5));
    attrs_set_bool(m, "tied", json_bool(c, "tie_word_embeddings", 1));
    if (beyond(c))
        attrs_set_str(m, "unsupported", beyond(c));
    return 0;
}

const struct arch arch_gpt2 = {.name = "gpt2", .types = types, .prefixes = prefixes, .names = names, .from_config = from_config,
                               .block = &block_gpt2, .keys = keys, .buffers = "*.attn.bias,*.attn.masked_bias",
                               .learned_positions = 1, .layernorm = 1};

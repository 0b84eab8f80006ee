/* make_hf: config.json; the tokenizer's files are in make_hf_tok.c. */
#include "ckpt/make_hf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
    const char *ours, *theirs;
};

static const struct name llama_ints[] = {{"bos", "bos_token_id"},
                                         {"eos", "eos_token_id"},
                                         {"pad", "pad_token_id"},
                                         {"head_dim", "head_dim"},
                                         {"hidden", "hidden_size"},
                                         {"intermediate", "intermediate_size"},
                                         {"context", "max_position_embeddings"},
                                         {"heads", "num_attention_heads"},
                                         {"layers", "num_hidden_layers"},
                                         {"kv_heads", "num_key_value_heads"},
                                         {0}};
static const struct name gpt2_ints[] = {{"bos", "bos_token_id"}, {"eos", "eos_token_id"}, {"context", "n_ctx"},
                                        {"hidden", "n_embd"},    {"heads", "n_head"},     {"intermediate", "n_inner"},
                                        {"layers", "n_layer"},   {"context", "n_positions"}, {0}};

static void put_ints(struct buf *b, const struct attrs *m, const struct name *n)
{
    for (; n->ours; n++)
        if (attrs_find(m, n->ours))
            buf_printf(b, "  \"%s\": %lld,\n", n->theirs, (long long)attrs_int(m, n->ours, 0));
}

/* A number that is a float in the config: "10000.0", "1e-05". */
static void put_float(struct buf *b, const char *name, double v)
{
    char text[40];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    if (strchr(text, 'e') && v >= 1 && v < 1e15) /* 1e+04 */
        snprintf(text, sizeof text, "%.0f", v);
    buf_printf(b, "  \"%s\": %s%s,\n", name, text, strpbrk(text, ".en") ? "" : ".0");
}

static void put_scaling(struct buf *b, const struct attrs *m)
{
    const char *type = attrs_str(m, "rope_scaling", NULL);

    if (!type) {
        buf_puts(b, "  \"rope_scaling\": null,\n");
        return;
    }
    buf_printf(b, "  \"rope_scaling\": {\n    \"factor\": %.9g,\n", attrs_f64(m, "rope_factor", 1));
    if (strcmp(type, "llama3") == 0)
        buf_printf(b, "    \"high_freq_factor\": %.9g,\n    \"low_freq_factor\": %.9g,\n    \"original_max_position_embeddings\": %lld,\n",
                   attrs_f64(m, "rope_high_freq", 4), attrs_f64(m, "rope_low_freq", 1),
                   (long long)attrs_int(m, "rope_original_context", 8192));
    buf_printf(b, "    \"rope_type\": \"%s\"\n  },\n", type);
}

static void put_begin(struct buf *b, const char *class, const char *type)
{
    const char *torch = !type ? NULL : strcmp(type, "F32") == 0 ? "float32" : strcmp(type, "F16") == 0 ? "float16" :
                        strcmp(type, "BF16") == 0 ? "bfloat16" : NULL;

    buf_printf(b, "{\n  \"architectures\": [\n    \"%s\"\n  ],\n", class);
    if (torch)
        buf_printf(b, "  \"torch_dtype\": \"%s\",\n", torch);
}

static void put_end(struct buf *b, const struct attrs *m)
{
    buf_printf(b, "  \"tie_word_embeddings\": %s,\n", attrs_int(m, "tied", 0) ? "true" : "false");
    buf_printf(b, "  \"vocab_size\": %lld\n}\n", (long long)attrs_int(m, "vocab", 0));
}

static void put_llama(struct buf *b, const struct attrs *m, const char *arch, const char *type)
{
    int llama = strcmp(arch, "llama") == 0;

    put_begin(b, llama ? "LlamaForCausalLM" : "Qwen2ForCausalLM", type);
    put_ints(b, m, llama_ints);
    buf_printf(b, "  \"hidden_act\": \"silu\",\n  \"model_type\": \"%s\",\n", arch);
    if (llama && attrs_find(m, "attention_bias"))
        buf_printf(b, "  \"attention_bias\": %s,\n", attrs_int(m, "attention_bias", 0) ? "true" : "false");
    if (llama && attrs_find(m, "mlp_bias"))
        buf_printf(b, "  \"mlp_bias\": %s,\n", attrs_int(m, "mlp_bias", 0) ? "true" : "false");
    put_float(b, "rms_norm_eps", attrs_f64(m, "norm_eps", 1e-6));
    put_scaling(b, m);
    put_float(b, "rope_theta", attrs_f64(m, "rope_theta", 10000));
    put_end(b, m);
}

static void put_gpt2(struct buf *b, const struct attrs *m, const char *type)
{
    put_begin(b, "GPT2LMHeadModel", type);
    put_ints(b, m, gpt2_ints);
    buf_puts(b, "  \"activation_function\": \"gelu_new\",\n  \"model_type\": \"gpt2\",\n");
    put_float(b, "layer_norm_epsilon", attrs_f64(m, "norm_eps", 1e-5));
    put_end(b, m);
}

int make_hf_config(const struct attrs *model, const char *type, struct buf *out)
{
    const char *arch = attrs_str(model, "arch", "");

    if (!attrs_find(model, "heads"))
        return -1;
    if (strcmp(arch, "llama") == 0 || strcmp(arch, "qwen2") == 0)
        put_llama(out, model, arch, type);
    else if (strcmp(arch, "gpt2") == 0)
        put_gpt2(out, model, type);
    else
        return -1;
    return 0;
}

/* arch: roles of names, the order of a forward pass, hyper-parameters. */
#include "tests/unit/check.h"

#include <stdint.h>

#include "arch/arch.h"

static void role_is(const char *arch, const char *name, const char *want, int64_t layer)
{
    const char *role = NULL;
    int64_t l = 99;

    CHECK(arch_role(arch, name, &role, &l) == (want != NULL));
    if (want) {
        CHECK_STR(role, want);
        CHECK(l == layer);
    }
}

static void test_roles(void)
{
    role_is("llama", "model.embed_tokens.weight", "embed", -1);
    role_is("llama", "model.layers.0.self_attn.q_proj.weight", "attn.q", 0);
    role_is("qwen2", "model.layers.31.self_attn.k_proj.bias", "attn.k.bias", 31);
    role_is("llama", "layers.7.mlp.down_proj.weight", "mlp.down", 7);
    role_is("llama", "model.norm.weight", "norm.final", -1);
    role_is("llama", "lm_head.weight", "head", -1);
    role_is("llama", "blk.12.ffn_gate.weight", "mlp.gate", 12);
    role_is("llama", "output.weight", "head", -1);
    role_is(NULL, "model.layers.3.input_layernorm.weight", "norm.attn", 3);
    role_is("", "token_embd.weight", "embed", -1);
    role_is("llama", "model.layers.03.mlp.down_proj.weight", NULL, 0);
    role_is("llama", "model.layers..mlp.down_proj.weight", NULL, 0);
    role_is("llama", "model.layers.1.mlp.down_proj.weight_scale", NULL, 0);
    role_is("llama", "model.layers.1.mlp.down_proj", NULL, 0);
    role_is("llama", "model.layers.1.mlp.down_project.weight", NULL, 0);
    role_is("llama", "model.norm", NULL, 0);
    role_is("rwkv", "model.norm.weight", NULL, 0);
    role_is("gpt2", "transformer.h.3.attn.c_attn.weight", "attn.qkv", 3);
    role_is("gpt2", "h.3.attn.c_attn.bias", "attn.qkv.bias", 3);
    role_is("gpt2", "wpe.weight", "pos", -1);
    role_is("gpt2", "blk.0.attn_qkv.weight", "attn.qkv", 0);
    role_is("gpt2", "h.3.attn.bias", NULL, 0);
    CHECK(arch_buffer("gpt2", "transformer.h.3.attn.bias") && arch_buffer("gpt2", "h.3.attn.masked_bias"));
    CHECK(!arch_buffer("gpt2", "h.3.attn.c_attn.bias") && !arch_buffer("rwkv", "h.3.attn.bias"));
    CHECK(arch_buffer("llama", "model.layers.0.self_attn.rotary_emb.inv_freq") && !arch_buffer("llama", "h.3.attn.bias"));
    CHECK(arch_turned("gpt2", "transformer.h.0.mlp.c_fc.weight") && arch_turned("gpt2", "h.11.attn.c_proj.weight"));
    CHECK(!arch_turned("gpt2", "h.0.mlp.c_fc.bias") && !arch_turned("gpt2", "wte.weight"));
    CHECK(!arch_turned("gpt2", "blk.0.ffn_up.weight") && !arch_turned("", "h.0.mlp.c_fc.weight"));
}

static void test_order(void)
{
    static const struct {
        const char *role;
        int64_t layer;
    } want[] = {{"embed", -1},        {"pos", -1},      {"norm.attn", 0},  {"attn.q", 0},     {"attn.q.bias", 0},
                {"attn.k", 0},        {"attn.v", 0},    {"attn.o", 0},     {"norm.mlp", 0},   {"mlp.gate", 0},
                {"mlp.up", 0},        {"mlp.down", 0},  {"norm.attn", 1},  {"mlp.down", 1},   {"norm.attn", 300},
                {"norm.final", -1},   {"head", -1},     {"head.bias", -1}, {NULL, 0}};

    for (int i = 0; want[i].role; i++)
        CHECK(arch_order(want[i].role, want[i].layer) < arch_order(want[i + 1].role, want[i + 1].layer));
    CHECK(arch_order("attn", 0) == UINT64_MAX);
    CHECK(arch_order("rotary", 2) == UINT64_MAX);
}

static void read_config(const char *text, struct attrs *m)
{
    struct err e;
    struct json *j = json_parse(text, strlen(text), 64, &e);

    CHECK(j != NULL);
    CHECK(arch_from_config(j, m, &e) == 0);
    json_free(j);
}

#define SIZES "\"hidden_size\": 64, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"intermediate_size\": 96, \"vocab_size\": 100"

static void test_config(void)
{
    struct attrs m = {0};
    struct arch_params p;
    struct err e;

    read_config("{\"model_type\": \"llama\", " SIZES ", \"eos_token_id\": [7, 9], \"bos_token_id\": null, \"head_dim\": null,"
                "\"tie_word_embeddings\": true, \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1,"
                "\"high_freq_factor\": 4, \"original_max_position_embeddings\": 8192}, \"rope_theta\": 500000.0}", &m);
    CHECK(arch_params(&m, &p, &e) == 0);
    CHECK_STR(p.arch, "llama");
    CHECK(p.head_dim == 16 && p.kv_heads == 4 && p.context == 2048 && p.tied && p.eos == 7 && p.bos == -1);
    CHECK_STR(p.rope_scaling, "llama3");
    CHECK(p.rope_factor == 8 && p.rope_original_context == 8192 && p.rope_theta == 500000 && p.norm_eps == 1e-6);
    attrs_set_int(&m, "kv_heads", 3);
    CHECK(arch_params(&m, &p, &e) < 0);
    CHECK_STR(e.msg, "4 heads cannot share 3 heads of keys and values");
    attrs_drop(&m, "hidden");
    CHECK(arch_params(&m, &p, &e) < 0);
    CHECK_STR(e.msg, "the stream's head has no model key 'hidden'; give tsplit the folder with config.json");
    attrs_free(&m);
}

static void test_refused(void)
{
    struct attrs m = {0}, other = {0}, window = {0};
    struct arch_params p;
    struct err e;

    CHECK(arch_params(&m, &p, &e) < 0);
    CHECK_STR(e.msg, "the stream's head does not say what model this is (key arch); give tsplit the folder with config.json");
    read_config("{\"model_type\": \"rwkv\", \"hidden_size\": 5}", &other);
    CHECK(attrs_int(&other, "hidden", 0) == 5);
    CHECK(arch_params(&other, &p, &e) < 0);
    CHECK_STR(e.msg, "architecture 'rwkv' is not one that can be run here");
    read_config("{\"model_type\": \"mistral\", " SIZES ", \"sliding_window\": 4096}", &window);
    CHECK(arch_params(&window, &p, &e) < 0);
    CHECK_STR(e.msg, "a model of architecture 'llama' with sliding window attention is not one that can be run here");
    attrs_free(&other);
    attrs_free(&window);
}

int main(void)
{
    test_roles();
    test_order();
    test_config();
    test_refused();
    return DONE();
}

/* arch: roles of names, the order of a forward pass, numbers of config.json, parts of stored tensors, a page of one's
 * own. */
#include "tests/unit/check.h"

#include <stdint.h>
#include <stdlib.h>

#include "arch/config.h"
#include "arch/place.h"

static void role_is(const char *arch, const char *name, const char *want, int64_t layer, int64_t expert)
{
    const char *role = NULL;
    int64_t l = 99, x = 99;

    CHECK(arch_role(arch, name, &role, &l, &x) == (want != NULL));
    if (want) {
        CHECK_STR(role, want);
        CHECK(l == layer && x == expert);
    }
}

static void test_roles(void)
{
    role_is("llama", "model.embed_tokens.weight", "embed", -1, -1);
    role_is("llama", "model.layers.0.self_attn.q_proj.weight", "attn.q", 0, -1);
    role_is("qwen2", "model.layers.31.self_attn.k_proj.bias", "attn.k.bias", 31, -1);
    role_is("llama", "layers.7.mlp.down_proj.weight", "mlp.down", 7, -1);
    role_is("llama", "model.norm.weight", "norm.final", -1, -1);
    role_is("llama", "lm_head.weight", "head", -1, -1);
    role_is("llama", "blk.12.ffn_gate.weight", "mlp.gate", 12, -1);
    role_is("llama", "output.weight", "head", -1, -1);
    role_is(NULL, "model.layers.3.input_layernorm.weight", "norm.attn", 3, -1);
    role_is("", "token_embd.weight", "embed", -1, -1);
    role_is("llama", "model.layers.03.mlp.down_proj.weight", NULL, 0, -1);
    role_is("llama", "model.layers..mlp.down_proj.weight", NULL, 0, -1);
    role_is("llama", "model.layers.1.mlp.down_proj.weight_scale", NULL, 0, -1);
    role_is("llama", "model.layers.1.mlp.down_proj", NULL, 0, -1);
    role_is("llama", "model.layers.1.mlp.down_project.weight", NULL, 0, -1);
    role_is("llama", "model.norm", NULL, 0, -1);
    role_is("rwkv", "model.norm.weight", NULL, 0, -1);
    role_is("gpt2", "wpe.weight", "pos", -1, -1);
    role_is("gpt2", "transformer.h.3.attn.c_attn.weight", NULL, 0, -1); /* three weights */
    role_is("gpt2", "transformer.h.3.attn.c_attn.weight:attn.k", "attn.k", 3, -1);
    role_is("gpt2", "h.3.attn.c_attn.bias:attn.v.bias", "attn.v.bias", 3, -1);
    role_is("gpt2", "h.3.attn.bias", NULL, 0, -1);
    role_is("qwen3_moe", "model.layers.2.mlp.experts.17.up_proj.weight", "moe.up", 2, 17);
    role_is("qwen3_moe", "blk.2.ffn_up_exps.weight:moe.up@17", "moe.up", 2, 17);
    role_is("qwen3_moe", "model.layers.1.mlp.gate.weight", "moe.router", 1, -1);
    role_is("gemma3", "model.layers.1.post_attention_layernorm.weight", "norm.attn_post", 1, -1);
    role_is("llama", "model.layers.1.post_attention_layernorm.weight", "norm.mlp", 1, -1);
    CHECK(arch_buffer(arch_find("gpt2"), "transformer.h.3.attn.bias") &&
          arch_buffer(arch_find("gpt2"), "h.3.attn.masked_bias"));
    CHECK(!arch_buffer(arch_find("gpt2"), "h.3.attn.c_attn.bias"));
    CHECK(arch_buffer(arch_find("llama"), "model.layers.0.self_attn.rotary_emb.inv_freq"));
}

static void test_order(void)
{
    static const struct {
        const char *role;
        int64_t layer, expert;
    } want[] = {{"embed", -1, -1},     {"norm.attn", 0, -1},   {"attn.q", 0, -1},      {"attn.q.bias", 0, -1},
                {"attn.k", 0, -1},     {"attn.v", 0, -1},      {"attn.o", 0, -1},      {"norm.mlp", 0, -1},
                {"moe.router", 0, -1}, {"moe.gate", 0, 0},     {"moe.up", 0, 0},       {"moe.down", 0, 0},
                {"moe.gate", 0, 1},    {"moe.down", 0, 100},   {"norm.attn", 1, -1},   {"mlp.gate", 1, -1},
                {"mlp.down", 1, -1},   {"norm.attn", 300, -1}, {"norm.final", -1, -1}, {"head", -1, -1},
                {"head.bias", -1, -1}, {NULL, 0, -1}};
    const struct arch *a = arch_find("qwen3_moe");

    for (int i = 0; want[i].role; i++)
        CHECK(arch_order(a, want[i].role, want[i].layer, want[i].expert) <
              arch_order(a, want[i + 1].role, want[i + 1].layer, want[i + 1].expert));
    CHECK(arch_order(a, "attn", 0, -1) == UINT64_MAX);
    CHECK(arch_order(NULL, "attn.q", 2, -1) == UINT64_MAX);
}

static int read_config(const char *text, struct attrs *m, struct err *e)
{
    struct json *j = json_parse(text, strlen(text), 64, e);
    int rc;

    CHECK(j != NULL);
    rc = config_read(j, m, e);
    json_free(j);
    return rc;
}

#define SIZES                                                                                                          \
    "\"hidden_size\": 64, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"intermediate_size\": 96, "           \
    "\"vocab_size\": 100"

static void test_config(void)
{
    struct attrs m = {0};
    struct model b;
    struct err e;

    CHECK(read_config("{\"model_type\": \"llama\", " SIZES
                      ", \"eos_token_id\": [7, 9], \"bos_token_id\": null, \"head_dim\": null,"
                      "\"tie_word_embeddings\": true, \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, "
                      "\"low_freq_factor\": 1,"
                      "\"high_freq_factor\": 4, \"original_max_position_embeddings\": 8192}, \"rope_theta\": 500000.0}",
                      &m, &e) == 0);
    CHECK(model_open(&b, &m, &e) == 0);
    CHECK_STR(b.arch->name, "llama");
    CHECK(model_int(&b, "head_dim", 0) == 16 && model_int(&b, "kv_heads", 0) == 4 &&
          model_int(&b, "context", 0) == 2048);
    CHECK(model_int(&b, "tied", 0) == 1 && attrs_int(&m, "eos", -1) == 7 && attrs_int(&m, "bos", -1) == -1);
    CHECK_STR(attrs_str(&m, "rope_scaling", ""), "llama3");
    CHECK(attrs_f64(&m, "rope_factor", 0) == 8 && attrs_int(&m, "rope_original_context", 0) == 8192);
    CHECK(model_number(&b, "rope_theta", -1, 0) == 500000 && model_number(&b, "norm_eps", -1, 0) == 1e-6);
    model_close(&b);
    attrs_set_int(&m, "kv_heads", 3);
    CHECK(model_open(&b, &m, &e) < 0);
    CHECK_STR(e.msg, "4 heads cannot share 3 heads of keys and values");
    attrs_drop(&m, "hidden");
    CHECK(model_open(&b, &m, &e) < 0);
    CHECK(strstr(e.msg, "the stream's head has no model key 'hidden'; give tsplit the folder with config.json") !=
          NULL);
    attrs_free(&m);
}

static void test_refused(void)
{
    struct attrs m = {0}, other = {0}, less = {0};
    struct model b;
    struct err e;

    CHECK(model_open(&b, &m, &e) < 0);
    CHECK_STR(e.msg,
              "the stream's head does not say what model this is (key arch); give tsplit the folder with config.json");
    CHECK(read_config("{\"model_type\": \"rwkv\", \"hidden_size\": 5}", &other, &e) == 0);
    CHECK(attrs_int(&other, "hidden", 0) == 5);
    CHECK(model_open(&b, &other, &e) < 0);
    CHECK(strstr(e.msg, "architecture 'rwkv' has no page here; there are mixtral, llama,") == e.msg);
    CHECK(read_config("{\"model_type\": \"llama\", \"hidden_size\": 5}", &less, &e) < 0);
    CHECK_STR(e.msg, "config.json: num_hidden_layers is missing");
    attrs_free(&other);
    attrs_free(&less);
}

/* Falcon's fused q, k, v by heads of keys: head 0's q, q, k, v, then head 1's. */
static void test_parts(void)
{
    struct attrs m = {0};
    struct model b;
    struct arch_place at;
    struct arch_part *p;
    struct err e;
    struct shape s = {2, {2 * (2 + 1 + 1) * 4, 16}};
    int n;

    CHECK(read_config("{\"model_type\": \"falcon\", \"hidden_size\": 16, \"num_hidden_layers\": 1, "
                      "\"num_attention_heads\": 4, \"num_kv_heads\": 2,"
                      "\"new_decoder_architecture\": true, \"vocab_size\": 8}",
                      &m, &e) == 0);
    CHECK(model_open(&b, &m, &e) == 0);
    CHECK(arch_place(b.arch, &b, "transformer.h.0.self_attention.query_key_value.weight", &at) == 1);
    CHECK(arch_parts(&b, &at, &s, &p, &n, &e) == 0 && n == 3);
    CHECK_STR(p[0].role, "attn.q");
    CHECK(p[0].shape.dim[0] == 16 && p[1].shape.dim[0] == 8 && p[2].shape.dim[0] == 8);
    CHECK(view_row(&p[0].view, 0) == 0 && view_row(&p[0].view, 7) == 7 * 16 && view_row(&p[0].view, 8) == 16 * 16);
    CHECK(view_row(&p[1].view, 0) == 8 * 16 && view_row(&p[1].view, 4) == 24 * 16 &&
          view_row(&p[2].view, 0) == 12 * 16);
    free(p);
    s.dim[0]++;
    CHECK(arch_parts(&b, &at, &s, &p, &n, &e) < 0);
    CHECK_STR(e.msg, "it is [33, 16], the configuration says [32, 16]");
    model_close(&b);
    attrs_free(&m);
}

static void page_fails(const char *text, const char *says)
{
    struct err e = {""};
    struct arch *a = arch_read(text, strlen(text), "own.arch", &e);

    CHECK(a == NULL);
    CHECK_STR(e.msg, says);
    arch_free(a);
}

static void test_pages(void)
{
    page_fails("arch x\nnumber\n  hidden hidden_size - = 3 +\n",
               "own.arch:3: hidden: '3 +': something is missing at character 4");
    page_fails("arch x\nweight\n  embed [vocab, hidden\n",
               "own.arch:3: embed: '[vocab, hidden' stands where [AXES] must stand");
    page_fails("like nothing\n", "own.arch:1: like nothing: there is no such page");
    page_fails("hf x X\n", "own.arch:1: the line 'arch NAME' is missing");
    page_fails("arch x\nwhat is this\n", "own.arch:2: 'what' begins no line of a page");
    page_fails("arch x\n  indented\n", "own.arch:2: an indented line under no section");
    page_fails("arch x\nweight\n  a [v]\n", "own.arch:1: a: there is no number 'v'");
    page_fails("arch x\nnumber\n  v v -\nweight\n  a [v]\nstore\n  n - [a + b, c]\n",
               "own.arch:1: n: there is no number 'b'");
}

int main(void)
{
    test_roles();
    test_order();
    test_config();
    test_refused();
    test_parts();
    test_pages();
    return DONE();
}

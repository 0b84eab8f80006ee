#include "ckpt/from_gguf.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/make_hf.h"

static const struct {
    const char *theirs, *ours;
    int must;
} sizes[] = {{"embedding_length", "hidden", 1},        {"block_count", "layers", 1},
             {"attention.head_count", "heads", 1},     {"attention.head_count_kv", "kv_heads", 0},
             {"attention.key_length", "head_dim", 0},  {"feed_forward_length", "intermediate", 1},
             {"vocab_size", "vocab", 0},               {"context_length", "context", 1}};

static const char *key(const char *arch, const char *name, char out[160])
{
    snprintf(out, 160, "%s.%s", arch, name);
    return out;
}

/* A float as the shortest decimal that gives the same float: 1e-05, not 9.99999975e-06. */
static double plain(double v)
{
    char text[32];

    for (int digits = 1; digits < 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if ((float)strtod(text, NULL) == (float)v)
            return strtod(text, NULL);
    }
    return v;
}

static int read_sizes(const struct gguf_in *g, const char *arch, struct attrs *m, struct err *e)
{
    const struct gguf_value *tokens = gguf_find(g, "tokenizer.ggml.tokens");
    char k[160];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct gguf_value *v = gguf_find(g, key(arch, sizes[i].theirs, k));
        int64_t n = gguf_int(g, k, -1);

        if (v && v->kind == GGUF_ARRAY)
            return err_set(e, "%s differs from layer to layer, which is not read here", k);
        if (n >= 0)
            attrs_set_int(m, sizes[i].ours, n);
        else if (sizes[i].must)
            return err_set(e, "%s is %s", k, v ? "no natural number" : "missing");
    }
    if (!attrs_find(m, "vocab") && tokens)
        attrs_set_int(m, "vocab", (int64_t)tokens->n);
    if (!attrs_find(m, "kv_heads"))
        attrs_set_int(m, "kv_heads", attrs_int(m, "heads", 1));
    if (!attrs_find(m, "head_dim") && attrs_int(m, "heads", 0) > 0)
        attrs_set_int(m, "head_dim", attrs_int(m, "hidden", 0) / attrs_int(m, "heads", 1));
    return 0;
}

static void read_ids(const struct gguf_in *g, struct attrs *m)
{
    static const char *const ids[][2] = {{"tokenizer.ggml.bos_token_id", "bos"},
                                         {"tokenizer.ggml.eos_token_id", "eos"},
                                         {"tokenizer.ggml.unknown_token_id", "unk"},
                                         {"tokenizer.ggml.padding_token_id", "pad"}};

    for (int i = 0; i < 4; i++)
        if (gguf_int(g, ids[i][0], -1) >= 0)
            attrs_set_int(m, ids[i][1], gguf_int(g, ids[i][0], -1));
}

static void read_rope(const struct gguf_in *g, const char *arch, struct attrs *m)
{
    size_t n = 0;
    char k[160];
    const char *type = gguf_text(g, key(arch, "rope.scaling.type", k), &n);

    attrs_set_f64(m, "rope_theta", plain(gguf_num(g, key(arch, "rope.freq_base", k), 10000)));
    attrs_set_str(m, "rope", strcmp(arch, "llama") == 0 ? "interleaved" : "half");
    if (n == 6 && memcmp(type, "linear", 6) == 0) {
        attrs_set_str(m, "rope_scaling", "linear");
        attrs_set_f64(m, "rope_factor", plain(gguf_num(g, key(arch, "rope.scaling.factor", k), 1)));
    } else if (type && !(n == 4 && memcmp(type, "none", 4) == 0)) {
        attrs_set_str(m, "unsupported", "this scaling of rotary positions (rope.scaling.type)");
    }
    if (gguf_int(g, key(arch, "rope.dimension_count", k), attrs_int(m, "head_dim", 0)) != attrs_int(m, "head_dim", 0))
        attrs_set_str(m, "unsupported", "partial rotary positions");
    if (gguf_int(g, key(arch, "attention.sliding_window", k), 0) > 0)
        attrs_set_str(m, "unsupported", "sliding window attention");
    if (gguf_int(g, key(arch, "expert_count", k), 0) > 0)
        attrs_set_str(m, "unsupported", "experts");
}

int from_gguf_model(const struct gguf_in *g, int tied, struct attrs *m, struct err *e)
{
    size_t n;
    const char *text = gguf_text(g, "general.architecture", &n);
    char arch[64], k[160];

    if (!text)
        return err_set(e, "general.architecture is missing");
    snprintf(arch, sizeof arch, "%.*s", n < 64 ? (int)n : 63, text);
    attrs_set_str(m, "arch", arch);
    if (strcmp(arch, "llama") != 0 && strcmp(arch, "qwen2") != 0 && strcmp(arch, "gpt2") != 0)
        return 0;
    if (read_sizes(g, arch, m, e) < 0)
        return -1;
    attrs_set_bool(m, "tied", tied);
    read_ids(g, m);
    if (strcmp(arch, "gpt2") == 0) {
        attrs_set_f64(m, "norm_eps", plain(gguf_num(g, key(arch, "attention.layer_norm_epsilon", k), 1e-5)));
        return 0;
    }
    attrs_set_f64(m, "norm_eps", plain(gguf_num(g, key(arch, "attention.layer_norm_rms_epsilon", k), 1e-6)));
    read_rope(g, arch, m);
    return 0;
}

int from_gguf_scaling(const float *freqs, uint64_t n, struct attrs *m, struct err *e)
{
    double theta = attrs_f64(m, "rope_theta", 10000), factor = 1;

    for (uint64_t i = 0; i < n; i++)
        factor = (double)freqs[i] > factor ? (double)freqs[i] : factor;
    for (uint64_t i = 0; i < n; i++) {
        double turns = 8192 / (2 * M_PI * pow(theta, (double)i / (double)n)), t = (turns - 1) / 3;
        double want;

        t = t < 0 ? 0 : t > 1 ? 1 : t;
        want = 1 / ((1 - t) / factor + t);
        if (!(fabs(want - (double)freqs[i]) <= 1e-4 * want))
            return err_set(e, "rope_freqs.weight: divisor %llu is %g, Llama 3's rule with factor %g gives %g",
                           (unsigned long long)i, (double)freqs[i], factor, want);
    }
    attrs_set_str(m, "rope_scaling", "llama3");
    attrs_set_f64(m, "rope_factor", plain(factor));
    attrs_set_f64(m, "rope_low_freq", 1);
    attrs_set_f64(m, "rope_high_freq", 4);
    attrs_set_int(m, "rope_original_context", 8192);
    return 0;
}

static const struct file_tensor *find_tensor(const struct source *s, const char *name)
{
    for (size_t i = 0; i < s->tensors; i++)
        if (strcmp(s->tensor[i].name, name) == 0)
            return &s->tensor[i];
    return NULL;
}

static int read_scaling(const struct source *s, struct attrs *m, struct err *e)
{
    const struct file_tensor *t = find_tensor(s, "rope_freqs.weight");
    struct err why;
    float *f;
    int rc;

    if (!t || !attrs_find(m, "heads"))
        return 0;
    if (t->dtype != DT_F32 || t->blocks || t->shape.rank != 1 || t->bytes > 1 << 20)
        return err_set(e, "rope_freqs.weight is no vector of f32");
    f = mem_new(t->bytes + 1, 1);
    rc = source_read(s, t, 0, f, (size_t)t->bytes, e);
    if (rc == 0 && from_gguf_scaling(f, t->shape.dim[0], m, &why) < 0)
        attrs_set_str(m, "unsupported", "divisors of rotary angles (rope_freqs.weight) that no rule here gives");
    free(f);
    return rc;
}

static void add_blob(struct source *s, const char *name, const struct buf *text)
{
    if (text->len)
        buf_add(&source_add_blob(s, name)->data, text->data, text->len);
}

/* The type that holds most elements, for config.json: safetensors' name, or NULL when that is blocks. */
static const char *main_type(const struct source *s)
{
    uint64_t count[DT_COUNT] = {0}, blocks = 0;
    int best = 0;

    for (size_t i = 0; i < s->tensors; i++)
        *(s->tensor[i].blocks ? &blocks : &count[s->tensor[i].dtype]) += s->tensor[i].bytes; /* of one type bytes do as well */
    for (int t = 0; t < DT_COUNT; t++)
        best = count[t] > count[best] ? t : best;
    return blocks > count[best] ? NULL : dtype_info((enum dtype)best)->name;
}

static void add_tokenizer(struct source *s, const struct gguf_in *g, struct err *note)
{
    struct buf b = {0};
    size_t n = 0;
    const char *template = gguf_text(g, "tokenizer.chat_template", &n);
    struct tok *t = from_gguf_tokenizer(g, note);

    if (!t)
        return;
    make_hf_tokenizer(t, &b);
    add_blob(s, "tokenizer.json", &b);
    b.len = 0;
    make_hf_sentencepiece(t, &b);
    add_blob(s, "tokenizer.model", &b);
    b.len = 0;
    make_hf_tokenizer_config(t, template, n, &b);
    add_blob(s, "tokenizer_config.json", &b);
    buf_free(&b);
    tok_close(t);
}

static int add_files(struct source *s, const struct gguf_in *g, struct attrs *m, struct err *note, struct err *e)
{
    struct buf config = {0};

    if (from_gguf_model(g, !find_tensor(s, "output.weight"), m, e) < 0 || read_scaling(s, m, e) < 0)
        return -1;
    if (strcmp(attrs_str(m, "arch", ""), "llama") == 0) { /* a key tells transformers of them, tensors tell llama.cpp */
        if (find_tensor(s, "blk.0.attn_q.bias") || find_tensor(s, "blk.0.attn_output.bias"))
            attrs_set_bool(m, "attention_bias", 1);
        if (find_tensor(s, "blk.0.ffn_up.bias") || find_tensor(s, "blk.0.ffn_down.bias"))
            attrs_set_bool(m, "mlp_bias", 1);
    }
    if (make_hf_config(m, main_type(s), &config) == 0)
        add_blob(s, "config.json", &config);
    buf_free(&config);
    if (gguf_find(g, "tokenizer.ggml.model"))
        add_tokenizer(s, g, note);
    return 0;
}

int from_gguf_source(struct source *s, struct attrs *model, struct err *note, struct err *e)
{
    struct gguf_in g = {0};
    int rc = 0;

    note->msg[0] = '\0';
    for (int i = 0; i < s->blobs && rc == 0; i++)
        if (strcmp(s->blob[i].name, GGUF_BLOB) == 0 && !s->blob[i].path) {
            const struct buf b = s->blob[i].data;

            rc = gguf_open_memory(&g, b.data, b.len, e) < 0 || add_files(s, &g, model, note, e) < 0 ? -1 : 1;
            break;
        }
    gguf_close(&g);
    return rc;
}

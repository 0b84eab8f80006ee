/*
 * llama2c: llama2.c's model.bin, versions 0 and 1: f32 weights behind a few numbers. Names become Hugging Face's,
 * config.json is made from the numbers; rows of q and k stay as they are, for rotary pairs (2i, 2i+1), which
 * source.interleaved says.
 *
 *   version 0: i32 dim, hidden, layers, heads, kv_heads, vocab (below 0: an own head), context | weights, two tables of
 *   angles, head
 *   version 1: "ak42" (u32 0x616b3432) | i32 1 | the same seven | u8 shared head | zeros to 256 | weights, head
 *
 * Source: llama2.c, export.py (legacy_export, version1_export), run.c.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/io.h"
#include "file/file.h"

#define MAGIC 0x616b3432u
#define SIZE_MAX_HERE ((int32_t)1 << 24)

struct sizes {
    int32_t dim, hidden, layers, heads, kv_heads, vocab, context;
};

/* Reads whichever header is there. -1: impossible sizes, or another version. */
static int read_header(const uint8_t *p, size_t n, struct sizes *c, int *version, int *shared, struct err *e)
{
    uint32_t magic = 0;

    memcpy(&magic, p, n >= 4 ? 4 : 0);
    *version = 0;
    if (magic == MAGIC && n >= 37) {
        int32_t v;

        memcpy(&v, p + 4, 4);
        if (v != 1)
            return err_set(e, "version %d of llama2.c's file; 0 and 1 (f32) are read", v);
        *version = 1;
        memcpy(c, p + 8, sizeof *c);
        *shared = p[36];
    } else if (n >= sizeof *c) {
        memcpy(c, p, sizeof *c);
        *shared = c->vocab > 0;
        if (c->vocab > -SIZE_MAX_HERE && c->vocab < 0)
            c->vocab = -c->vocab;
    } else {
        return err_set(e, "%zu bytes are too few for a header", n);
    }
    for (const int32_t *v = &c->dim; v <= &c->context; v++)
        if (*v < 1 || *v > SIZE_MAX_HERE)
            return err_set(e, "size %d of the header is %d; from 1 to %d is possible", (int)(v - &c->dim) + 1, *v,
                           SIZE_MAX_HERE);
    if (c->dim % c->heads || c->heads % c->kv_heads || c->dim / c->heads % 2)
        return err_set(e, "%d dimensions do not make %d heads of an even size, %d of them for keys", c->dim, c->heads,
                       c->kv_heads);
    return 0;
}

/* A file called *.bin whose header is possible; or a tokenizer for one. */
static int probe(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    const char *slash = strrchr(path, '/');
    struct sizes c;
    struct err e;
    int version, shared;

    if (is_folder || !glob_match("*.bin", path))
        return 0;
    return glob_match("tok*.bin", slash ? slash + 1 : path) || (n >= 4 && memcmp(first, "24ka", 4) == 0) ||
           read_header(first, n, &c, &version, &shared, &e) == 0;
}

/* ---- weights, in the order of the file ---- */

struct layout {
    struct source *s;
    int part;
    uint64_t at; /* of the next tensor; the file's size when it would overflow */
    uint64_t end;
};

static void place(struct layout *l, const char *name, int layer, uint64_t rows, uint64_t cols)
{
    struct file_tensor *t = source_add_tensor(l->s);

    t->name = layer < 0 ? mem_strdup(name) : mem_printf("model.layers.%d.%s.weight", layer, name);
    t->dtype = DT_F32;
    t->shape = rows ? (struct shape){2, {rows, cols}} : (struct shape){1, {cols}};
    t->part = l->part;
    t->offset = l->at;
    t->bytes = (rows ? rows : 1) * cols * 4; /* sizes are at most 2^24: below 2^51 */
    l->at += t->bytes;
}

/* The same tensor of every layer. -1: beyond the file; so that no list of claimed layers is made. */
static int place_layers(struct layout *l, const char *name, int32_t layers, uint64_t rows, uint64_t cols, struct err *e)
{
    for (int32_t i = 0; i < layers; i++) {
        place(l, name, i, rows, cols);
        if (l->at > l->end)
            return err_set(e, "model.layers.%d.%s.weight ends at byte %llu, the file at %llu", i, name,
                           (unsigned long long)l->at, (unsigned long long)l->end);
    }
    return 0;
}

static int place_blocks(struct layout *l, const struct sizes *c, int version, struct err *e)
{
    uint64_t d = (uint64_t)c->dim, h = (uint64_t)c->hidden, kv = d / (uint64_t)c->heads * (uint64_t)c->kv_heads;
    const struct {
        const char *name;
        uint64_t rows, cols;
    } kind[] = {{"input_layernorm", 0, d},   {"self_attn.q_proj", d, d}, {"self_attn.k_proj", kv, d},
                {"self_attn.v_proj", kv, d}, {"self_attn.o_proj", d, d}, {"post_attention_layernorm", 0, d},
                {"mlp.gate_proj", h, d},     {"mlp.down_proj", d, h},    {"mlp.up_proj", h, d}};
    static const int order0[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, order1[] = {1, 2, 3, 4, 6, 7, 8};
    const int *order = version ? order1 : order0;

    for (size_t i = 0; i < (version ? 7u : 9u); i++)
        if (place_layers(l, kind[order[i]].name, c->layers, kind[order[i]].rows, kind[order[i]].cols, e) < 0)
            return -1;
    return 0;
}

static int place_all(struct layout *l, const struct sizes *c, int version, int shared, struct err *e)
{
    uint64_t d = (uint64_t)c->dim, vocab = (uint64_t)c->vocab;

    if (version && (place_layers(l, "input_layernorm", c->layers, 0, d, e) < 0 ||
                    place_layers(l, "post_attention_layernorm", c->layers, 0, d, e) < 0))
        return -1;
    if (version)
        place(l, "model.norm.weight", -1, 0, d);
    place(l, "model.embed_tokens.weight", -1, vocab, d);
    if (place_blocks(l, c, version, e) < 0)
        return -1;
    if (!version) {
        place(l, "model.norm.weight", -1, 0, d);
        l->at += (uint64_t)c->context * (d / (uint64_t)c->heads) * 4; /* cosines and sines, which rope_theta gives */
    }
    if (!shared)
        place(l, "lm_head.weight", -1, vocab, d);
    if (l->at != l->end)
        return err_set(e,
                       "the header's sizes (%d wide, %d hidden, %d layers, %d heads, %d for keys, %d tokens, %d long) "
                       "make %llu bytes, the file has %llu",
                       c->dim, c->hidden, c->layers, c->heads, c->kv_heads, c->vocab, c->context,
                       (unsigned long long)l->at, (unsigned long long)l->end);
    return 0;
}

/* ---- the files of a folder ---- */

static void add_config(struct source *s, const struct sizes *c, int shared)
{
    struct buf *b = &source_add_blob(s, "config.json")->data;

    buf_printf(b,
               "{\n  \"architectures\": [\n    \"LlamaForCausalLM\"\n  ],\n  \"bos_token_id\": 1,\n  \"eos_token_id\": "
               "2,\n  \"hidden_act\": \"silu\",\n"
               "  \"hidden_size\": %d,\n  \"intermediate_size\": %d,\n  \"max_position_embeddings\": %d,\n  "
               "\"model_type\": \"llama\",\n"
               "  \"num_attention_heads\": %d,\n  \"num_hidden_layers\": %d,\n  \"num_key_value_heads\": %d,\n  "
               "\"rms_norm_eps\": 1e-05,\n"
               "  \"rope_theta\": 10000.0,\n  \"tie_word_embeddings\": %s,\n  \"torch_dtype\": \"float32\",\n  "
               "\"vocab_size\": %d\n}\n",
               c->dim, c->hidden, c->context, c->heads, c->layers, c->kv_heads, shared ? "true" : "false", c->vocab);
}

/* tokenizer.bin beside the model, where there is one and none was named before. */
static int add_tokenizer(struct source *s, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    char *name = mem_printf("%.*stokenizer.bin", slash ? (int)(slash + 1 - path) : 0, path);
    struct buf b = {0};
    int rc = 0;

    for (int i = 0; i < s->blobs; i++)
        if (strcmp(s->blob[i].name, LLAMA2C_TOKENIZER) == 0)
            rc = 1;
    if (rc == 0 && access(name, R_OK) == 0 && (rc = io_slurp(name, BLOB_MAX_BYTES, &b, e)) == 0)
        buf_add(&source_add_blob(s, LLAMA2C_TOKENIZER)->data, b.data, b.len);
    buf_free(&b);
    free(name);
    return rc < 0 ? -1 : 0;
}

/* A tokenizer that was named itself takes the place of the one beside the model. */
static int open_tokenizer(struct source *s, const char *path, struct err *e)
{
    struct buf b = {0}, *to = NULL;

    if (io_slurp(path, BLOB_MAX_BYTES, &b, e) < 0)
        return -1;
    for (int i = 0; i < s->blobs; i++)
        if (strcmp(s->blob[i].name, LLAMA2C_TOKENIZER) == 0)
            to = &s->blob[i].data;
    if (!to)
        to = &source_add_blob(s, LLAMA2C_TOKENIZER)->data;
    buf_free(to);
    *to = b;
    return 0;
}

static int open_model(struct source *s, const char *path, struct err *e)
{
    int part = source_add_part(s, path, e), version, shared;
    uint8_t h[64];
    struct sizes c;
    struct layout l;
    size_t n;

    if (part < 0)
        return -1;
    n = s->part[part].bytes < sizeof h ? (size_t)s->part[part].bytes : sizeof h;
    if (io_pread(s->part[part].fd, h, n, 0, e) < 0 || read_header(h, n, &c, &version, &shared, e) < 0)
        return err_in(e, "%s", path);
    l = (struct layout){s, part, version ? 256 : sizeof c, s->part[part].bytes};
    if (place_all(&l, &c, version, shared, e) < 0)
        return err_in(e, "%s", path);
    s->interleaved = 1;
    add_config(s, &c, shared);
    return add_tokenizer(s, path, e);
}

static int open_file(struct source *s, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');

    return glob_match("tok*.bin", slash ? slash + 1 : path) ? open_tokenizer(s, path, e) : open_model(s, path, e);
}

const struct file_format file_llama2c = {"llama2c", "llama2.c's model.bin, versions 0 and 1, with its tokenizer.bin",
                                         probe, open_file};

#include "ckpt/to_gguf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A role's tensor in GGUF: "#" is the layer; what its shape must be, in terms of the hyper-parameters; must: asked for by
 * llama.cpp of every layer; bias: its bias too. */
enum size { NONE, HIDDEN, VOCAB, INTER, Q, KV, QKV, CONTEXT };
struct row {
    const char *role, *name;
    int must, to_f32, heads, bias;
    enum size rows, cols;
};

static const struct row llama_rows[] = {
    {"embed", "token_embd", 1, 0, 0, 0, VOCAB, HIDDEN},
    {"norm.final", "output_norm", 1, 1, 0, 0, NONE, HIDDEN},
    {"head", "output", 0, 0, 0, 0, VOCAB, HIDDEN},
    {"norm.attn", "blk.#.attn_norm", 1, 1, 0, 0, NONE, HIDDEN},
    {"attn.q", "blk.#.attn_q", 1, 0, 1, 0, Q, HIDDEN},
    {"attn.k", "blk.#.attn_k", 1, 0, 1, 0, KV, HIDDEN},
    {"attn.v", "blk.#.attn_v", 1, 0, 0, 0, KV, HIDDEN},
    {"attn.o", "blk.#.attn_output", 1, 0, 0, 0, HIDDEN, Q},
    {"norm.mlp", "blk.#.ffn_norm", 1, 1, 0, 0, NONE, HIDDEN},
    {"mlp.gate", "blk.#.ffn_gate", 1, 0, 0, 0, INTER, HIDDEN},
    {"mlp.up", "blk.#.ffn_up", 1, 0, 0, 0, INTER, HIDDEN},
    {"mlp.down", "blk.#.ffn_down", 1, 0, 0, 0, HIDDEN, INTER},
    {0}};

static const struct row gpt2_rows[] = {
    {"embed", "token_embd", 1, 0, 0, 0, VOCAB, HIDDEN},
    {"pos", "position_embd", 1, 1, 0, 0, CONTEXT, HIDDEN},
    {"norm.final", "output_norm", 1, 1, 0, 1, NONE, HIDDEN},
    {"head", "output", 0, 0, 0, 0, VOCAB, HIDDEN},
    {"norm.attn", "blk.#.attn_norm", 1, 1, 0, 1, NONE, HIDDEN},
    {"attn.qkv", "blk.#.attn_qkv", 1, 0, 0, 1, QKV, HIDDEN},
    {"attn.o", "blk.#.attn_output", 1, 0, 0, 1, HIDDEN, Q},
    {"norm.mlp", "blk.#.ffn_norm", 1, 1, 0, 1, NONE, HIDDEN},
    {"mlp.up", "blk.#.ffn_up", 1, 0, 0, 1, INTER, HIDDEN},
    {"mlp.down", "blk.#.ffn_down", 1, 0, 0, 1, HIDDEN, INTER},
    {0}};

static const struct row *rows_of(const char *arch)
{
    return strcmp(arch, "gpt2") == 0 ? gpt2_rows : llama_rows;
}

static uint64_t size_of(const struct arch_params *p, enum size s)
{
    switch (s) {
    case HIDDEN: return (uint64_t)p->hidden;
    case VOCAB: return (uint64_t)p->vocab;
    case INTER: return (uint64_t)p->intermediate;
    case Q: return (uint64_t)(p->heads * p->head_dim);
    case KV: return (uint64_t)(p->kv_heads * p->head_dim);
    case QKV: return (uint64_t)((p->heads + 2 * p->kv_heads) * p->head_dim);
    case CONTEXT: return (uint64_t)p->context;
    case NONE: break;
    }
    return 1;
}

int to_gguf_known(const char *arch)
{
    return strcmp(arch, "llama") == 0 || strcmp(arch, "qwen2") == 0 || strcmp(arch, "gpt2") == 0;
}

void to_gguf_open(struct to_gguf *g, const struct attrs *model, const char *name)
{
    memset(g, 0, sizeof *g);
    attrs_copy(&g->model, model);
    g->name = name ? mem_strdup(name) : NULL;
}

/* Hyper-parameters, checked once the blobs are past. What came from a GGUF needs none. */
int to_gguf_ready(struct to_gguf *g, struct err *e)
{
    const char *arch = attrs_str(&g->model, "arch", NULL);

    if (g->ready || g->has_from)
        return 0;
    if (!arch)
        return err_set(e, "the stream does not say what model it is (head's key arch); a GGUF needs the folder with config.json");
    if (!to_gguf_known(arch))
        return err_set(e, "architecture '%s' has no mapping to GGUF here; llama, qwen2 and gpt2 have", arch);
    g->ready = 1;
    return arch_params(&g->model, &g->p, e);
}

void to_gguf_close(struct to_gguf *g)
{
    attrs_free(&g->model);
    free(g->name);
    tok_files_free(&g->tok);
    buf_free(&g->template);
    gguf_close(&g->from);
    memset(g, 0, sizeof *g);
}

int to_gguf_blob(struct to_gguf *g, const char *name, const void *data, size_t n, struct err *e)
{
    struct buf *to = strcmp(name, "chat_template.jinja") == 0 ? &g->template : tok_file(&g->tok, name);

    if (to) {
        to->len = 0;
        buf_add(to, data, n);
    }
    if (strcmp(name, GGUF_BLOB) != 0)
        return 0;
    if (g->ready || g->has_from)
        return err_set(e, "%s comes after tensors, or twice", name);
    g->has_from = 1;
    return gguf_open_memory(&g->from, data, n, e) < 0 ? err_in(e, "%s", name) : 0;
}

/* "blk.#.attn_q" for layer 3 and ".weight": "blk.3.attn_q.weight". */
static void fill_name(char out[GGUF_NAME_MAX + 1], const struct row *r, int64_t layer, int bias)
{
    const char *hash = strchr(r->name, '#');
    const char *end = bias ? ".bias" : ".weight";

    if (hash)
        snprintf(out, GGUF_NAME_MAX + 1, "%.*s%lld%s%s", (int)(hash - r->name), r->name, (long long)layer, hash + 1, end);
    else
        snprintf(out, GGUF_NAME_MAX + 1, "%s%s", r->name, end);
}

static const struct row *find_row(const char *arch, const char *role, int *bias)
{
    for (const struct row *r = rows_of(arch); r->role; r++) {
        size_t n = strlen(r->role);

        *bias = strcmp(role + (strncmp(role, r->role, n) == 0 ? n : 0), ".bias") == 0;
        if (strcmp(role, r->role) == 0 || (*bias && strncmp(role, r->role, n) == 0))
            return r;
    }
    return NULL;
}

/* The type of a value of one dense or ggml term, by the name that sources give it; "" of others. */
static const char *type_now(const struct bundle *b)
{
    const struct part *p = b->terms == 1 ? bundle_part(b, 0, "dense") : NULL;

    return p ? dtype_info(p->dtype)->name : b->terms == 1 ? attrs_str(&b->term[0].attrs, "type", "") : "";
}

static int place_as_is(struct to_gguf *g, const struct bundle *b, struct gguf_place *place, struct err *e)
{
    if (strlen(b->name) > GGUF_NAME_MAX)
        return err_set(e, "%s: name of %zu bytes, GGUF takes %d", b->name, strlen(b->name), GGUF_NAME_MAX);
    strcpy(place->name, b->name);
    g->retyped |= strcmp(attrs_str(&b->more, "dtype", ""), type_now(b)) != 0;
    return 0;
}

int to_gguf_place(struct to_gguf *g, const struct bundle *b, struct gguf_place *place, struct err *e)
{
    const char *role = b->role;
    int64_t layer = b->layer;
    const struct row *r;
    int bias, llama;

    memset(place, 0, sizeof *place);
    if (to_gguf_ready(g, e) < 0)
        return -1;
    if (g->has_from)
        return place_as_is(g, b, place, e);
    llama = strcmp(g->p.arch, "llama") == 0;
    if (strstr(b->name, "rotary_emb.inv_freq") || arch_buffer(g->p.arch, b->name)) { /* computed by every reader */
        place->skip = 1;
        return 0;
    }
    if (!role && !arch_role(g->p.arch, b->name, &role, &layer))
        return err_set(e, "%s has no place in a GGUF of architecture %s; leave it out with tcat --skip", b->name, g->p.arch);
    if (!(r = find_row(g->p.arch, role, &bias)))
        return err_set(e, "%s: role %s has no place in a GGUF of architecture %s", b->name, role, g->p.arch);
    fill_name(place->name, r, layer, bias);
    place->skip = strcmp(role, "head") == 0 && g->p.tied;
    place->to_f32 = r->to_f32 || b->shape.rank < 2;
    place->head_dim = r->heads && llama && !g->p.rope_interleaved ? (uint64_t)g->p.head_dim : 0;
    if (place->head_dim && (b->shape.rank < 2 ? b->cols : b->rows) % place->head_dim)
        return err_set(e, "%s: %llu rows are no whole number of heads of %llu", b->name,
                       (unsigned long long)(b->shape.rank < 2 ? b->cols : b->rows), (unsigned long long)place->head_dim);
    return 0;
}

uint64_t to_gguf_row(uint64_t r, uint64_t head_dim)
{
    uint64_t in = r % head_dim, half = head_dim / 2;

    return r - in + (in < half ? 2 * in : 2 * (in - half) + 1);
}

static const struct pile_item *find_item(const struct pile *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->item[i].name, name) == 0)
            return &p->item[i];
    return NULL;
}

static int check_tensor(const struct to_gguf *g, const struct pile *pile, const struct row *r, int64_t layer, int bias, struct err *e)
{
    struct shape want = {0};
    char name[GGUF_NAME_MAX + 1], is[200], must[200];
    const struct pile_item *t;

    fill_name(name, r, layer, bias);
    if (!(t = find_item(pile, name)))
        return r->must ? err_set(e, "%s is missing; llama.cpp would not load the file", name) : 0;
    if (r->rows != NONE)
        want.dim[want.rank++] = size_of(&g->p, r->rows);
    if (!bias || r->rows == NONE)
        want.dim[want.rank++] = size_of(&g->p, r->cols);
    if (!shape_equal(&t->shape, &want))
        return err_set(e, "%s is %s, the hyper-parameters say %s", name, shape_text(&t->shape, is), shape_text(&want, must));
    return 0;
}

/* Everything llama.cpp asks for, in the shape it will expect; no layer beyond the last. */
int to_gguf_check(const struct to_gguf *g, const struct pile *pile, struct err *e)
{
    for (const struct row *r = rows_of(g->p.arch); r->role; r++) {
        int64_t layers = strchr(r->name, '#') ? g->p.layers : 1;

        for (int64_t i = 0; i < layers; i++)
            if (check_tensor(g, pile, r, i, 0, e) < 0 || (r->bias && check_tensor(g, pile, r, i, 1, e) < 0))
                return -1;
    }
    for (size_t i = 0; i < pile->n; i++) {
        const char *name = pile->item[i].name;

        if (strncmp(name, "blk.", 4) == 0 && strtoll(name + 4, NULL, 10) >= g->p.layers)
            return err_set(e, "%s: the hyper-parameters say %lld layers", name, (long long)g->p.layers);
    }
    return 0;
}

/*
 * Llama 3's scaling of rotary angles as divisors, one for each pair of a head: 1 for wavelengths below context/high, factor
 * above context/low, and a straight line in context/wavelength of the divisors' inverses between.
 * Source: the rope_type "llama3" of Hugging Face's modeling_rope_utils.
 */
int to_gguf_rope_freqs(const struct to_gguf *g, struct pile *pile, struct err *e)
{
    const struct arch_params *p = &g->p;
    struct shape s = {1, {(uint64_t)p->head_dim / 2}};
    float *f;
    int rc;

    if (strcmp(p->rope_scaling, "llama3") != 0)
        return 0;
    f = mem_new(s.dim[0] + 1, sizeof *f);
    for (uint64_t i = 0; i < s.dim[0]; i++) {
        double wave = 2 * M_PI * pow(p->rope_theta, 2.0 * (double)i / (double)p->head_dim);
        double turns = (double)p->rope_original_context / wave;
        double t = (turns - p->rope_low_freq) / (p->rope_high_freq - p->rope_low_freq);

        t = t < 0 ? 0 : t > 1 ? 1 : t;
        f[i] = (float)(1 / ((1 - t) / p->rope_factor + t));
    }
    rc = pile_add(pile, "rope_freqs.weight", &s, DT_F32, NULL, e);
    if (rc == 0)
        rc = pile_put(pile, 0, f, s.dim[0] * sizeof *f, e);
    free(f);
    return rc;
}

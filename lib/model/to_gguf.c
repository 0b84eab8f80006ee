#include "model/to_gguf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A role's tensor in GGUF: "#" is the layer; what its shape must be, in terms of the hyper-parameters; must: asked for by
 * llama.cpp of every layer. */
enum size { NONE, HIDDEN, VOCAB, INTER, Q, KV };
struct row {
    const char *role, *name;
    int must, to_f32, heads;
    enum size rows, cols;
};

static const struct row rows[] = {
    {"embed", "token_embd", 1, 0, 0, VOCAB, HIDDEN},
    {"norm.final", "output_norm", 1, 1, 0, NONE, HIDDEN},
    {"head", "output", 0, 0, 0, VOCAB, HIDDEN},
    {"norm.attn", "blk.#.attn_norm", 1, 1, 0, NONE, HIDDEN},
    {"attn.q", "blk.#.attn_q", 1, 0, 1, Q, HIDDEN},
    {"attn.k", "blk.#.attn_k", 1, 0, 1, KV, HIDDEN},
    {"attn.v", "blk.#.attn_v", 1, 0, 0, KV, HIDDEN},
    {"attn.o", "blk.#.attn_output", 1, 0, 0, HIDDEN, Q},
    {"norm.mlp", "blk.#.ffn_norm", 1, 1, 0, NONE, HIDDEN},
    {"mlp.gate", "blk.#.ffn_gate", 1, 0, 0, INTER, HIDDEN},
    {"mlp.up", "blk.#.ffn_up", 1, 0, 0, INTER, HIDDEN},
    {"mlp.down", "blk.#.ffn_down", 1, 0, 0, HIDDEN, INTER},
    {0}};

static uint64_t size_of(const struct arch_params *p, enum size s)
{
    switch (s) {
    case HIDDEN: return (uint64_t)p->hidden;
    case VOCAB: return (uint64_t)p->vocab;
    case INTER: return (uint64_t)p->intermediate;
    case Q: return (uint64_t)(p->heads * p->head_dim);
    case KV: return (uint64_t)(p->kv_heads * p->head_dim);
    case NONE: break;
    }
    return 1;
}

static int known(const char *arch)
{
    return strcmp(arch, "llama") == 0 || strcmp(arch, "qwen2") == 0;
}

int to_gguf_open(struct to_gguf *g, const struct attrs *model, const char *name, struct err *e)
{
    const char *arch = attrs_str(model, "arch", NULL);

    memset(g, 0, sizeof *g);
    if (!arch)
        return err_set(e, "the stream does not say what model it is (head's key arch); a GGUF needs the folder with config.json");
    if (!known(arch))
        return err_set(e, "architecture '%s' has no mapping to GGUF here; llama and qwen2 have", arch);
    attrs_copy(&g->model, model);
    g->name = name ? mem_strdup(name) : NULL;
    return arch_params(&g->model, &g->p, e);
}

void to_gguf_close(struct to_gguf *g)
{
    attrs_free(&g->model);
    free(g->name);
    buf_free(&g->tok.model);
    buf_free(&g->tok.json);
    buf_free(&g->tok.config);
    buf_free(&g->template);
    memset(g, 0, sizeof *g);
}

void to_gguf_blob(struct to_gguf *g, const char *name, const void *data, size_t n)
{
    const struct {
        const char *name;
        struct buf *to;
    } wanted[] = {{"tokenizer.model", &g->tok.model},
                  {"tokenizer.json", &g->tok.json},
                  {"tokenizer_config.json", &g->tok.config},
                  {"chat_template.jinja", &g->template}};

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(wanted[i].name, name) == 0) {
            wanted[i].to->len = 0;
            buf_add(wanted[i].to, data, n);
        }
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

static const struct row *find_row(const char *role, int *bias)
{
    for (const struct row *r = rows; r->role; r++) {
        size_t n = strlen(r->role);

        *bias = strcmp(role + (strncmp(role, r->role, n) == 0 ? n : 0), ".bias") == 0;
        if (strcmp(role, r->role) == 0 || (*bias && strncmp(role, r->role, n) == 0))
            return r;
    }
    return NULL;
}

int to_gguf_place(const struct to_gguf *g, const struct bundle *b, struct gguf_place *place, struct err *e)
{
    const char *role = b->role;
    int64_t layer = b->layer;
    const struct row *r;
    int bias, llama = strcmp(g->p.arch, "llama") == 0;

    memset(place, 0, sizeof *place);
    if (strstr(b->name, "rotary_emb.inv_freq")) { /* computed from rope_theta by every reader */
        place->skip = 1;
        return 0;
    }
    if (!role && !arch_role(g->p.arch, b->name, &role, &layer))
        return err_set(e, "%s has no place in a GGUF of architecture %s; leave it out with tcat --skip", b->name, g->p.arch);
    if (!(r = find_row(role, &bias)))
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

static int check_tensor(const struct to_gguf *g, const struct pile *pile, const struct row *r, int64_t layer, struct err *e)
{
    struct shape want = {0};
    char name[GGUF_NAME_MAX + 1], is[200], must[200];
    const struct pile_item *t;

    fill_name(name, r, layer, 0);
    if (!(t = find_item(pile, name)))
        return r->must ? err_set(e, "%s is missing; llama.cpp would not load the file", name) : 0;
    if (r->rows != NONE)
        want.dim[want.rank++] = size_of(&g->p, r->rows);
    want.dim[want.rank++] = size_of(&g->p, r->cols);
    if (!shape_equal(&t->shape, &want))
        return err_set(e, "%s is %s, the hyper-parameters say %s", name, shape_text(&t->shape, is), shape_text(&want, must));
    return 0;
}

/* Everything llama.cpp asks for, in the shape it will expect; no layer beyond the last. */
static int check_tensors(const struct to_gguf *g, const struct pile *pile, struct err *e)
{
    for (const struct row *r = rows; r->role; r++) {
        int64_t layers = strchr(r->name, '#') ? g->p.layers : 1;

        for (int64_t i = 0; i < layers; i++)
            if (check_tensor(g, pile, r, i, e) < 0)
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
static int add_rope_freqs(const struct to_gguf *g, struct pile *pile, struct err *e)
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

/* general.file_type by the type that holds most elements; llama.h's numbers. -1: it has none. */
static int file_type(const struct pile *pile)
{
    static const struct {
        const char *type;
        int number;
    } numbers[] = {{"f32", 0},      {"f16", 1},     {"q4_0", 2},    {"q4_1", 3},   {"q8_0", 7},    {"q5_0", 8},
                   {"q5_1", 9},     {"q2_K", 10},   {"q3_K", 12},   {"q4_K", 15},  {"q5_K", 17},   {"q6_K", 18},
                   {"iq2_xxs", 19}, {"iq2_xs", 20}, {"iq3_xxs", 23}, {"iq1_s", 24}, {"iq4_nl", 25}, {"iq3_s", 26},
                   {"iq2_s", 28},   {"iq4_xs", 30}, {"iq1_m", 31},  {"bf16", 32},  {"tq1_0", 36},  {"tq2_0", 37},
                   {"mxfp4", 38},   {"nvfp4", 39},  {"q1_0", 40}};
    uint64_t most = 0;
    int best = -1;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t count = 0;

        for (size_t k = 0; k < pile->n; k++) {
            const struct pile_item *t = &pile->item[k];
            const struct ggml_type *g = t->blocks ? t->blocks : gguf_plain_type(t->dtype);

            if (g && strcmp(g->name, numbers[i].type) == 0)
                count += shape_count(&t->shape);
        }
        if (count > most) {
            most = count;
            best = numbers[i].number;
        }
    }
    return best;
}

static void general_keys(const struct to_gguf *g, const struct pile *pile, struct gguf_keys *k)
{
    int type = file_type(pile), blocks = 0;

    for (size_t i = 0; i < pile->n; i++)
        blocks |= pile->item[i].blocks != NULL;
    gguf_put_str(k, "general.architecture", g->p.arch, strlen(g->p.arch));
    gguf_put_str(k, "general.type", "model", 5);
    if (g->name)
        gguf_put_str(k, "general.name", g->name, strlen(g->name));
    if (type >= 0)
        gguf_put_u32(k, "general.file_type", (uint32_t)type);
    if (blocks)
        gguf_put_u32(k, "general.quantization_version", 2);
}

/* "llama." and a name. */
static const char *key(const struct to_gguf *g, const char *name, char out[96])
{
    snprintf(out, 96, "%s.%s", g->p.arch, name);
    return out;
}

static void model_keys(const struct to_gguf *g, struct gguf_keys *k)
{
    const struct arch_params *p = &g->p;
    const struct {
        const char *name;
        int64_t v;
    } ints[] = {{"block_count", p->layers},
                {"context_length", p->context},
                {"embedding_length", p->hidden},
                {"feed_forward_length", p->intermediate},
                {"attention.head_count", p->heads},
                {"attention.head_count_kv", p->kv_heads},
                {"rope.dimension_count", p->head_dim},
                {"attention.key_length", p->head_dim},
                {"attention.value_length", p->head_dim},
                {"vocab_size", p->vocab}};
    char b[96];

    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        gguf_put_u32(k, key(g, ints[i].name, b), (uint32_t)ints[i].v);
    gguf_put_f32(k, key(g, "attention.layer_norm_rms_epsilon", b), (float)p->norm_eps);
    gguf_put_f32(k, key(g, "rope.freq_base", b), (float)p->rope_theta);
    if (strcmp(p->rope_scaling, "linear") == 0) {
        gguf_put_str(k, key(g, "rope.scaling.type", b), "linear", 6);
        gguf_put_f32(k, key(g, "rope.scaling.factor", b), (float)p->rope_factor);
    }
}

static void correct(struct attrs *model, const struct attrs *tail)
{
    for (int i = 0; i < tail->n; i++) {
        const struct attr *a = &tail->item[i];

        switch (a->kind) {
        case ATTR_INT: attrs_set_int(model, a->key, a->i); break;
        case ATTR_BOOL: attrs_set_bool(model, a->key, (int)a->i); break;
        case ATTR_F64: attrs_set_f64(model, a->key, a->f); break;
        case ATTR_STR: attrs_set_str(model, a->key, attrs_str(tail, a->key, "")); break;
        case ATTR_RAW: attrs_set_raw(model, a->key, a->raw.data, a->raw.len); break;
        }
    }
}

int to_gguf_finish(struct to_gguf *g, const struct attrs *tail, struct pile *pile, struct gguf_keys *k, struct err *e)
{
    correct(&g->model, tail);
    if (arch_params(&g->model, &g->p, e) < 0 || add_rope_freqs(g, pile, e) < 0 || check_tensors(g, pile, e) < 0)
        return -1;
    general_keys(g, pile, k);
    model_keys(g, k);
    return to_gguf_tokenizer(g, k, e);
}

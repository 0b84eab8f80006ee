/* to_gguf_keys: the keys of a GGUF: made from hyper-parameters, or as they came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/to_gguf.h"

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

static void type_keys(const struct pile *pile, struct gguf_keys *k)
{
    int type = file_type(pile), blocks = 0;

    for (size_t i = 0; i < pile->n; i++)
        blocks |= pile->item[i].blocks != NULL;
    if (type >= 0)
        gguf_put_u32(k, "general.file_type", (uint32_t)type);
    if (blocks)
        gguf_put_u32(k, "general.quantization_version", 2);
}

static void general_keys(const struct to_gguf *g, const struct pile *pile, struct gguf_keys *k)
{
    gguf_put_str(k, "general.architecture", g->p.arch, strlen(g->p.arch));
    gguf_put_str(k, "general.type", "model", 5);
    if (g->name)
        gguf_put_str(k, "general.name", g->name, strlen(g->name));
    type_keys(pile, k);
}

/* "llama." and a name. */
static const char *key(const struct to_gguf *g, const char *name, char out[96])
{
    snprintf(out, 96, "%s.%s", g->p.arch, name);
    return out;
}

static void rope_keys(const struct to_gguf *g, struct gguf_keys *k)
{
    const struct arch_params *p = &g->p;
    char b[96];

    gguf_put_u32(k, key(g, "rope.dimension_count", b), (uint32_t)p->head_dim);
    gguf_put_f32(k, key(g, "rope.freq_base", b), (float)p->rope_theta);
    if (strcmp(p->rope_scaling, "linear") == 0) {
        gguf_put_str(k, key(g, "rope.scaling.type", b), "linear", 6);
        gguf_put_f32(k, key(g, "rope.scaling.factor", b), (float)p->rope_factor);
    }
}

static void model_keys(const struct to_gguf *g, struct gguf_keys *k)
{
    const struct arch_params *p = &g->p;
    const struct {
        const char *name;
        int64_t v;
        int rope_only;
    } ints[] = {{"block_count", p->layers, 0},
                {"context_length", p->context, 0},
                {"embedding_length", p->hidden, 0},
                {"feed_forward_length", p->intermediate, 0},
                {"attention.head_count", p->heads, 0},
                {"attention.head_count_kv", p->kv_heads, 1},
                {"attention.key_length", p->head_dim, 1},
                {"attention.value_length", p->head_dim, 1},
                {"vocab_size", p->vocab, 0}};
    char b[96];

    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        if (!ints[i].rope_only || !p->learned_positions)
            gguf_put_u32(k, key(g, ints[i].name, b), (uint32_t)ints[i].v);
    gguf_put_f32(k, key(g, p->layernorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", b), (float)p->norm_eps);
    if (!p->learned_positions)
        rope_keys(g, k);
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

/* The keys as they came, those of `now` in the place of their namesakes or at the end. */
static int keys_with(const struct gguf_in *from, const struct gguf_keys *now, struct gguf_keys *k, struct err *e)
{
    struct buf text = {0};
    struct gguf_in in = {0};
    int rc;

    gguf_keys_file(now, &text);
    if ((rc = gguf_open_memory(&in, text.data, text.len, e)) == 0) {
        for (uint64_t i = 0; i < from->values; i++) {
            const struct gguf_value *v = gguf_find(&in, from->value[i].key);

            gguf_put_value(k, v ? &in : from, v ? v : &from->value[i]);
        }
        for (uint64_t i = 0; i < in.values; i++)
            if (!gguf_has_key(k, in.value[i].key))
                gguf_put_value(k, &in, &in.value[i]);
    }
    buf_free(&text);
    gguf_close(&in);
    return rc;
}

/* Of a stream that came from a GGUF. */
static int finish_as_is(struct to_gguf *g, const struct attrs *tail, const struct pile *pile, struct gguf_keys *k, struct err *e)
{
    struct gguf_keys now = {0};
    int run = to_gguf_known(attrs_str(&g->model, "arch", "")) && arch_params(&g->model, &g->p, e) == 0, rc = 0;

    if (g->retyped)
        type_keys(pile, &now);
    if (tail->n && run)
        model_keys(g, &now);
    if (run && pile->n)
        rc = to_gguf_check(g, pile, e);
    if (rc == 0)
        rc = keys_with(&g->from, &now, k, e);
    gguf_keys_free(&now);
    return rc;
}

int to_gguf_finish(struct to_gguf *g, const struct attrs *tail, struct pile *pile, struct gguf_keys *k, struct err *e)
{
    correct(&g->model, tail);
    if (g->has_from)
        return finish_as_is(g, tail, pile, k, e);
    g->ready = 0;
    if (to_gguf_ready(g, e) < 0 || to_gguf_rope_freqs(g, pile, e) < 0 || to_gguf_check(g, pile, e) < 0)
        return -1;
    general_keys(g, pile, k);
    model_keys(g, k);
    return to_gguf_tokenizer(g, k, e);
}

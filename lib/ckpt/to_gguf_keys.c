/* to_gguf_keys: the keys of a GGUF: made from hyper-parameters, or as they came. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "ckpt/from_gguf.h"
#include "ckpt/imatrix.h"
#include "ckpt/to_gguf.h"

/* general.file_type by the type that holds most elements; llama.h's numbers. -1: it has none. */
static int file_type(const struct pile *pile)
{
    static const struct {
        const char *type;
        int number;
    } numbers[] = {{"f32", 0},      {"f16", 1},     {"q4_0", 2},     {"q4_1", 3},   {"q8_0", 7},    {"q5_0", 8},
                   {"q5_1", 9},     {"q2_K", 10},   {"q3_K", 12},    {"q4_K", 15},  {"q5_K", 17},   {"q6_K", 18},
                   {"iq2_xxs", 19}, {"iq2_xs", 20}, {"iq3_xxs", 23}, {"iq1_s", 24}, {"iq4_nl", 25}, {"iq3_s", 26},
                   {"iq2_s", 28},   {"iq4_xs", 30}, {"iq1_m", 31},   {"bf16", 32},  {"tq1_0", 36},  {"tq2_0", 37},
                   {"mxfp4", 38},   {"nvfp4", 39},  {"q1_0", 40},    {"q2_0", 41}};
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

#define FILE_TYPE "file_type" /* key of the head */

void to_gguf_note_type(struct attrs *head, int type)
{
    if (type >= 0)
        attrs_set_int(head, FILE_TYPE, type);
    else
        attrs_drop(head, FILE_TYPE);
}

static void type_keys(const struct to_gguf *g, const struct pile *pile, struct gguf_keys *k)
{
    int type = file_type(pile), blocks = 0;

    for (size_t i = 0; i < pile->n; i++)
        blocks |= pile->item[i].blocks != NULL;
    if (blocks)
        type = (int)attrs_int(&g->noted, FILE_TYPE, type);
    if (blocks)
        gguf_put_u32(k, "general.quantization_version", 2);
    if (type >= 0)
        gguf_put_u32(k, "general.file_type", (uint32_t)type);
    if (blocks)
        imatrix_keys(&g->noted, k);
}

static void general_keys(const struct to_gguf *g, const struct pile *pile, struct gguf_keys *k)
{
    gguf_put_str(k, "general.architecture", g->m.arch->gguf, strlen(g->m.arch->gguf));
    gguf_put_str(k, "general.type", "model", 5);
    if (g->name)
        gguf_put_str(k, "general.name", g->name, strlen(g->name));
    type_keys(g, pile, k);
}

/* "llama." and a name. */
static const char *key(const struct to_gguf *g, const char *name, char out[160])
{
    snprintf(out, 160, "%s.%s", g->m.arch->gguf, name);
    return out;
}

/* The kinds that llama.cpp reads keys as: what ends so is a float or a truth, everything else a whole number. */
static enum gguf_kind kind_of(const char *name)
{
    static const char *const floats[] = {"epsilon", "freq_base", "freq_base_swa", "softcapping",
                                         "scale",   "factor",    "multiplier"};
    static const char *const truths[] = {"weights_norm", "parallel_residual"};
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        if (n >= strlen(floats[i]) && strcmp(name + n - strlen(floats[i]), floats[i]) == 0)
            return GGUF_F32;
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++)
        if (n >= strlen(truths[i]) && strcmp(name + n - strlen(truths[i]), truths[i]) == 0)
            return GGUF_BOOL;
    return GGUF_U32;
}

static void put_number(struct gguf_keys *k, const char *name, double v)
{
    switch (kind_of(name)) {
    case GGUF_F32:
        gguf_put_f32(k, name, (float)v);
        break;
    case GGUF_BOOL:
        gguf_put_bool(k, name, v != 0);
        break;
    default:
        gguf_put_u32(k, name, (uint32_t)v);
    }
}

static void put_list(struct gguf_keys *k, const char *name, const double *v, int64_t n)
{
    int same = 1;

    for (int64_t i = 1; i < n; i++)
        same &= v[i] == v[0];
    if (same) {
        put_number(k, name, v[0]);
        return;
    }
    gguf_put_array(k, name, GGUF_I32, (uint64_t)n);
    for (int64_t i = 0; i < n; i++)
        gguf_add_i32(k, (int32_t)v[i]);
}

/* What a key says of a model: a list of one number a layer, or a number. 0: nothing. */
static int value_of(const struct model *m, const struct arch_number *n, const struct arch_key *k, const double **list,
                    double *v)
{
    struct err e;

    *list = k->value ? NULL : model_list(m, n->name);
    if (*list)
        return 1;
    return k->value ? model_eval(m, k->value, -1, v, &e) == 0 : (*v = model_number(m, n->name, -1, -0x1p62)) != -0x1p62;
}

/* Does a key say the same of both? */
static int alike(const struct model *a, const struct model *b, const struct arch_number *n, const struct arch_key *k)
{
    const double *x, *y;
    double v = 0, w = 0;

    if (value_of(a, n, k, &x, &v) != value_of(b, n, k, &y, &w) || !x != !y)
        return 0;
    return x ? a->layers == b->layers && memcmp(x, y, (size_t)a->layers * sizeof *x) == 0 : v == w;
}

static void one_key(const struct to_gguf *g, const struct arch_number *n, const struct arch_key *key_,
                    struct gguf_keys *k)
{
    const double *list;
    char name[160];
    double v;

    if (gguf_has_key(k, key(g, key_->key, name)) || !value_of(&g->m, n, key_, &list, &v))
        return;
    if (list)
        put_list(k, name, list, g->m.layers);
    else
        put_number(k, name, v);
}

/* What longrope multiplies attention by where config.json does not say: sqrt(1 + ln s / ln original), s the context
 * over the original one. Source: LongRoPE (Ding et al. 2024), as transformers' modeling_rope_utils has it. */
static double attention_factor(const struct to_gguf *g)
{
    double original = (double)attrs_int(&g->m.head, "rope_original_context", 0),
           s = original > 1 ? (double)model_int(&g->m, "context", 0) / original : 1;

    return s > 1 ? sqrt(1 + real_log(s) / real_log(original)) : 1;
}

static void rope_keys(const struct to_gguf *g, struct gguf_keys *k)
{
    const struct attrs *m = &g->m.head;
    const char *type = attrs_str(m, "rope_scaling", "");
    char b[160];

    if (strcmp(type, "linear") != 0 && strcmp(type, "yarn") != 0 && strcmp(type, "longrope") != 0)
        return;
    gguf_put_str(k, key(g, "rope.scaling.type", b), type, strlen(type));
    if (attrs_find(m, "rope_factor") && !gguf_has_key(k, key(g, "rope.scaling.factor", b)))
        gguf_put_f32(k, b, (float)attrs_f64(m, "rope_factor", 1));
    if (attrs_find(m, "rope_original_context"))
        gguf_put_u32(k, key(g, "rope.scaling.original_context_length", b),
                     (uint32_t)attrs_int(m, "rope_original_context", 0));
    if (strcmp(type, "longrope") == 0)
        gguf_put_f32(k, key(g, "rope.scaling.attn_factor", b),
                     (float)attrs_f64(m, "rope_attention_factor", attention_factor(g)));
}

/* was: only what differs from it, or NULL. */
static void number_keys(const struct to_gguf *g, const struct model *was, struct gguf_keys *k)
{
    const struct arch *a = g->m.arch;

    for (int i = 0; i < a->numbers; i++)
        for (int j = 0; j < a->number[i].keys; j++)
            if (!was || !alike(was, &g->m, &a->number[i], &a->number[i].key[j]))
                one_key(g, &a->number[i], &a->number[i].key[j], k);
}

/* Lists of one number a layer that no key holds: llama.cpp has what the page computes. */
static int patterns(const struct to_gguf *g, struct err *e)
{
    for (int i = 0; i < g->m.arch->numbers; i++) {
        const struct arch_number *n = &g->m.arch->number[i];
        const double *list = n->each && !n->keys && n->otherwise ? model_list(&g->m, n->name) : NULL;

        for (int64_t l = 0; list && l < g->m.layers; l++) {
            double v;

            if (model_eval(&g->m, n->otherwise, l, &v, e) < 0)
                return err_in(e, "%s", n->name);
            if (v != list[l])
                return err_set(e,
                               "a GGUF would not be this model: it has no place for %s of each layer, which is %.10g "
                               "of layer %lld where llama.cpp takes "
                               "%.10g",
                               n->name, list[l], (long long)l, v);
        }
    }
    return 0;
}

/* What llama.cpp takes for granted of such a model. */
static int requires(const struct to_gguf *g, struct err *e)
{
    const char *type = attrs_str(&g->m.head, "rope_scaling", NULL);

    if (model_requires(&g->m, g->m.arch->require, g->m.arch->requires, 0, e) < 0)
        return err_in(e, "a GGUF would not be this model");
    if (type && strcmp(type, "linear") != 0 && strcmp(type, "llama3") != 0 && strcmp(type, "yarn") != 0 &&
        strcmp(type, "longrope") != 0)
        return err_set(e, "a GGUF would not be this model: GGUF has no rope_scaling '%s'", type);
    return 0;
}

static void correct(struct attrs *model, const struct attrs *tail)
{
    for (int i = 0; i < tail->n; i++) {
        const struct attr *a = &tail->item[i];

        switch (a->kind) {
        case ATTR_INT:
            attrs_set_int(model, a->key, a->i);
            break;
        case ATTR_BOOL:
            attrs_set_bool(model, a->key, (int)a->i);
            break;
        case ATTR_F64:
            attrs_set_f64(model, a->key, a->f);
            break;
        case ATTR_STR:
            attrs_set_str(model, a->key, attrs_str(tail, a->key, ""));
            break;
        case ATTR_RAW:
            attrs_set_raw(model, a->key, a->raw.data, a->raw.len);
            break;
        }
    }
}

/* The keys as they came, those of `now` in the place of their namesakes or at the end; those of `last` at the end. */
static int keys_with(const struct gguf_in *from, const struct gguf_keys *now, const struct gguf_keys *last,
                     struct gguf_keys *k, struct err *e)
{
    struct buf text = {0}, end = {0};
    struct gguf_in in = {0}, types = {0};
    int rc;

    gguf_keys_file(now, &text);
    gguf_keys_file(last, &end);
    rc = gguf_open_memory(&in, text.data, text.len, e);
    if (rc == 0 && (rc = gguf_open_memory(&types, end.data, end.len, e)) == 0) {
        for (uint64_t i = 0; i < from->values; i++) {
            const struct gguf_value *v = gguf_find(&in, from->value[i].key);

            if (!gguf_find(&types, from->value[i].key))
                gguf_put_value(k, v ? &in : from, v ? v : &from->value[i]);
        }
        for (uint64_t i = 0; i < in.values; i++)
            if (!gguf_has_key(k, in.value[i].key))
                gguf_put_value(k, &in, &in.value[i]);
        for (uint64_t i = 0; i < types.values; i++)
            gguf_put_value(k, &types, &types.value[i]);
    }
    buf_free(&text);
    buf_free(&end);
    gguf_close(&in);
    gguf_close(&types);
    return rc;
}

/* The keys of numbers that are not what the source's keys said of them. */
static int changed_keys(const struct to_gguf *g, struct gguf_keys *k, struct err *e)
{
    struct attrs says = {0};
    struct model was;
    int rc =
        from_gguf_model(&g->from, attrs_int(&g->model, "tied", 0) != 0, &says, e) < 0 || model_open(&was, &says, e) < 0
            ? -1
            : 0;

    if (rc == 0) {
        if (was.arch == g->m.arch)
            number_keys(g, &was, k);
        model_close(&was);
    }
    attrs_free(&says);
    return rc;
}

/* Of a stream that came from a GGUF. Keys of types go to the end, as llama-quantize puts them there. */
static int finish_as_is(struct to_gguf *g, const struct pile *pile, struct gguf_keys *k, struct err *e)
{
    struct gguf_keys now = {0}, last = {0};
    int run = to_gguf_ready(g, e) == 0 && g->ready, rc = 0;

    if (g->retyped)
        type_keys(g, pile, &last);
    if (run)
        rc = changed_keys(g, &now, e) < 0 || patterns(g, e) < 0 ? -1 : 0;
    if (rc == 0 && run && pile->n)
        rc = to_gguf_check(g, pile, e);
    if (rc == 0)
        rc = keys_with(&g->from, &now, &last, k, e);
    gguf_keys_free(&now);
    gguf_keys_free(&last);
    return rc;
}

int to_gguf_finish(struct to_gguf *g, const struct attrs *tail, struct pile *pile, struct gguf_keys *k, struct err *e)
{
    correct(&g->model, tail);
    if (tail->n && g->ready) {
        model_close(&g->m);
        g->ready = 0;
    }
    if (g->has_from)
        return finish_as_is(g, pile, k, e);
    if (to_gguf_ready(g, e) < 0 || requires(g, e) < 0 || patterns(g, e) < 0 || to_gguf_rope_freqs(g, pile, e) < 0 ||
        to_gguf_check(g, pile, e) < 0)
        return -1;
    general_keys(g, pile, k);
    number_keys(g, NULL, k);
    rope_keys(g, k);
    return to_gguf_tokenizer(g, k, e);
}

#include "ckpt/from_gguf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/config.h"
#include "ckpt/make_hf.h"

static const char *key(const char *arch, const char *name, char out[160])
{
    snprintf(out, 160, "%s.%s", arch, name);
    return out;
}

/* The value of a key as the number that its formula was written from: formulas are straight lines in it, or they say
 * nothing of it. */
static int inverse(const struct arch_number *n, const struct arch_key *k, const struct attrs *m, double value,
                   double *out)
{
    struct attrs try = {0};
    double at[2] = {0};
    int rc = 0;

    attrs_copy(&try, m);
    for (int i = 0; i < 2 && rc == 0; i++) {
        struct model bound;
        struct err e;

        attrs_set_int(&try, n->name, i + 1);
        if ((rc = model_bind(&bound, &try, &e)) == 0) {
            rc = model_eval(&bound, k->value, -1, &at[i], &e);
            model_close(&bound);
        }
    }
    attrs_free(&try);
    if (rc < 0 || at[1] == at[0])
        return 0;
    *out = 1 + (value - at[0]) / (at[1] - at[0]);
    return 1;
}

static void set_number(struct attrs *m, const char *name, double v, enum gguf_kind kind)
{
    if (kind == GGUF_F32 || kind == GGUF_F64)
        attrs_set_f64(m, name, from_gguf_plain(v));
    else if (kind == GGUF_BOOL)
        attrs_set_bool(m, name, v != 0);
    else if (v == floor(v))
        attrs_set_int(m, name, (int64_t)v);
    else
        attrs_set_f64(m, name, v);
}

/* One number a layer; where all are equal it is one number. */
static void set_numbers(struct attrs *m, const struct arch_number *n, const struct gguf_in *g,
                        const struct gguf_value *v)
{
    double *list = mem_new(v->n + 1, sizeof *list), x;
    uint64_t at = 0, count = 0;
    int same = 1;

    while (count < v->n && gguf_next_num(g, v, &at, &x)) {
        list[count] = x;
        same &= x == list[0];
        count++;
    }
    if (same && count && !n->each)
        set_number(m, n->name, list[0], v->of);
    else
        attrs_set_list(m, n->name, list, (int)count);
    free(list);
}

/* The first key of the number that is there and says it. 1 when one did. */
static int read_number(const struct gguf_in *g, const struct arch *a, const struct arch_number *n, struct attrs *m)
{
    char k[160];
    double x;

    for (int i = 0; i < n->keys; i++) {
        const struct gguf_value *v = gguf_find(g, key(a->gguf, n->key[i].key, k));

        if (!v || v->kind == GGUF_STR)
            continue;
        if (v->kind == GGUF_ARRAY) {
            if (v->of == GGUF_STR || n->key[i].value)
                continue;
            set_numbers(m, n, g, v);
            return 1;
        }
        x = gguf_num(g, k, gguf_int(g, k, 0));
        if (n->key[i].value && !inverse(n, &n->key[i], m, x, &x))
            continue;
        set_number(m, n->name, x, n->key[i].value ? GGUF_U32 : v->kind);
        return 1;
    }
    return 0;
}

static int read_numbers(const struct gguf_in *g, const struct arch *a, struct attrs *m, struct err *e)
{
    const struct gguf_value *tokens = gguf_find(g, "tokenizer.ggml.tokens");

    for (int round = 0; round < 3; round++) /* formulas need other numbers first */
        for (int i = 0; i < a->numbers; i++)
            if (!attrs_find(m, a->number[i].name))
                read_number(g, a, &a->number[i], m);
    if (!attrs_find(m, "vocab") && tokens)
        attrs_set_int(m, "vocab", (int64_t)tokens->n);
    for (int i = 0; i < a->numbers; i++) {
        const struct arch_number *n = &a->number[i];
        char k[160];

        if (n->keys && !n->otherwise && !n->each && strcmp(n->name, "-") != 0 && !attrs_find(m, n->name))
            return err_set(e, "%s is %s", key(a->gguf, n->key[0].key, k), gguf_find(g, k) ? "no number" : "missing");
    }
    return 0;
}

/* Numbers without a key that llama.cpp takes for granted of this architecture. */
static int read_assumed(const struct arch *a, struct attrs *m, struct err *e)
{
    for (int i = 0; i < a->assumes; i++) {
        const struct arch_number *n = arch_number(a, a->assume[i].name);
        struct model bound;
        double v = 0;
        int rc;

        if (attrs_find(m, n->name))
            continue;
        if (model_bind(&bound, m, e) < 0)
            return -1;
        rc = model_eval(&bound, a->assume[i].value, -1, &v, e);
        model_close(&bound);
        if (rc < 0)
            return err_in(e, "%s", a->file);
        set_number(m, n->name, v, n->written == ARCH_TRUTH ? GGUF_BOOL : GGUF_U32);
    }
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

static void read_rope(const struct gguf_in *g, const struct arch *a, struct attrs *m)
{
    size_t n = 0;
    char k[160], name[32];
    const char *type = gguf_text(g, key(a->gguf, "rope.scaling.type", k), &n);

    attrs_set_str(m, "rope", a->gguf_pair ? "interleaved" : "half");
    if (!type || n == 0 || n >= sizeof name || (n == 4 && memcmp(type, "none", 4) == 0))
        return;
    snprintf(name, sizeof name, "%.*s", (int)n, type);
    attrs_set_str(m, "rope_scaling", name);
    attrs_set_f64(m, "rope_factor", from_gguf_plain(gguf_num(g, key(a->gguf, "rope.scaling.factor", k), 1)));
    if (gguf_int(g, key(a->gguf, "rope.scaling.original_context_length", k), 0) > 0)
        attrs_set_int(m, "rope_original_context", gguf_int(g, k, 0));
    if (gguf_find(g, key(a->gguf, "rope.scaling.attn_factor", k)))
        attrs_set_f64(m, "rope_attention_factor", from_gguf_plain(gguf_num(g, k, 1)));
}

static int no_name(void *ctx, const char *name, struct value *v, struct err *e)
{
    (void)ctx, (void)v;
    return err_set(e, "%s is not constant", name);
}

/* Has the file another value than the page's constant in a key that stands for no number of the model? */
static int contradicts(const struct gguf_in *g, const struct arch *a)
{
    const struct names constant = {no_name, NULL};
    struct err none;
    char k[160];
    double is;

    for (int i = 0; i < a->numbers; i++)
        for (int j = 0; strcmp(a->number[i].name, "-") == 0 && j < a->number[i].keys; j++) {
            const struct arch_key *x = &a->number[i].key[j];

            if (x->value && expr_number(x->value, &constant, &is, &none) == 0 &&
                gguf_find(g, key(a->gguf, x->key, k)) && gguf_num(g, k, is) != is)
                return 1;
        }
    return 0;
}

/* The page of a general.architecture: the first whose own key is there and whose constants are not contradicted. */
static const struct arch *page_of(const struct gguf_in *g, const char *name)
{
    char k[160];

    for (int i = 0; arch_row(i); i++) {
        const struct arch *a = arch_row(i);

        if (a->gguf && strcmp(a->gguf, name) == 0 && (!a->gguf_key || gguf_num(g, key(name, a->gguf_key, k), 0) > 0) &&
            !contradicts(g, a))
            return a;
    }
    return NULL;
}

int from_gguf_model(const struct gguf_in *g, int tied, struct attrs *m, struct err *e)
{
    size_t n;
    const char *text = gguf_text(g, "general.architecture", &n);
    const struct arch *a;
    char name[64];

    if (!text)
        return err_set(e, "general.architecture is missing");
    snprintf(name, sizeof name, "%.*s", n < 64 ? (int)n : 63, text);
    a = page_of(g, name);
    attrs_set_str(m, "arch", a ? a->name : name);
    if (!a)
        return 0;
    if (read_numbers(g, a, m, e) < 0)
        return -1;
    attrs_set_bool(m, "tied", tied);
    if (read_assumed(a, m, e) < 0)
        return -1;
    read_ids(g, m);
    read_rope(g, a, m);
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
    float *f;
    int rc;

    if (!t || !attrs_find(m, "heads"))
        return 0;
    if (t->dtype != DT_F32 || t->blocks || t->shape.rank != 1 || t->bytes > 1 << 20)
        return err_set(e, "rope_freqs.weight is no vector of f32");
    f = mem_new(t->bytes + 1, 1);
    rc = source_read(s, t, 0, f, (size_t)t->bytes, e);
    if (rc == 0)
        from_gguf_scaling(f, t->shape.dim[0], m);
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
        *(s->tensor[i].blocks ? &blocks : &count[s->tensor[i].dtype]) +=
            s->tensor[i].bytes; /* of one type bytes do as well */
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

static int list_of(const struct source *s, const char *name, const char *key, struct attrs *m, struct err *e)
{
    const struct file_tensor *t = find_tensor(s, name);
    double *list;
    float *f;
    int rc;

    if (!t)
        return 0;
    if (t->dtype != DT_F32 || t->blocks || t->shape.rank != 1 || t->bytes > 1 << 20)
        return err_set(e, "%s is no vector of f32", name);
    f = mem_new(t->bytes + 1, 1);
    list = mem_new(t->shape.dim[0] + 1, sizeof *list);
    rc = source_read(s, t, 0, f, (size_t)t->bytes, e);
    for (uint64_t i = 0; rc == 0 && i < t->shape.dim[0]; i++)
        list[i] = from_gguf_plain((double)f[i]);
    if (rc == 0) {
        attrs_set_list(m, key, list, (int)t->shape.dim[0]);
        attrs_set_str(m, "rope_scaling", "longrope");
    }
    free(f);
    free(list);
    return rc;
}

/* Does the source hold a tensor of this weight, or of its bias? */
static int source_has(const struct source *s, const struct arch *a, const struct arch_weight *w, int bias)
{
    struct arch_place at;
    const char *role;
    int64_t layer;
    int is_bias;

    for (size_t i = 0; i < s->tensors; i++)
        if (arch_role(a->name, s->tensor[i].name, &role, &layer, NULL)
                ? arch_weight(a, role, &is_bias) == w && is_bias == bias
                : arch_place(a, NULL, s->tensor[i].name, &at) && at.bias == bias && bias && arch_place_holds(&at, w))
            return 1;
    return 0;
}

/* Numbers without a key that say whether a weight or a bias is there: tensors tell llama.cpp of them. */
static void by_presence(const struct source *s, const struct arch *a, struct attrs *m)
{
    for (int i = 0; i < a->weights; i++) {
        const struct arch_weight *w = &a->weight[i];
        const char *guard = expr_name(w->guard), *bias = expr_name(w->bias_if);
        const struct arch_number *n;

        if (guard && (n = arch_number(a, guard)) && !n->keys && !n->each && source_has(s, a, w, 0))
            attrs_set_bool(m, guard, 1);
        if (bias && (n = arch_number(a, bias)) && !n->keys && n->paths && source_has(s, a, w, 1))
            attrs_set_bool(m, bias, 1);
    }
}

static int add_files(struct source *s, const struct gguf_in *g, struct attrs *m, struct err *note, struct err *e)
{
    const struct arch *a;
    struct buf config = {0};
    struct model bound;

    if (from_gguf_model(g, !find_tensor(s, "output.weight"), m, e) < 0 || read_scaling(s, m, e) < 0 ||
        list_of(s, "rope_factors_long.weight", "rope_long", m, e) < 0 ||
        list_of(s, "rope_factors_short.weight", "rope_short", m, e) < 0)
        return -1;
    if ((a = arch_of(m))) {
        by_presence(s, a, m);
        if (config_fill(m, a, e) < 0 || model_open(&bound, m, e) < 0)
            return -1;
        config_make(&bound, main_type(s), &config);
        model_close(&bound);
        add_blob(s, "config.json", &config);
    }
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

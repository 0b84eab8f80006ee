/* config: config.json to head.model. */
#include "arch/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct json *config_at(const struct json *obj, const char *path)
{
    char key[128];

    while (obj && *path) {
        size_t n = strcspn(path, ".");

        if (n >= sizeof key)
            return NULL;
        memcpy(key, path, n);
        key[n] = '\0';
        obj = json_get(obj, key);
        path += n + (path[n] == '.');
    }
    return obj && obj->kind != JSON_NULL ? obj : NULL;
}

/* A token id: a whole number, or the first of a list (Llama 3 has several ends). */
static void set_id(const struct json *c, struct attrs *m, const char *theirs, const char *ours)
{
    const struct json *v = json_get(c, theirs);

    if (v && v->kind == JSON_ARRAY)
        v = v->first;
    if (v && v->kind == JSON_INT && v->i >= 0)
        attrs_set_int(m, ours, v->i);
}

static void ids(const struct json *c, struct attrs *m)
{
    set_id(c, m, "bos_token_id", "bos");
    set_id(c, m, "eos_token_id", "eos");
    set_id(c, m, "unk_token_id", "unk");
    set_id(c, m, "pad_token_id", "pad");
}

/* Of a type without a page: what most configurations call so. */
static void plain(const struct json *c, struct attrs *m)
{
    static const char *const keys[][2] = {{"hidden", "hidden_size"},        {"layers", "num_hidden_layers"},
                                          {"heads", "num_attention_heads"}, {"kv_heads", "num_key_value_heads"},
                                          {"head_dim", "head_dim"},         {"intermediate", "intermediate_size"},
                                          {"vocab", "vocab_size"},          {"context", "max_position_embeddings"}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_int(c, keys[i][1], -1) >= 0)
            attrs_set_int(m, keys[i][0], json_int(c, keys[i][1], -1));
}

static int is_number(const struct json *v)
{
    return v->kind == JSON_INT || v->kind == JSON_NUMBER || v->kind == JSON_BOOL;
}

static double number(const struct json *v)
{
    return v->kind == JSON_NUMBER ? v->num : (double)v->i;
}

static int set_list(const struct arch_number *n, const struct json *v, struct attrs *m, struct err *e)
{
    double *list = mem_new(v->len + 1, sizeof *list);
    int count = 0, rc = 0;

    for (const struct json *x = v->first; x && rc == 0; x = x->next) {
        if (x->kind == JSON_STRING && n->word)
            list[count++] = strcmp(x->s, n->word) == 0;
        else if (is_number(x) && !n->word)
            list[count++] = number(x);
        else
            rc = err_set(e, "%s: item %d is no %s", n->path[0], count, n->word ? "word" : "number");
    }
    if (rc == 0)
        attrs_set_list(m, n->name, list, count);
    free(list);
    return rc;
}

static int set_value(const struct arch_number *n, const char *path, const struct json *v, struct attrs *m,
                     struct err *e)
{
    switch (v->kind) {
    case JSON_BOOL:
        attrs_set_bool(m, n->name, (int)v->i);
        return 0;
    case JSON_INT:
        attrs_set_int(m, n->name, v->i);
        return 0;
    case JSON_NUMBER:
        attrs_set_f64(m, n->name, v->num);
        return 0;
    case JSON_STRING:
        attrs_set_str(m, n->name, v->s);
        return 0;
    case JSON_ARRAY:
        return set_list(n, v, m, e);
    default:
        return err_set(e, "%s is an object, a number is needed", path);
    }
}

/* Outer: keys that a nested configuration leaves to the whole. */
static int read_number(const struct arch_number *n, const struct json *c, const struct json *outer, struct attrs *m,
                       struct err *e)
{
    for (int i = 0; i < n->paths; i++) {
        const struct json *v = config_at(c, n->path[i]);

        if (!v && outer)
            v = config_at(outer, n->path[i]);
        if (v)
            return set_value(n, n->path[i], v, m, e);
    }
    if (n->paths && !n->otherwise && !n->each)
        return err_set(e, "%s is missing", n->path[0]);
    return 0;
}

/* What the file does not say has the page's default; the head says it, so that a reader of the stream needs no page for
 * it. */
int config_fill(struct attrs *m, const struct arch *a, struct err *e)
{
    struct model full;

    if (!a->numbers)
        return 0;
    if (model_open(&full, m, e) < 0)
        return -1;
    for (int i = 0; i < a->numbers; i++) {
        const struct arch_number *n = &a->number[i];
        const double *list;
        struct value v = {0};
        struct model_at at = {&full, -1};
        struct names names = model_names(&at);
        struct err none;

        if (attrs_find(m, n->name) || (!n->paths && !n->keys && !n->each) || strcmp(n->name, "-") == 0)
            continue;
        if (n->each && (list = model_list(&full, n->name)))
            attrs_set_list(m, n->name, list, (int)full.layers);
        else if (names.get(names.ctx, n->name, &v, &none) > 0 && v.kind == VALUE_NUMBER && fabs(v.number) < 0x1p63 &&
                 v.number == (double)(int64_t)v.number)
            attrs_set_int(m, n->name, (int64_t)v.number);
        else if (v.kind == VALUE_NUMBER && v.number != 0)
            attrs_set_f64(m, n->name, v.number);
        else if (v.kind == VALUE_WORD && v.word)
            attrs_set_str(m, n->name, v.word);
    }
    model_close(&full);
    return 0;
}

int config_read(const struct json *config, struct attrs *model, struct err *e)
{
    const char *type = json_str(config, "model_type", NULL);
    const struct arch *a = arch_of_type(type);
    const struct arch_class *class = a ? arch_class(a, type) : NULL;
    const struct json *inner = class && class->nest ? json_get(config, class->nest) : NULL;

    if (!type)
        return err_set(e, "config.json: model_type is missing");
    attrs_set_str(model, "arch", a ? a->name : type);
    if (!a) {
        plain(config, model);
        ids(config, model);
        return 0;
    }
    if (a->own)
        attrs_set_str(model, "page", a->text);
    for (int i = 0; i < a->numbers; i++)
        if (read_number(&a->number[i], inner ? inner : config, inner ? config : NULL, model, e) < 0)
            return err_in(e, "config.json");
    ids(inner ? inner : config, model);
    attrs_set_str(model, "rope", "half");
    config_read_rope(inner ? inner : config, model);
    return config_fill(model, a, e) < 0 ? err_in(e, "config.json") : 0;
}

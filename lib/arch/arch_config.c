/* arch_config: config.json to head.model, and head.model to checked parameters. */
#include "arch/arch_config.h"

#include <string.h>

const struct arch_key arch_llama_keys[] = {ARCH_LLAMA_KEYS, {0}};

/* A token id: a whole number, or the first of a list (Llama 3 has several ends). */
static void set_id(const struct json *c, struct attrs *m, const char *theirs, const char *ours)
{
    const struct json *v = json_get(c, theirs);

    if (v && v->kind == JSON_ARRAY)
        v = v->first;
    if (v && v->kind == JSON_INT && v->i >= 0)
        attrs_set_int(m, ours, v->i);
}

void config_sizes(const struct json *c, struct attrs *m, const struct arch_key *keys)
{
    for (const struct arch_key *k = keys; k->ours; k++)
        if (k->size && json_int(c, k->theirs, -1) >= 0)
            attrs_set_int(m, k->ours, json_int(c, k->theirs, -1));
}

void config_ids(const struct json *c, struct attrs *m)
{
    set_id(c, m, "bos_token_id", "bos");
    set_id(c, m, "eos_token_id", "eos");
    set_id(c, m, "unk_token_id", "unk");
    set_id(c, m, "pad_token_id", "pad");
}

void config_plain(const struct json *c, struct attrs *m)
{
    config_sizes(c, m, arch_llama_keys);
    config_ids(c, m);
}

void config_default(struct attrs *m, const char *key, int64_t v)
{
    if (!attrs_find(m, key))
        attrs_set_int(m, key, v);
}

int config_transformer(const struct json *c, struct attrs *m, int64_t context, struct err *e)
{
    static const char *const needed[] = {"hidden_size", "num_hidden_layers", "num_attention_heads",
                                         "intermediate_size", "vocab_size", NULL};
    const char *act = json_str(c, "hidden_act", "silu");

    for (int i = 0; needed[i]; i++)
        if (json_int(c, needed[i], -1) < 1)
            return err_set(e, "config.json: %s is %s; a whole number above 0 is needed", needed[i],
                           json_get(c, needed[i]) ? "no such number" : "missing");
    config_plain(c, m);
    config_default(m, "kv_heads", attrs_int(m, "heads", 0));
    config_default(m, "head_dim", attrs_int(m, "hidden", 0) / attrs_int(m, "heads", 1));
    config_default(m, "context", context);
    attrs_set_f64(m, "norm_eps", json_num(c, "rms_norm_eps", 1e-6));
    attrs_set_bool(m, "tied", json_bool(c, "tie_word_embeddings", 0));
    if (strcmp(act, "silu") != 0 && strcmp(act, "swish") != 0)
        attrs_set_str(m, "unsupported", "an activation other than silu (hidden_act)");
    return 0;
}

/* Scaling by rule: "linear" and "llama3" are computed, "default" is none, any other is noted as unsupported. */
static void set_scaling(const struct json *s, const char *type, struct attrs *m)
{
    attrs_set_str(m, "rope_scaling", type);
    attrs_set_f64(m, "rope_factor", json_num(s, "factor", 1));
    if (strcmp(type, "linear") == 0)
        return;
    if (strcmp(type, "llama3") == 0) {
        attrs_set_f64(m, "rope_low_freq", json_num(s, "low_freq_factor", 1));
        attrs_set_f64(m, "rope_high_freq", json_num(s, "high_freq_factor", 4));
        attrs_set_int(m, "rope_original_context", json_int(s, "original_max_position_embeddings", 8192));
        return;
    }
    attrs_set_str(m, "unsupported", "this scaling of rotary positions (rope_scaling)");
}

int config_rope(const struct json *c, struct attrs *m, struct err *e)
{
    const struct json *s = json_get(c, "rope_parameters");
    const char *type;
    double theta;

    if (!s || s->kind != JSON_OBJECT)
        s = json_get(c, "rope_scaling");
    type = json_str(s, "rope_type", json_str(s, "type", "default"));
    theta = json_num(s, "rope_theta", json_num(c, "rope_theta", 10000));
    if (!(theta > 0))
        return err_set(e, "config.json: rope_theta is %g; a number above 0 is needed", theta);
    attrs_set_f64(m, "rope_theta", theta);
    attrs_set_str(m, "rope", "half");
    if (strcmp(type, "default") != 0)
        set_scaling(s, type, m);
    if (json_num(c, "partial_rotary_factor", 1) != 1)
        attrs_set_str(m, "unsupported", "partial rotary positions");
    return 0;
}

const struct arch *arch_of_type(const char *type)
{
    for (int i = 0; type && arch_row(i); i++)
        for (const char *const *t = arch_row(i)->types; *t; t++)
            if (strcmp(*t, type) == 0)
                return arch_row(i);
    return NULL;
}

int arch_from_config(const struct json *config, struct attrs *model, struct err *e)
{
    const char *type = json_str(config, "model_type", NULL);
    const struct arch *a = arch_of_type(type);

    if (!type)
        return err_set(e, "config.json: model_type is missing");
    if (a) {
        attrs_set_str(model, "arch", a->name);
        return a->from_config(config, model, e);
    }
    attrs_set_str(model, "arch", type);
    config_plain(config, model);
    return 0;
}

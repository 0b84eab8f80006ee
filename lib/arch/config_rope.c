/* config_rope: how rotary angles are scaled, in config.json's rope_parameters (transformers 5) or rope_scaling. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/config.h"

enum kind { NUMBER, WHOLE, LIST };

static const struct key {
    const char *ours, *theirs;
    enum kind kind;
} keys[] = {{"rope_factor", "factor", NUMBER},
            {"rope_low_freq", "low_freq_factor", NUMBER},
            {"rope_high_freq", "high_freq_factor", NUMBER},
            {"rope_original_context", "original_max_position_embeddings", WHOLE},
            {"rope_beta_fast", "beta_fast", NUMBER},
            {"rope_beta_slow", "beta_slow", NUMBER},
            {"rope_attention_factor", "attention_factor", NUMBER},
            {"rope_mscale", "mscale", NUMBER},
            {"rope_mscale_all_dim", "mscale_all_dim", NUMBER},
            {"rope_truncate", "truncate", WHOLE},
            {"rope_short", "short_factor", LIST},
            {"rope_long", "long_factor", LIST}};
#define KEYS (sizeof keys / sizeof *keys)

static void read_key(const struct json *v, const struct key *k, struct attrs *m)
{
    double *list;
    int n = 0;

    if (k->kind == LIST && v->kind == JSON_ARRAY) {
        list = mem_new(v->len + 1, sizeof *list);
        for (const struct json *x = v->first; x; x = x->next)
            list[n++] = x->kind == JSON_INT || x->kind == JSON_NUMBER ? x->num : 0;
        attrs_set_list(m, k->ours, list, n);
        free(list);
    } else if (v->kind == JSON_BOOL || (v->kind == JSON_INT && k->kind == WHOLE)) {
        attrs_set_int(m, k->ours, v->i);
    } else if (v->kind == JSON_INT || v->kind == JSON_NUMBER) {
        attrs_set_f64(m, k->ours, v->num);
    }
}

void config_read_rope(const struct json *c, struct attrs *m)
{
    const struct json *s = config_at(c, "rope_parameters"), *v;
    const char *type;

    if (config_at(s, "full_attention")) /* one for each kind of layer */
        s = config_at(s, "full_attention");
    if (!s || s->kind != JSON_OBJECT)
        s = config_at(c, "rope_scaling");
    if (!s || s->kind != JSON_OBJECT)
        return;
    type = json_str(s, "rope_type", json_str(s, "type", "default"));
    if (strcmp(type, "default") == 0)
        return;
    attrs_set_str(m, "rope_scaling", strcmp(type, "su") == 0 ? "longrope" : type);
    for (size_t i = 0; i < KEYS; i++)
        if ((v = config_at(s, keys[i].theirs)))
            read_key(v, &keys[i], m);
    if (!attrs_find(m, "rope_original_context") && (v = config_at(c, "original_max_position_embeddings")) &&
        v->kind == JSON_INT)
        attrs_set_int(m, "rope_original_context", v->i);
}

static void put_key(struct buf *out, const struct key *k, const struct attrs *m)
{
    int n;
    double *list = k->kind == LIST ? attrs_list(m, k->ours, &n) : NULL;

    for (int i = 0; list && i < n; i++) {
        buf_puts(out, i ? ", " : "[");
        config_put_float(out, list[i]);
    }
    if (list)
        buf_puts(out, "]");
    else if (strcmp(k->ours, "rope_truncate") == 0)
        buf_puts(out, attrs_int(m, k->ours, 1) ? "true" : "false");
    else if (k->kind == WHOLE)
        buf_printf(out, "%lld", (long long)attrs_int(m, k->ours, 0));
    else
        config_put_float(out, attrs_f64(m, k->ours, 0));
    free(list);
}

/* The page's own number that stands at this key of rope_scaling, where the head says it. */
static const char *own_number(const struct model *m, const char *theirs)
{
    for (int i = 0; i < m->arch->numbers; i++) {
        const struct arch_number *n = &m->arch->number[i];

        if (n->paths && strncmp(n->path[0], "rope_scaling.", 13) == 0 && strcmp(n->path[0] + 13, theirs) == 0 &&
            attrs_find(&m->head, n->name))
            return n->name;
    }
    return NULL;
}

void config_make_rope(const struct model *m, struct buf *out)
{
    const struct attrs *h = &m->head;
    const char *type = attrs_str(h, "rope_scaling", NULL);

    if (!type)
        return;
    buf_printf(out, ",\n  \"rope_scaling\": {\n    \"rope_type\": \"%s\"", type);
    for (size_t i = 0; i < KEYS; i++) {
        struct key k = keys[i];

        if (!attrs_find(h, k.ours) && !(k.ours = own_number(m, k.theirs)))
            continue;
        buf_printf(out, ",\n    \"%s\": ", k.theirs);
        put_key(out, &k, h);
    }
    buf_puts(out, "\n  }");
    if (strcmp(type, "longrope") == 0 && attrs_find(h, "rope_original_context")) /* Phi-3's class reads it here */
        buf_printf(out, ",\n  \"original_max_position_embeddings\": %lld",
                   (long long)attrs_int(h, "rope_original_context", 0));
}

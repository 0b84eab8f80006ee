#include "merge/adapter_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "text/pattern.h"

static int is_set(const struct json *v)
{
    switch (v ? v->kind : JSON_NULL) {
    case JSON_NULL:
        return 0;
    case JSON_BOOL:
        return v->i != 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return v->len > 0;
    default:
        return 1;
    }
}

/* Initializations that leave the base as it is; others (pissa, olora, loftq ...) train beside a base that they have
 * changed. */
static int keeps_base(const struct json *v)
{
    static const char *const known[] = {"gaussian", "eva", "orthogonal"};

    for (size_t i = 0; v && v->kind == JSON_STRING && i < sizeof known / sizeof *known; i++)
        if (strcmp(v->s, known[i]) == 0)
            return 1;
    return !v || v->kind == JSON_NULL || v->kind == JSON_BOOL;
}

static int refuse(const struct json *c, struct err *e)
{
    static const struct {
        const char *key, *what;
    } beyond[] = {{"use_dora", "DoRA, which scales whole rows"},
                  {"lora_bias", "biases of lora_B"},
                  {"trainable_token_indices", "single rows of the embedding"},
                  {"target_parameters", "products beside parameters that are no module's weight"},
                  {"layer_replication", "layers that the base does not have"},
                  {"alora_invocation_tokens", "products that only act after some tokens"},
                  {"use_qalora", "pooled inputs"},
                  {"use_bdlora", "factors in blocks"},
                  {"arrow_config", "several adapters with a router"},
                  {"kasa_config", "a base without its small singular values"},
                  {"monteclora_config", "factors by chance"}};
    const struct json *init = json_get(c, "init_lora_weights");

    if (strcmp(json_str(c, "peft_type", ""), "LORA") != 0)
        return err_set(e, "peft_type is '%s'; only LORA is read", json_str(c, "peft_type", ""));
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        if (is_set(json_get(c, beyond[i].key)))
            return err_set(e, "%s asks for %s, which is no product beside a weight", beyond[i].key, beyond[i].what);
    if (!keeps_base(init))
        return err_set(e,
                       "init_lora_weights is '%s': the adapter stands beside a base that this initialization has "
                       "changed, not the plain one; save it by peft with "
                       "path_initial_model_for_weight_conversion",
                       init->kind == JSON_STRING ? init->s : "?");
    return json_num(c, "r", 0) < 1 ? err_set(e, "r is below 1, or not there") : 0;
}

struct json *adapter_config(const void *text, size_t n, struct err *e)
{
    struct json *c = json_parse(text, n, 16, e);

    if (!c || refuse(c, e) == 0)
        return c;
    json_free(c);
    return NULL;
}

/* *v becomes the number of the first key of that pattern which matches. */
static int by_pattern(const struct json *c, const char *name, const char *module, double *v, struct err *e)
{
    const struct json *pattern = json_get(c, name);

    for (const struct json *m = pattern && pattern->kind == JSON_OBJECT ? pattern->first : NULL; m; m = m->next) {
        char *whole = mem_printf("(.*\\.)?(%s)$", m->key);
        int got = strlen(m->key) != m->key_len ? err_set(e, "has a NUL in it")
                                               : pattern_match(whole, strlen(whole), module, e);

        free(whole);
        if (got > 0)
            *v = m->num;
        if (got)
            return got < 0 ? err_in(e, ADAPTER_CONFIG ": %s: '%.200s'", name, m->key) : 0;
    }
    return 0;
}

int adapter_scale(const struct json *c, const char *module, uint64_t rank, double *scale, struct err *e)
{
    double r = json_num(c, "r", 0), alpha = json_num(c, "lora_alpha", 8);

    if (by_pattern(c, "rank_pattern", module, &r, e) < 0 || by_pattern(c, "alpha_pattern", module, &alpha, e) < 0)
        return -1;
    if (r != (double)rank)
        return err_set(e, "lora_A has %llu rows, " ADAPTER_CONFIG " says rank %g", (unsigned long long)rank, r);
    *scale = alpha / (json_bool(c, "use_rslora", 0) ? sqrt(r) : r);
    return 0;
}

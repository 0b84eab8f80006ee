/* tok_config: what stands beside a tokenizer: added_tokens.json and tokenizer_config.json. */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

#define DEPTH 64

/* Texts and their ids; in the vocabulary they keep their type, beyond it they are control tokens, as chat marks are,
 * until the config says more. */
static int atj_read(struct tok *t, const struct json *root, struct err *e)
{
    if (root->kind != JSON_OBJECT)
        return err_set(e, "the text is no object");
    for (const struct json *m = root->first; m; m = m->next) {
        uint32_t there = tok_find(t, m->key, m->key_len);

        if (m->kind != JSON_INT || m->i < 0)
            return err_set(e, "the id of \"%.200s\" is no whole number from 0 on", m->key);
        if (there != TOK_NONE && there != (uint64_t)m->i)
            return err_set(e, "\"%.200s\" is %lld, in the vocabulary %u", m->key, (long long)m->i, there);
        if (there == TOK_NONE &&
            tok_put(t, (uint64_t)m->i, m->key, m->key_len, TOK_CONTROL, 0, t->n + root->len, e) < 0)
            return -1;
    }
    return 0;
}

int tok_atj_read(struct tok *t, const uint8_t *p, size_t n, struct err *e)
{
    struct json *root = json_parse(p, n, DEPTH, e);
    int got = root ? atj_read(t, root, e) : -1;

    json_free(root);
    return got;
}

/* Text of a token given as a string or as an object with content; NULL when not given. */
static const char *token_text(const struct json *j)
{
    return !j ? NULL : j->kind == JSON_STRING ? j->s : json_str(j, "content", NULL);
}

/* What the config says of a token that is there: tokenizer.json has said the same, tokenizer.model only knows of types.
 * */
static void token_flags(struct tok *t, const struct json *m, uint32_t id)
{
    if (t->sp && t->piece[id].type == TOK_NORMAL && json_bool(m, "special", 0))
        t->piece[id].type = TOK_CONTROL;
    t->piece[id].flags |=
        (uint8_t)((json_bool(m, "lstrip", 0) ? TOK_LSTRIP : 0) | (json_bool(m, "rstrip", 0) ? TOK_RSTRIP : 0));
}

/* Tokens beyond the vocabulary; to tokenizer.model those that are not special are symbols, as its own are. */
static int decoder_read(struct tok *t, const struct json *map, struct err *e)
{
    for (const struct json *m = map ? map->first : NULL; m; m = m->next) {
        char *end;
        long long id = strtoll(m->key, &end, 10);

        if (*end || end == m->key)
            return err_set(e, "added_tokens_decoder: \"%.100s\" is no id", m->key);
        if (id >= 0 && id < t->n && t->piece[id].type) {
            const char *text = json_str(m, "content", "");

            if (strcmp(text, (char *)t->text.data + t->piece[id].at))
                return err_set(e, "added_tokens_decoder: id %lld is \"%.200s\", in the vocabulary \"%.200s\"", id, text,
                               (char *)t->text.data + t->piece[id].at);
            token_flags(t, m, (uint32_t)id);
            continue;
        }
        if (tok_added_one(t, m, id, t->n + map->len, e) < 0)
            return err_in(e, "added_tokens_decoder");
    }
    return 0;
}

/* A token named by the config replaces what the tokenizer's own file names; null takes it away. */
static void token_name(const struct json *config, const char *key, char **text)
{
    const struct json *j = json_get(config, key);

    if (!j)
        return;
    free(*text);
    *text = token_text(j) ? mem_strdup(token_text(j)) : NULL;
}

static int config_read(struct tok *t, const struct json *config, struct err *e)
{
    if (config->kind != JSON_OBJECT)
        return err_set(e, "the text is no object");
    if (decoder_read(t, json_get(config, "added_tokens_decoder"), e) < 0)
        return -1;
    token_name(config, "bos_token", &t->bos_text);
    token_name(config, "eos_token", &t->eos_text);
    token_name(config, "pad_token", &t->pad_text);
    t->add_bos = json_bool(config, "add_bos_token", t->add_bos);
    t->add_eos = json_bool(config, "add_eos_token", t->add_eos);
    return 0;
}

int tok_config_read(struct tok *t, const uint8_t *p, size_t n, struct err *e)
{
    struct json *config = json_parse(p, n, DEPTH, e);
    int got = config ? config_read(t, config, e) : -1;

    json_free(config);
    return got;
}

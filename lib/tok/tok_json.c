/* tok_json: tokenizer.json and tokenizer_config.json of a Hugging Face folder. Source: the files of tokenizers 0.13 to 0.21. */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

#define DEPTH 64

static int vocab_read(struct tok *t, const struct json *vocab, struct err *e)
{
    if (!vocab || vocab->kind != JSON_OBJECT)
        return err_set(e, "model has no vocab");
    for (const struct json *m = vocab->first; m; m = m->next) {
        if (m->kind != JSON_INT || m->i < 0)
            return err_set(e, "vocab: the id of \"%.200s\" is no whole number from 0 on", m->key);
        if (tok_put(t, (uint64_t)m->i, m->key, m->key_len, TOK_NORMAL, 0, vocab->len, e) < 0)
            return err_in(e, "vocab");
    }
    return 0;
}

static int merge_read(struct tok *t, const struct json *m, struct err *e)
{
    const struct json *a = m->first, *b = a ? a->next : NULL;

    if (m->kind == JSON_STRING)
        return tok_merge_text(t, m->s, m->len, e);
    if (m->kind != JSON_ARRAY || m->len != 2 || !a || !b || a->kind != JSON_STRING || b->kind != JSON_STRING)
        return err_set(e, "merge %zu is no pair of two texts", t->merges);
    return tok_merge_put(t, a->s, a->len, b->s, b->len, e);
}

static int merges_read(struct tok *t, const struct json *merges, struct err *e)
{
    if (!merges || merges->kind != JSON_ARRAY)
        return err_set(e, "model has no merges");
    t->merge_at = mem_new(merges->len, sizeof *t->merge_at);
    for (const struct json *m = merges->first; m; m = m->next)
        if (merge_read(t, m, e) < 0)
            return -1;
    return 0;
}

/* Members of model that change what is encoded and are not known here. */
static int model_check(const struct json *model, struct err *e)
{
    static const char *const known[] = {"type", "vocab", "merges", "unk_token", "fuse_unk", "byte_fallback", "ignore_merges"};
    const char *type = json_str(model, "type", "BPE");

    if (!model || model->kind != JSON_OBJECT)
        return err_set(e, "there is no model");
    if (strcmp(type, "BPE"))
        return err_set(e, "model is of type \"%.100s\", only BPE is known", type);
    for (const struct json *m = model->first; m; m = m->next) {
        bool ok = m->kind == JSON_NULL || (m->kind == JSON_STRING && !m->len) ||
                  (!strcmp(m->key, "dropout") && m->kind != JSON_STRING && m->num == 0);

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            ok = ok || !strcmp(m->key, known[i]);
        if (!ok)
            return err_set(e, "model: member \"%.100s\" is set, which is not known", m->key);
    }
    return 0;
}

/* A token added to the vocabulary, or one of it that gets its kind here. */
static int added_one(struct tok *t, const struct json *a, int64_t id, uint64_t many, struct err *e)
{
    const struct json *content = json_get(a, "content");
    bool special = json_bool(a, "special", 0);
    uint32_t there;

    if (!content || content->kind != JSON_STRING || id < 0)
        return err_set(e, "an added token has no id or no content");
    if (!special && (json_bool(a, "lstrip", 0) || json_bool(a, "rstrip", 0) || json_bool(a, "single_word", 0)))
        return err_set(e, "added token \"%.200s\": lstrip, rstrip and single_word are not known", content->s);
    if (!special && json_bool(a, "normalized", 0) && (t->norms > 0 && t->kind == TOK_SPM))
        return err_set(e, "added token \"%.200s\": normalized is not known with the normalizer of this file", content->s);
    there = tok_find(t, content->s, content->len);
    if (there != TOK_NONE && there != (uint64_t)id)
        return err_set(e, "added token \"%.200s\" has ids %u and %lld", content->s, there, (long long)id);
    if (there == TOK_NONE && tok_put(t, (uint64_t)id, content->s, content->len, TOK_NORMAL, 0, many, e) < 0)
        return err_in(e, "added token");
    if (t->piece[id].type == TOK_UNKNOWN || t->piece[id].type == TOK_BYTE)
        return 0;
    t->piece[id].type = special ? TOK_CONTROL : TOK_USER_DEFINED;
    if (!special && content->len)
        tok_cuts_add(&t->added, (uint32_t)id);
    return 0;
}

static int added_read(struct tok *t, const struct json *list, struct err *e)
{
    if (!list || list->kind == JSON_NULL)
        return 0;
    if (list->kind != JSON_ARRAY)
        return err_set(e, "added_tokens is no array");
    for (const struct json *a = list->first; a; a = a->next)
        if (added_one(t, a, json_int(a, "id", -1), t->n + list->len, e) < 0)
            return -1;
    tok_cuts_sort(t, &t->added);
    return 0;
}

/* Text of a token given as a string or as an object with content; NULL when not given. */
static const char *token_text(const struct json *j)
{
    return !j ? NULL : j->kind == JSON_STRING ? j->s : json_str(j, "content", NULL);
}

/* Special tokens that the post-processor puts before and after a text. */
static int template_read(struct tok *t, const struct json *post, struct err *e)
{
    const struct json *single = json_get(post, "single");
    bool after = false;

    for (const struct json *s = single ? single->first : NULL; s; s = s->next) {
        const char *name = json_str(json_get(s, "SpecialToken"), "id", NULL);
        char **text = after ? &t->eos_text : &t->bos_text;

        if (json_get(s, "Sequence")) {
            after = true;
            continue;
        }
        if (!name || *text)
            return err_set(e, "post_processor TemplateProcessing: more than one token %s the text is not known", after ? "after" : "before");
        *text = mem_strdup(name);
        *(after ? &t->add_eos : &t->add_bos) = true;
    }
    return 0;
}

static int post_read(struct tok *t, const struct json *post, int depth, struct err *e)
{
    const char *type = json_str(post, "type", "");
    const struct json *list = json_get(post, "processors");

    if (!post || post->kind == JSON_NULL || !strcmp(type, "ByteLevel")) /* ByteLevel trims offsets, which no one sees */
        return 0;
    if (!strcmp(type, "TemplateProcessing"))
        return template_read(t, post, e);
    if (strcmp(type, "Sequence") || !list || list->kind != JSON_ARRAY || depth == TOK_STEPS)
        return err_set(e, "post_processor \"%.100s\" is not known", type);
    for (const struct json *p = list->first; p; p = p->next)
        if (post_read(t, p, depth + 1, e) < 0)
            return -1;
    return 0;
}

static int model_read(struct tok *t, const struct json *model, struct err *e)
{
    const char *unk = json_str(model, "unk_token", NULL);

    if (model_check(model, e) < 0 || vocab_read(t, json_get(model, "vocab"), e) < 0 || merges_read(t, json_get(model, "merges"), e) < 0)
        return -1;
    t->fuse_unk = json_bool(model, "fuse_unk", 0);
    t->ignore_merges = json_bool(model, "ignore_merges", 0);
    t->byte_fallback = json_bool(model, "byte_fallback", 0) && t->kind == TOK_SPM;
    if (unk) {
        uint32_t id = tok_find(t, unk, strlen(unk));

        if (id == TOK_NONE)
            return err_set(e, "unk_token \"%.200s\" is not in the vocabulary", unk);
        t->unk = id;
        t->piece[id].type = TOK_UNKNOWN;
    }
    if (t->kind == TOK_BPE)
        tok_find_letters(t);
    if (t->kind == TOK_SPM && !t->words) /* what no merge can cross may be cut; a space that is unknown could be fused */
        t->words = !t->ignore_merges && tok_find(t, TOK_SPACE, 3) != TOK_NONE && !tok_space_inside(t);
    return t->byte_fallback ? tok_find_bytes(t, e) : 0;
}

static int root_read(struct tok *t, const struct json *root, struct err *e)
{
    static const char *const known[] = {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                                        "post_processor", "decoder", "model"};

    if (root->kind != JSON_OBJECT)
        return err_set(e, "the text is no object");
    for (const struct json *m = root->first; m; m = m->next) {
        bool ok = false;

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            ok = ok || !strcmp(m->key, known[i]);
        if (!ok)
            return err_set(e, "member \"%.100s\" is not known", m->key);
    }
    if (tok_pre_read(t, root, e) < 0 || model_read(t, json_get(root, "model"), e) < 0 ||
        added_read(t, json_get(root, "added_tokens"), e) < 0)
        return -1;
    return post_read(t, json_get(root, "post_processor"), 0, e);
}

int tok_json_read(struct tok *t, const uint8_t *p, size_t n, struct err *e)
{
    struct json *root = json_parse(p, n, DEPTH, e);
    int got = root ? root_read(t, root, e) : -1;

    json_free(root);
    return got;
}

int tok_added_read(struct tok *t, const uint8_t *p, size_t n, struct err *e)
{
    struct json *root = json_parse(p, n, DEPTH, e);
    int got = root ? added_read(t, json_get(root, "added_tokens"), e) : -1;

    json_free(root);
    return got;
}

/* Texts and their ids; in the vocabulary they keep their type, beyond it they are control tokens, as chat marks are, until the config says more. */
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
        if (there == TOK_NONE && tok_put(t, (uint64_t)m->i, m->key, m->key_len, TOK_CONTROL, 0, t->n + root->len, e) < 0)
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
            continue;
        }
        if (added_one(t, m, id, t->n + map->len, e) < 0)
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

/* tok_json: tokenizer.json and tokenizer_config.json of a Hugging Face folder. Source: the files of tokenizers 0.13 to
 * 0.21. */
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
        t->piece[m->i].flags = TOK_OWN;
    }
    return 0;
}

/* Unigram's: pairs of a text and its score, in order of ids. */
static int pairs_read(struct tok *t, const struct json *vocab, struct err *e)
{
    uint64_t id = 0;

    if (!vocab || vocab->kind != JSON_ARRAY)
        return err_set(e, "model has no vocab");
    for (const struct json *m = vocab->first; m; m = m->next, id++) {
        const struct json *text = m->kind == JSON_ARRAY ? m->first : NULL, *score = text ? text->next : NULL;

        if (!score || text->kind != JSON_STRING || (score->kind != JSON_NUMBER && score->kind != JSON_INT))
            return err_set(e, "vocab: element %llu is no pair of a text and a score", (unsigned long long)id);
        if (tok_put(t, id, text->s, text->len, TOK_NORMAL, score->num, vocab->len, e) < 0)
            return err_in(e, "vocab");
        t->piece[id].flags = TOK_OWN;
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
static int model_check(const struct json *model, const char *type, struct err *e)
{
    static const char *const known[] = {"type",
                                        "vocab",
                                        "merges",
                                        "unk_token",
                                        "fuse_unk",
                                        "byte_fallback",
                                        "ignore_merges",
                                        "unk_id",
                                        "continuing_subword_prefix",
                                        "end_of_word_suffix",
                                        "max_input_chars_per_word"};

    for (const struct json *m = model->first; m; m = m->next) {
        bool ok = m->kind == JSON_NULL || (m->kind == JSON_STRING && !m->len) ||
                  (!strcmp(m->key, "dropout") && m->kind != JSON_STRING && m->num == 0);

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            ok = ok || !strcmp(m->key, known[i]);
        if (!ok)
            return err_set(e, "model: member \"%.100s\" is set, which is not known", m->key);
    }
    return strcmp(type, "BPE") && strcmp(type, "WordPiece") && strcmp(type, "Unigram")
               ? err_set(e, "model is of type \"%.100s\"; BPE, WordPiece and Unigram are known", type)
               : 0;
}

/* A token added to the vocabulary, or one of it that gets its kind here. */
int tok_added_one(struct tok *t, const struct json *a, int64_t id, uint64_t many, struct err *e)
{
    static const struct {
        const char *name;
        uint8_t flag;
    } how[] = {
        {"lstrip", TOK_LSTRIP}, {"rstrip", TOK_RSTRIP}, {"single_word", TOK_SINGLE}, {"normalized", TOK_NORMALIZED}};
    const struct json *content = json_get(a, "content");
    bool special = json_bool(a, "special", 0);
    uint32_t there;

    if (!content || content->kind != JSON_STRING || id < 0)
        return err_set(e, "an added token has no id or no content");
    there = tok_find(t, content->s, content->len);
    if (there != TOK_NONE && there != (uint64_t)id)
        return err_set(e, "added token \"%.200s\" has ids %u and %lld", content->s, there, (long long)id);
    if (there == TOK_NONE && tok_put(t, (uint64_t)id, content->s, content->len, TOK_NORMAL, 0, many, e) < 0)
        return err_in(e, "added token");
    t->piece[id].flags |= TOK_ADDED;
    for (int i = 0; i < 4; i++)
        if (json_bool(a, how[i].name, how[i].flag == TOK_NORMALIZED && !special))
            t->piece[id].flags |= how[i].flag;
    if (t->piece[id].type == TOK_BYTE || (t->piece[id].type == TOK_UNKNOWN && special))
        return 0;
    t->piece[id].type = special ? TOK_CONTROL : TOK_USER_DEFINED;
    return 0;
}

static int added_read(struct tok *t, const struct json *list, struct err *e)
{
    if (!list || list->kind == JSON_NULL)
        return 0;
    if (list->kind != JSON_ARRAY)
        return err_set(e, "added_tokens is no array");
    for (const struct json *a = list->first; a; a = a->next)
        if (tok_added_one(t, a, json_int(a, "id", -1), t->n + list->len, e) < 0)
            return -1;
    return 0;
}

/* Special tokens that the post-processor puts before and after a text. */
static int around_add(char **list, int *n, const char *name, struct err *e)
{
    if (!name || *n == TOK_AROUND)
        return err_set(e, name ? "more than %d tokens beside the text" : "a token without a name", TOK_AROUND);
    list[(*n)++] = mem_strdup(name);
    return 0;
}

static int template_read(struct tok *t, const struct json *post, struct err *e)
{
    const struct json *single = json_get(post, "single");
    bool after = false;

    for (const struct json *s = single ? single->first : NULL; s; s = s->next) {
        if (json_get(s, "Sequence"))
            after = true;
        else if (around_add(after ? t->last : t->first, after ? &t->lasts : &t->firsts,
                            json_str(json_get(s, "SpecialToken"), "id", NULL), e) < 0)
            return err_in(e, "TemplateProcessing");
    }
    return 0;
}

/* BertProcessing and RobertaProcessing: "cls" and "sep", each a text and an id. */
static int cls_sep_read(struct tok *t, const struct json *post, const char *type, struct err *e)
{
    const struct json *cls = json_get(post, "cls"), *sep = json_get(post, "sep");

    if (around_add(t->first, &t->firsts, cls && cls->first && cls->first->kind == JSON_STRING ? cls->first->s : NULL,
                   e) < 0 ||
        around_add(t->last, &t->lasts, sep && sep->first && sep->first->kind == JSON_STRING ? sep->first->s : NULL, e) <
            0)
        return err_in(e, "%s", type);
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
    if (!strcmp(type, "BertProcessing") || !strcmp(type, "RobertaProcessing"))
        return cls_sep_read(t, post, type, e);
    if (strcmp(type, "Sequence") || !list || list->kind != JSON_ARRAY || depth == TOK_STEPS)
        return err_set(e, "post_processor \"%.100s\" is not known", type);
    for (const struct json *p = list->first; p; p = p->next)
        if (post_read(t, p, depth + 1, e) < 0)
            return -1;
    return 0;
}

static int unk_read(struct tok *t, const struct json *model, struct err *e)
{
    const char *unk = json_str(model, "unk_token", NULL);
    int64_t id = unk ? (int64_t)tok_find(t, unk, strlen(unk)) : json_int(model, "unk_id", -1);

    if (unk && id == TOK_NONE)
        return err_set(e, "unk_token \"%.200s\" is not in the vocabulary", unk);
    if (id < 0)
        return 0;
    if (id >= t->n)
        return err_set(e, "unk_id is %lld, of %u pieces", (long long)id, t->n);
    t->unk = id;
    t->piece[id].type = TOK_UNKNOWN;
    return 0;
}

static char *affix(const struct json *model, const char *key)
{
    const char *s = json_str(model, key, "");

    return *s ? mem_strdup(s) : NULL;
}

/* A byte-level tokenizer's bytes are found by their letters; in the other kind of BPE, SentencePiece's, words are cut
 * where no piece crosses them. */
static int bpe_read(struct tok *t, const struct json *model, struct err *e)
{
    bool level = false;

    for (int i = 0; i < t->steps; i++)
        level = level || t->step[i].kind == TOK_ALPHABET;
    t->kind = level ? TOK_BPE : TOK_SPM;
    t->letters = level && t->step[t->steps - 1].kind == TOK_ALPHABET;
    t->affix_prefix = affix(model, "continuing_subword_prefix");
    t->affix_suffix = affix(model, "end_of_word_suffix");
    t->fuse_unk = json_bool(model, "fuse_unk", 0);
    t->ignore_merges = json_bool(model, "ignore_merges", 0);
    if (merges_read(t, json_get(model, "merges"), e) < 0)
        return -1;
    if (level)
        tok_find_letters(t);
    else if (!t->affix_prefix && !t->affix_suffix)
        tok_words(t);
    return 0;
}

static int model_read(struct tok *t, const struct json *model, struct err *e)
{
    const char *type = json_str(model, "type", json_get(model, "merges") ? "BPE" : "none");
    bool unigram = !strcmp(type, "Unigram");

    if (!model || model->kind != JSON_OBJECT)
        return err_set(e, "there is no model");
    if (model_check(model, type, e) < 0 || (unigram ? pairs_read : vocab_read)(t, json_get(model, "vocab"), e) < 0 ||
        unk_read(t, model, e) < 0)
        return -1;
    if (!strcmp(type, "BPE")) {
        if (bpe_read(t, model, e) < 0)
            return -1;
    } else if (unigram) {
        t->kind = TOK_UGM;
        t->model = TOK_UNIGRAM;
        t->fuse_unk = true;
        if (t->unk < 0)
            return err_set(e, "model has no unk_id");
    } else {
        t->kind = TOK_WPM;
        t->model = TOK_WORDPIECE;
        t->affix_prefix = mem_strdup(json_str(model, "continuing_subword_prefix", "##"));
        t->word_max = (uint32_t)json_int(model, "max_input_chars_per_word", 100);
    }
    t->byte_fallback = json_bool(model, "byte_fallback", 0) && t->kind != TOK_BPE;
    if (t->byte_fallback)
        tok_find_bytes(t);
    t->pre = tok_pre_name(t);
    return 0;
}

static int root_read(struct tok *t, const struct json *root, struct err *e)
{
    static const char *const known[] = {"version",       "truncation",     "padding", "added_tokens", "normalizer",
                                        "pre_tokenizer", "post_processor", "decoder", "model"};

    if (root->kind != JSON_OBJECT)
        return err_set(e, "the text is no object");
    for (const struct json *m = root->first; m; m = m->next) {
        bool ok = false;

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            ok = ok || !strcmp(m->key, known[i]);
        if (!ok)
            return err_set(e, "member \"%.100s\" is not known", m->key);
    }
    if (tok_norm_read(t, json_get(root, "normalizer"), e) < 0 ||
        tok_pre_read(t, json_get(root, "pre_tokenizer"), e) < 0 || model_read(t, json_get(root, "model"), e) < 0 ||
        added_read(t, json_get(root, "added_tokens"), e) < 0 ||
        post_read(t, json_get(root, "post_processor"), 0, e) < 0)
        return -1;
    t->add_bos = t->firsts > 0;
    t->add_eos = t->lasts > 0;
    return 0;
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

/* to_gguf_tok: the tokenizer's keys of a GGUF. */
#include <stdio.h>
#include <string.h>

#include "ckpt/to_gguf.h"
#include "record/json.h"

static void put_text(struct gguf_keys *k, const char *key, const char *v)
{
    gguf_put_str(k, key, v, strlen(v));
}

/* llama.cpp's spelling of BERT's pieces: what begins a word has U+2581 before it, what goes on has nothing; marks stay
 * as they are. */
static void add_wordpiece(struct gguf_keys *k, const char *s, size_t n, int type)
{
    struct buf b = {0};
    int goes_on = n > 2 && memcmp(s, "##", 2) == 0;

    buf_puts(&b, type != TOK_NORMAL || goes_on ? "" : "\xe2\x96\x81");
    buf_add(&b, s + (type == TOK_NORMAL && goes_on ? 2 : 0), n - (type == TOK_NORMAL && goes_on ? 2 : 0));
    gguf_add_str(k, (const char *)b.data, b.len);
    buf_free(&b);
}

/* Tokens, and below the model's vocabulary what no token stands for: "[PAD4096]", unused. */
static void put_vocabulary(const struct tok *t, uint32_t vocab, struct gguf_keys *k)
{
    uint32_t have = tok_vocab(t);
    char pad[32];

    gguf_put_array(k, "tokenizer.ggml.tokens", GGUF_STR, vocab);
    for (uint32_t i = 0; i < vocab; i++) {
        size_t n;
        const char *s = i < have ? tok_piece(t, i, &n) : pad;

        if (i >= have)
            n = (size_t)snprintf(pad, sizeof pad, "[PAD%u]", i);
        if (tok_kind(t) == TOK_WPM && i < have)
            add_wordpiece(k, s, n, tok_type(t, i));
        else
            gguf_add_str(k, s, n);
    }
    if (tok_kind(t) == TOK_SPM || tok_kind(t) == TOK_UGM) {
        gguf_put_array(k, "tokenizer.ggml.scores", GGUF_F32, vocab);
        for (uint32_t i = 0; i < vocab; i++)
            gguf_add_f32(k, i < have ? tok_score(t, i) : -1000.0f);
    }
    gguf_put_array(k, "tokenizer.ggml.token_type", GGUF_I32, vocab);
    for (uint32_t i = 0; i < vocab; i++)
        gguf_add_i32(k, i < have ? tok_type(t, i) : TOK_UNUSED);
}

static void put_merges(const struct tok *t, struct gguf_keys *k)
{
    size_t n = tok_merges(t);

    if (tok_kind(t) != TOK_BPE)
        return;
    gguf_put_array(k, "tokenizer.ggml.merges", GGUF_STR, n);
    for (size_t i = 0; i < n; i++) {
        const char *m = tok_merge(t, i);

        gguf_add_str(k, m, strlen(m));
    }
}

static void put_id(struct gguf_keys *k, const char *key, int64_t id, int64_t otherwise)
{
    if (id < 0)
        id = otherwise;
    if (id >= 0)
        gguf_put_u32(k, key, (uint32_t)id);
}

static void put_normalizer(const struct tok *t, struct gguf_keys *k)
{
    size_t n;
    const uint8_t *map = tok_charsmap(t, &n);

    if (tok_kind(t) == TOK_UGM || tok_trim_spaces(t))
        gguf_put_bool(k, "tokenizer.ggml.remove_extra_whitespaces", tok_trim_spaces(t));
    if (map)
        gguf_put_bytes(k, "tokenizer.ggml.precompiled_charsmap", map, n);
}

static void put_ids(const struct to_gguf *g, const struct tok *t, struct gguf_keys *k)
{
    put_id(k, "tokenizer.ggml.bos_token_id", tok_bos(t), g->p.bos);
    put_id(k, "tokenizer.ggml.eos_token_id", tok_eos(t), g->p.eos);
    put_id(k, "tokenizer.ggml.unknown_token_id", tok_unk(t), g->p.unk);
    put_id(k, "tokenizer.ggml.padding_token_id", tok_pad(t), g->p.pad);
    gguf_put_bool(k, "tokenizer.ggml.add_bos_token", tok_add_bos(t));
    gguf_put_bool(k, "tokenizer.ggml.add_eos_token", tok_add_eos(t));
    if (tok_kind(t) == TOK_SPM || tok_kind(t) == TOK_UGM)
        gguf_put_bool(k, "tokenizer.ggml.add_space_prefix", tok_space_prefix(t));
    if (tok_kind(t) == TOK_WPM)
        put_id(k, "tokenizer.ggml.seperator_token_id", tok_eos(t), -1); /* as llama.cpp spells it */
    if (tok_kind(t) == TOK_UGM || tok_kind(t) == TOK_SPM)
        put_normalizer(t, k);
}

/* From chat_template.jinja, else from tokenizer_config.json: a text, or a list of {name, template} of which "default"
 * counts. */
static void put_template(const struct to_gguf *g, struct gguf_keys *k)
{
    struct json *j;
    const struct json *c;

    if (g->template.len) {
        gguf_put_str(k, "tokenizer.chat_template", (const char *)g->template.data, g->template.len);
        return;
    }
    j = g->tok.config.len ? json_parse(g->tok.config.data, g->tok.config.len, 64, NULL) : NULL;
    c = json_get(j, "chat_template");
    if (c && c->kind == JSON_STRING)
        gguf_put_str(k, "tokenizer.chat_template", c->s, c->len);
    for (const struct json *i = c && c->kind == JSON_ARRAY ? c->first : NULL; i; i = i->next)
        if (strcmp(json_str(i, "name", ""), "default") == 0 && json_str(i, "template", NULL)) {
            put_text(k, "tokenizer.chat_template", json_str(i, "template", ""));
            break;
        }
    json_free(j);
}

static int put_all(const struct to_gguf *g, const struct tok *t, struct gguf_keys *k, struct err *e)
{
    static const char *const kind[] = {[TOK_SPM] = "llama", [TOK_BPE] = "gpt2", [TOK_WPM] = "bert", [TOK_UGM] = "t5"};
    const char *pre = tok_pre(t);

    if (!pre)
        return err_set(e, "the tokenizer normalizes or splits text in a way that llama.cpp has no name for");
    if ((int64_t)tok_vocab(t) > g->p.vocab)
        return err_set(e, "the tokenizer has %u tokens, the model %lld", tok_vocab(t), (long long)g->p.vocab);
    put_text(k, "tokenizer.ggml.model", kind[tok_kind(t)]);
    put_text(k, "tokenizer.ggml.pre", pre);
    put_vocabulary(t, (uint32_t)g->p.vocab, k);
    put_merges(t, k);
    put_ids(g, t, k);
    put_template(g, k);
    return 0;
}

int to_gguf_tokenizer(const struct to_gguf *g, struct gguf_keys *k, struct err *e)
{
    struct tok *t;
    int rc;

    if (!g->tok.model.len && !g->tok.json.len)
        return err_set(e, "the stream brings neither tokenizer.model nor tokenizer.json, which a GGUF needs");
    if (!(t = tok_open(&g->tok, e)))
        return -1;
    rc = put_all(g, t, k, e);
    tok_close(t);
    return rc;
}

/* from_gguf_tok: a GGUF's keys tokenizer.ggml.* as a tokenizer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/from_gguf.h"

struct lists {      /* what tok_parts points to */
    char **spelled; /* WordPiece's texts, as its own file has them */
    struct buf map;
    const char **text, **merge;
    size_t *len;
    float *score;
    int32_t *type;
};

static int count_is(const struct gguf_value *v, uint64_t want, const char *key, struct err *e)
{
    if (v->kind != GGUF_ARRAY || v->n != want)
        return err_set(e, "%s has %llu elements, tokenizer.ggml.tokens has %llu", key,
                       (unsigned long long)(v->kind == GGUF_ARRAY ? v->n : 0), (unsigned long long)want);
    return 0;
}

static int read_tokens(const struct gguf_in *g, struct tok_parts *p, struct lists *l, struct err *e)
{
    const struct gguf_value *v = gguf_find(g, "tokenizer.ggml.tokens");
    uint64_t at = 0, i = 0;

    if (!v || v->kind != GGUF_ARRAY || v->of != GGUF_STR || v->n > INT32_MAX)
        return err_set(e, "tokenizer.ggml.tokens is missing or no array of strings");
    l->text = mem_new(v->n + 1, sizeof *l->text);
    l->len = mem_new(v->n + 1, sizeof *l->len);
    while (gguf_next_text(g, v, &at, &l->text[i], &l->len[i]))
        i++;
    p->n = (uint32_t)v->n;
    p->text = l->text;
    p->len = l->len;
    return 0;
}

/* Scores and types, a number a token; NULL where there are none. */
static int read_numbers(const struct gguf_in *g, struct tok_parts *p, struct lists *l, struct err *e)
{
    const struct gguf_value *score = gguf_find(g, "tokenizer.ggml.scores"),
                            *type = gguf_find(g, "tokenizer.ggml.token_type");
    uint64_t at = 0;
    double d;

    if ((score && count_is(score, p->n, "tokenizer.ggml.scores", e) < 0) ||
        (type && count_is(type, p->n, "tokenizer.ggml.token_type", e) < 0))
        return -1;
    if (score) {
        l->score = mem_new(p->n + 1, sizeof *l->score);
        for (uint32_t i = 0; gguf_next_num(g, score, &at, &d); i++)
            l->score[i] = (float)d;
    }
    if (type) {
        l->type = mem_new(p->n + 1, sizeof *l->type);
        at = 0;
        for (uint32_t i = 0; gguf_next_num(g, type, &at, &d); i++)
            l->type[i] = d >= 0 && d < 128 ? (int32_t)d : 0;
    }
    p->score = l->score;
    p->type = l->type;
    return 0;
}

static int read_merges(const struct gguf_in *g, struct tok_parts *p, struct lists *l, struct err *e)
{
    const struct gguf_value *v = gguf_find(g, "tokenizer.ggml.merges");
    uint64_t at = 0;
    const char *s;
    size_t n;

    if (!v || v->kind != GGUF_ARRAY || v->of != GGUF_STR)
        return err_set(e, "tokenizer.ggml.merges is missing or no array of strings");
    l->merge = mem_new(v->n + 1, sizeof *l->merge);
    for (; gguf_next_text(g, v, &at, &s, &n); p->merges++) {
        if (memchr(s, '\0', n))
            return err_set(e, "tokenizer.ggml.merges: merge %zu holds a NUL", p->merges);
        l->merge[p->merges] = mem_strndup(s, n);
    }
    p->merge = l->merge;
    return 0;
}

/* llama.cpp's spelling of BERT's pieces turned back: see to_gguf_tok.c. */
static void respell(struct tok_parts *p, struct lists *l)
{
    l->spelled = mem_new(p->n + 1, sizeof *l->spelled);
    for (uint32_t i = 0; i < p->n; i++) {
        int begins = l->len[i] >= 3 && memcmp(l->text[i], "\xe2\x96\x81", 3) == 0,
            mark = p->type && p->type[i] != TOK_NORMAL;

        l->spelled[i] = mark || begins ? mem_strndup(l->text[i] + (mark ? 0 : 3), l->len[i] - (mark ? 0 : 3))
                                       : mem_printf("##%.*s", (int)l->len[i], l->text[i]);
        l->text[i] = l->spelled[i];
        l->len[i] = strlen(l->spelled[i]);
    }
}

static void read_charsmap(const struct gguf_in *g, struct tok_parts *p, struct lists *l)
{
    const struct gguf_value *v = gguf_find(g, "tokenizer.ggml.precompiled_charsmap");
    uint64_t at = 0;
    double d;

    if (!v || v->kind != GGUF_ARRAY || (v->of != GGUF_U8 && v->of != GGUF_I8))
        return;
    while (gguf_next_num(g, v, &at, &d))
        buf_add(&l->map, &(uint8_t){(uint8_t)(int)d}, 1);
    p->charsmap = l->map.data;
    p->charsmap_n = l->map.len;
}

static void read_ids(const struct gguf_in *g, struct tok_parts *p)
{
    p->bos = gguf_int(g, "tokenizer.ggml.bos_token_id", p->kind == TOK_SPM ? 1 : p->kind == TOK_WPM ? 101 : -1);
    p->eos = gguf_int(g, "tokenizer.ggml.eos_token_id", p->kind == TOK_SPM ? 2 : p->kind == TOK_UGM ? 1 : -1);
    if (p->kind == TOK_WPM && p->eos < 0)
        p->eos = gguf_int(g, "tokenizer.ggml.seperator_token_id", 102); /* as llama.cpp spells it */
    p->unk = gguf_int(g, "tokenizer.ggml.unknown_token_id",
                      p->kind == TOK_SPM   ? 0
                      : p->kind == TOK_UGM ? 2
                      : p->kind == TOK_WPM ? 100
                                           : -1);
    p->pad = gguf_int(g, "tokenizer.ggml.padding_token_id", -1);
    p->add_bos = gguf_int(g, "tokenizer.ggml.add_bos_token", p->kind == TOK_SPM || p->kind == TOK_WPM) != 0;
    p->add_eos = gguf_int(g, "tokenizer.ggml.add_eos_token", p->kind == TOK_UGM || p->kind == TOK_WPM) != 0;
    p->space_prefix = gguf_int(g, "tokenizer.ggml.add_space_prefix", 1) != 0;
    p->trim_spaces = gguf_int(g, "tokenizer.ggml.remove_extra_whitespaces", 0) != 0;
}

static void lists_free(struct lists *l, size_t merges, uint32_t n)
{
    for (uint32_t i = 0; l->spelled && i < n; i++)
        free(l->spelled[i]);
    free(l->spelled);
    buf_free(&l->map);
    for (size_t i = 0; i < merges; i++)
        free((char *)l->merge[i]);
    free(l->merge);
    free(l->text);
    free(l->len);
    free(l->score);
    free(l->type);
}

static int kind_of(const char *s, size_t n)
{
    static const char *const name[] = {[TOK_SPM] = "llama", [TOK_BPE] = "gpt2", [TOK_WPM] = "bert", [TOK_UGM] = "t5"};

    for (int i = TOK_SPM; i <= TOK_UGM; i++)
        if (strlen(name[i]) == n && memcmp(s, name[i], n) == 0)
            return i;
    return 0;
}

struct tok *from_gguf_tokenizer(const struct gguf_in *g, struct err *e)
{
    size_t n = 0, pre_n = 0;
    const char *kind = gguf_text(g, "tokenizer.ggml.model", &n), *pre = gguf_text(g, "tokenizer.ggml.pre", &pre_n);
    struct tok_parts p = {.kind = kind ? kind_of(kind, n) : 0};
    struct lists l = {0};
    struct tok *t = NULL;
    char name[64] = "default";

    if (!p.kind) {
        err_set(e, "tokenizer.ggml.model is '%.*s'; llama, gpt2, bert and t5 are known", kind && n < 64 ? (int)n : 0,
                kind ? kind : "");
        return NULL;
    }
    if (pre)
        snprintf(name, sizeof name, "%.*s", pre_n < 64 ? (int)pre_n : 63, pre);
    p.pre = name;
    read_ids(g, &p);
    if (read_tokens(g, &p, &l, e) == 0 && read_numbers(g, &p, &l, e) == 0 &&
        (p.kind != TOK_BPE || read_merges(g, &p, &l, e) == 0)) {
        if (p.kind == TOK_WPM)
            respell(&p, &l);
        if (p.kind == TOK_UGM)
            read_charsmap(g, &p, &l);
        t = tok_from_parts(&p, e);
    }
    lists_free(&l, p.merges, p.n);
    return t;
}

/* tok: a tokenizer from the files of a folder, and what it is. */
#include "tok/tok.h"

#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

/* Id of a named special token, or -1 when it is not named or, for names that are only customary, not there. */
static int64_t named(const struct tok *t, const char *name)
{
    uint32_t id = name ? tok_find(t, name, strlen(name)) : TOK_NONE;

    return id == TOK_NONE ? -1 : (int64_t)id;
}

static int files_read(struct tok *t, const struct tok_files *f, struct err *e)
{
    if (!f->model.len && !f->json.len)
        return err_set(e, "there is neither tokenizer.model nor tokenizer.json");
    if (f->model.len) {
        if (tok_proto_read(t, f->model.data, f->model.len, e) < 0)
            return err_in(e, "tokenizer.model");
        t->add_bos = t->model == TOK_BY_SCORE &&
                     named(t, t->bos_text) >= 0; /* as Llama's tokenizers do where no config says otherwise */
        t->add_eos = t->model == TOK_UNIGRAM && named(t, t->eos_text) >= 0; /* and T5's */
    } else if (tok_json_read(t, f->json.data, f->json.len, e) < 0) {
        return err_in(e, "tokenizer.json");
    }
    if (f->model.len && f->json.len && tok_added_read(t, f->json.data, f->json.len, e) < 0)
        return err_in(e, "tokenizer.json");
    if (f->config.len && tok_config_read(t, f->config.data, f->config.len, e) < 0)
        return err_in(e, "tokenizer_config.json");
    if (f->added.len && tok_atj_read(t, f->added.data, f->added.len, e) < 0)
        return err_in(e, "added_tokens.json");
    return 0;
}

/* What is put before a text: the post-processor's tokens, or bos. */
static int begin_settle(struct tok *t, struct err *e)
{
    for (int i = 0; i < t->firsts; i++) {
        int64_t id = named(t, t->first[i]);

        if (id < 0)
            return err_set(e, "\"%.200s\" is to be put before a text, but is not in the vocabulary", t->first[i]);
        t->begin[t->begins++] = (uint32_t)id;
    }
    if (!t->add_bos)
        t->begins = 0;
    else if (t->begins < 2 && t->bos >= 0)
        t->begin[0] = (uint32_t)t->bos, t->begins = 1;
    return 0;
}

/* Tokens that the config added join those searched for; ids and holes are settled. */
static int settle(struct tok *t, struct err *e)
{
    tok_fill_holes(t);
    t->bos_text = t->bos_text || !t->firsts ? t->bos_text : mem_strdup(t->first[0]);
    t->eos_text = t->eos_text || !t->lasts ? t->eos_text : mem_strdup(t->last[t->lasts - 1]);
    t->bos = named(t, t->bos_text);
    t->eos = named(t, t->eos_text);
    t->pad = named(t, t->pad_text);
    if (t->add_bos && t->bos < 0)
        return err_set(e, "bos \"%.200s\" is to be added, but is not in the vocabulary",
                       t->bos_text ? t->bos_text : "");
    if (t->add_eos && t->eos < 0)
        return err_set(e, "eos \"%.200s\" is to be added, but is not in the vocabulary",
                       t->eos_text ? t->eos_text : "");
    if (begin_settle(t, e) < 0)
        return -1;
    if (t->model == TOK_UNIGRAM)
        tok_unigram_tables(t);
    else if (t->model == TOK_BY_SCORE)
        tok_score_tables(t);
    tok_added_tables(t);
    if (t->kind == TOK_SPM && t->model == TOK_BY_RANK)
        tok_rank_scores(t);
    return 0;
}

struct tok *tok_empty(void)
{
    struct tok *t = mem_new(1, sizeof *t);

    t->bos = t->eos = t->unk = t->pad = -1;
    memset(t->byte_id, 0xff, sizeof t->byte_id);
    return t;
}

void tok_words(struct tok *t)
{
    bool known = tok_find(t, TOK_SPACE, 3) != TOK_NONE || (t->sp && t->byte_fallback);

    for (int i = 0; i < t->steps; i++)
        if (t->step[i].kind == TOK_CUT)
            return;
    if (known && !t->ignore_merges && !t->unused && !tok_space_inside(t))
        tok_step_new(t, TOK_CUT, NULL);
}

struct tok *tok_open(const struct tok_files *f, struct err *e)
{
    struct tok *t = tok_empty();

    if (files_read(t, f, e) == 0 && settle(t, e) == 0)
        return t;
    tok_close(t);
    return NULL;
}

void tok_close(struct tok *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->norms; i++) {
        free(t->norm[i].from);
        free(t->norm[i].to);
        tok_regex_free(t->norm[i].re);
    }
    for (int i = 0; i < t->steps; i++)
        tok_step_free(&t->step[i]);
    for (int i = 0; i < TOK_AROUND; i++) {
        free(t->first[i]);
        free(t->last[i]);
    }
    buf_free(&t->text);
    buf_free(&t->merge_text);
    buf_free(&t->charsmap.raw);
    tok_cuts_free(&t->added);
    tok_cuts_free(&t->late);
    tok_cuts_free(&t->symbols);
    tok_cuts_free(&t->lattice);
    free(t->affix_prefix);
    free(t->affix_suffix);
    free(t->piece);
    free(t->map.slot);
    free(t->order);
    free(t->pairs.slot);
    free(t->merge_at);
    free(t->bos_text);
    free(t->eos_text);
    free(t->pad_text);
    free(t);
}

/* ---- what a tokenizer is ---- */

int tok_kind(const struct tok *t)
{
    return t->kind;
}

uint32_t tok_vocab(const struct tok *t)
{
    return t->n;
}

int64_t tok_bos(const struct tok *t)
{
    return t->bos;
}

int64_t tok_eos(const struct tok *t)
{
    return t->eos;
}

int64_t tok_unk(const struct tok *t)
{
    return t->unk;
}

int64_t tok_pad(const struct tok *t)
{
    return t->pad;
}

int tok_add_bos(const struct tok *t)
{
    return t->add_bos;
}

int tok_add_eos(const struct tok *t)
{
    return t->add_eos;
}

int tok_space_prefix(const struct tok *t)
{
    if (t->sp)
        return t->sp_prefix && !t->sp_suffix;
    for (int i = 0; i < t->steps; i++)
        if (t->step[i].kind == TOK_PREFIX || (t->step[i].kind == TOK_METASPACE && t->step[i].scheme != TOK_NEVER))
            return 1;
    return t->norms > 0 && t->norm[0].kind == TOK_PREPEND;
}

int tok_trim_spaces(const struct tok *t)
{
    if (t->sp)
        return t->sp_trim;
    for (int i = 0; i < t->norms; i++)
        if (t->norm[i].kind == TOK_REPLACE_RE)
            return 1;
    return t->kind == TOK_UGM && t->steps > 0 && t->step[0].kind == TOK_SPLIT;
}

const char *tok_piece(const struct tok *t, uint32_t id, size_t *len)
{
    *len = t->piece[id].len;
    return (const char *)t->text.data + t->piece[id].at;
}

float tok_score(const struct tok *t, uint32_t id)
{
    return (float)t->piece[id].score;
}

int tok_type(const struct tok *t, uint32_t id)
{
    return t->piece[id].type;
}

size_t tok_merges(const struct tok *t)
{
    return t->merges;
}

const char *tok_merge(const struct tok *t, size_t i)
{
    return (const char *)t->merge_text.data + t->merge_at[i];
}

const char *tok_pre(const struct tok *t)
{
    return t->pre;
}

const void *tok_charsmap(const struct tok *t, size_t *n)
{
    *n = t->charsmap.raw.len;
    return *n ? t->charsmap.raw.data : NULL;
}

/* tok_parts: a tokenizer from its pieces, as GGUF's keys and llama2.c's tokenizer.bin hold them; the tables of merging
 * by score. */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

static int by_score(const void *a, const void *b, void *tok)
{
    const struct tok *t = tok;
    double x = t->piece[*(const uint32_t *)a].score, y = t->piece[*(const uint32_t *)b].score;

    return (x < y) - (x > y);
}

/* Places by score; equal scores share one, since then the leftmost pair goes first. */
static void order_fill(struct tok *t)
{
    uint32_t *id = mem_new(t->n, sizeof *id), n = 0, place = 0;

    t->order = mem_new(t->n, sizeof *t->order);
    for (uint32_t i = 0; i < t->n; i++) {
        int type = t->piece[i].type;

        t->order[i] = TOK_NONE;
        if (!(t->piece[i].flags & TOK_OWN))
            continue;
        if (type == TOK_NORMAL || type == TOK_USER_DEFINED || type == TOK_UNUSED)
            id[n++] = i;
    }
    qsort_r(id, n, sizeof *id, by_score, t);
    for (uint32_t i = 0; i < n; i++) {
        place += i && t->piece[id[i]].score != t->piece[id[i - 1]].score;
        t->order[id[i]] = place;
    }
    free(id);
}

int tok_spm_pieces(struct tok *t, struct err *e)
{
    if (t->byte_fallback)
        tok_find_bytes(t);
    for (int b = 0; t->byte_fallback && b < 256; b++)
        if (t->byte_id[b] == TOK_NONE)
            return err_set(e, "byte fallback is asked for, but there is no piece \"<0x%02X>\"", (unsigned)b);
    for (uint32_t id = 0; id < t->n; id++) {
        if (t->piece[id].type == TOK_UNKNOWN && t->unk >= 0)
            return err_set(e, "pieces %lld and %u are both the unknown piece", (long long)t->unk, id);
        if (t->piece[id].type == TOK_UNKNOWN)
            t->unk = id;
        t->unused = t->unused || t->piece[id].type == TOK_UNUSED;
    }
    if (t->unk < 0)
        return err_set(e, "there is no unknown piece among %u", t->n);
    if (t->sp_escape)
        tok_words(t);
    return 0;
}

void tok_score_tables(struct tok *t)
{
    for (uint32_t id = 0; id < t->n; id++)
        if (t->piece[id].type == TOK_USER_DEFINED && t->piece[id].flags & TOK_OWN)
            tok_cuts_add_piece(t, &t->symbols, id);
    tok_cuts_sort(&t->symbols);
    order_fill(t);
}

/* Whether s is UTF-8 throughout. */
static bool is_utf8(const char *s, size_t n)
{
    for (size_t len; n; s += len, n -= len)
        if (!(len = tok_utf8(s, n)))
            return false;
    return true;
}

static int pieces_put(struct tok *t, const struct tok_parts *p, struct err *e)
{
    for (uint32_t id = 0; id < p->n; id++) {
        int type = p->type ? p->type[id] : TOK_NORMAL;
        float score = p->score ? p->score[id] : 0;

        if (type < TOK_NORMAL || type > TOK_BYTE)
            return err_set(e, "piece %u has type %d", id, type);
        if (!is_utf8(p->text[id], p->len[id]))
            return err_set(e, "piece %u is not UTF-8", id);
        if (score != score)
            return err_set(e, "piece %u has a score that is not a number", id);
        if (tok_put(t, id, p->text[id], p->len[id], type, score, p->n, e) < 0)
            return -1;
    }
    return 0;
}

static int special_check(const struct tok *t, const struct tok_parts *p, struct err *e)
{
    const int64_t id[] = {p->bos, p->eos, p->unk, p->pad};
    static const char *const name[] = {"bos", "eos", "unk", "pad"};

    for (int i = 0; i < 4; i++)
        if (id[i] >= (int64_t)t->n)
            return err_set(e, "%s is %lld, not below %u", name[i], (long long)id[i], t->n);
    if ((p->add_bos && p->bos < 0) || (p->add_eos && p->eos < 0))
        return err_set(e, "%s is to be added, but not given", p->add_bos && p->bos < 0 ? "bos" : "eos");
    return 0;
}

/* As tokenizer.model: SentencePiece's BPE, or its Unigram. */
static int spm_fill(struct tok *t, const struct tok_parts *p, struct err *e)
{
    bool typed = false;

    if (!p->score)
        return err_set(e, "there are no scores");
    t->model = p->kind == TOK_UGM ? TOK_UNIGRAM : TOK_BY_SCORE;
    t->sp = t->sp_escape = t->fuse_unk = true;
    t->sp_prefix = p->space_prefix;
    t->sp_trim = p->trim_spaces;
    t->pre = "default";
    for (uint32_t id = 0; id < t->n; id++)
        typed = typed || t->piece[id].type == TOK_UNKNOWN;
    if (p->unk >= 0 && !typed) /* some files call it a control token, or have no types */
        t->piece[p->unk].type = TOK_UNKNOWN;
    for (uint32_t id = 0; id < t->n;
         id++) /* llama.cpp cuts user-defined tokens out, SentencePiece takes them as pieces */
        t->piece[id].flags =
            t->piece[id].type == TOK_USER_DEFINED || t->piece[id].type == TOK_UNKNOWN ? TOK_ADDED : TOK_OWN;
    t->byte_fallback = tok_find(t, "<0x00>", 6) != TOK_NONE;
    if (p->charsmap && tok_charsmap_read(&t->charsmap, p->charsmap, p->charsmap_n, e) < 0)
        return -1;
    if (tok_spm_pieces(t, e) < 0)
        return -1;
    if (p->unk >= 0 && p->unk != t->unk)
        return err_set(e, "unk is %lld, but the unknown piece is %lld", (long long)p->unk, (long long)t->unk);
    if (t->model == TOK_UNIGRAM)
        tok_unigram_tables(t);
    else
        tok_score_tables(t);
    return 0;
}

static void added_mark(struct tok *t)
{
    for (uint32_t id = 0; id < t->n; id++) {
        int type = t->piece[id].type;

        t->piece[id].flags = type == TOK_USER_DEFINED ? TOK_ADDED
                             : type == TOK_CONTROL    ? 0
                             : type == TOK_UNKNOWN    ? TOK_OWN | TOK_ADDED
                                                      : TOK_OWN;
    }
}

static int bpe_fill(struct tok *t, const struct tok_parts *p, struct err *e)
{
    if (tok_pre_named(t, p->pre ? p->pre : "default", e) < 0)
        return -1;
    t->unk = p->unk;
    t->letters = t->step[t->steps - 1].kind == TOK_ALPHABET;
    tok_find_letters(t);
    t->merge_at = mem_new(p->merges, sizeof *t->merge_at);
    for (size_t i = 0; i < p->merges; i++)
        if (tok_merge_text(t, p->merge[i], strlen(p->merge[i]), e) < 0)
            return -1;
    added_mark(t);
    return 0;
}

/* BERT's, lower case: the one that llama.cpp knows. */
static int wpm_fill(struct tok *t, const struct tok_parts *p, struct err *e)
{
    static const char text[] = "{\"n\": {\"type\": \"BertNormalizer\"}, \"p\": {\"type\": \"BertPreTokenizer\"}}";
    struct json *steps = json_parse(text, sizeof text - 1, 8, e);
    int rc = steps && tok_norm_read(t, json_get(steps, "n"), e) == 0 && tok_pre_read(t, json_get(steps, "p"), e) == 0
                 ? 0
                 : -1;

    json_free(steps);
    t->model = TOK_WORDPIECE;
    t->unk = p->unk;
    t->pre = "default";
    t->affix_prefix = mem_strdup("##");
    t->word_max = 100;
    added_mark(t);
    if (t->unk >= 0)
        t->piece[t->unk].type = TOK_UNKNOWN;
    return rc;
}

struct tok *tok_from_parts(const struct tok_parts *p, struct err *e)
{
    static int (*const fill[])(struct tok *, const struct tok_parts *, struct err *) = {
        [TOK_SPM] = spm_fill, [TOK_UGM] = spm_fill, [TOK_BPE] = bpe_fill, [TOK_WPM] = wpm_fill};
    struct tok *t = tok_empty();
    int got =
        p->kind < TOK_SPM || p->kind > TOK_UGM ? err_set(e, "tokenizer of kind %d", p->kind) : pieces_put(t, p, e);

    t->kind = p->kind;
    if (got < 0 || special_check(t, p, e) < 0 || fill[p->kind](t, p, e) < 0) {
        tok_close(t);
        return NULL;
    }
    t->bos = p->bos;
    t->eos = p->eos;
    t->pad = p->pad;
    t->add_bos = p->add_bos;
    t->add_eos = p->add_eos;
    if (t->add_bos)
        t->begin[t->begins++] = (uint32_t)t->bos;
    tok_added_tables(t);
    return t;
}
